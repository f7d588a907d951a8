package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/feature"
)

// The kinds of rankers.
const (
	RankerLR     = "lr"     // logistic regression
	RankerFM     = "fm"     // factorization machine
	RankerDeepFM = "deepfm" // factorization machine and network
)

var rankerKinds = []string{RankerLR, RankerFM, RankerDeepFM}

// Bounds of a ranker's settings.
const (
	MaxRankerFields = 64
	MaxObjectives   = 16
)

// Ranker says what puts candidates into their order.
type Ranker struct {
	Kind      string             // one of rankerKinds
	Fields    []string           // what is known in words, in the order of a row, none twice
	Fallback  []string           // kinds that rank when the live model cannot, none twice, without Kind
	Objective map[string]float64 // by positive event: what it is worth, above 0 to MaxWeight; at least one
	Online    Online
}

// Kinds are those that may rank, the first choice first.
func (r *Ranker) Kinds() []string { return append([]string{r.Kind}, r.Fallback...) }

func defaultRanker() Ranker {
	return Ranker{Kind: RankerLR, Fields: []string{"item.id", "item.categories"}, Objective: map[string]float64{"click": 1}, Online: Online{Window: defaultOnlineWindow}}
}

// fieldUse is a field of the ranker that names a feature, or an event that it is to bring about, where
// the file has it.
type fieldUse struct {
	path, name string
	at         position
}

func (d *decoder) ranker(path string, n *node) {
	r := &d.cfg.Ranker
	fallback := map[string]position{}
	got, _ := d.fields(path, n, schema{keys: map[string]func(string, *node){
		"kind": d.oneOf(&r.Kind, rankerKinds, nil),
		"fallback": d.words(&r.Fallback, func(word string, n *node) {
			var known string
			d.oneOf(&known, rankerKinds, nil)(join(path, "fallback"), n)
			fallback[word] = n.at
		}),
		"fields":    d.rankerFields,
		"objective": d.objective,
		"online":    d.online,
	}})
	if at, twice := fallback[r.Kind]; twice && !got.bad["kind"] {
		d.add(at, "leave it out", "%s.fallback names %s, which is the kind itself", path, quote(r.Kind))
	}
}

// rankerFields reads what is known in words.
func (d *decoder) rankerFields(path string, n *node) {
	d.words(&d.cfg.Ranker.Fields, func(word string, n *node) {
		of, name, _ := strings.Cut(word, ".")
		switch {
		case name == "" || !slices.Contains([]string{"item", "user", "context", "feature"}, of):
			d.add(n.at, "write item.<attribute>, user.<attribute>, context.<name> or feature.<name>", "%s has the unknown field %s", path, quote(word))
		case of == "feature":
			d.wordFeatures = append(d.wordFeatures, fieldUse{path, name, n.at})
		}
	})(path, n)
	if len(d.cfg.Ranker.Fields) > MaxRankerFields {
		d.add(n.at, "", "%s has %d fields; at most %d are accepted", path, len(d.cfg.Ranker.Fields), MaxRankerFields)
	}
}

// objective reads what events are worth.
func (d *decoder) objective(path string, n *node) {
	worth := map[string]float64{}
	if !d.each(path, n, func(path string, e entry) {
		weight := 1.0
		d.weight(&weight, path, e.value)
		worth[e.key] = weight
		d.objectives = append(d.objectives, fieldUse{path, e.key, e.at})
	}) {
		return
	}
	switch {
	case len(worth) == 0:
		d.add(n.at, "write {click: 1}", "%s names no event", path)
	case len(worth) > MaxObjectives:
		d.add(n.at, "", "%s names %d events; at most %d are accepted", path, len(worth), MaxObjectives)
	}
	d.cfg.Ranker.Objective = worth
}

// checkRanker holds what the ranker goes by against the features and events that there are.
func (d *decoder) checkRanker() {
	for _, use := range d.wordFeatures {
		at := slices.IndexFunc(d.cfg.Features, func(f feature.Definition) bool { return f.Name == use.name })
		switch {
		case d.unsureFeatures:
		case at < 0:
			d.add(use.at, didYouMean(use.name, featureNames(d.cfg.Features)), "%s names the unknown feature %s", use.path, quote(use.name))
		case !inWords(&d.cfg.Features[at]):
			d.add(use.at, "leave it out: features that are numbers are fields by themselves", "%s names the feature %s, which is no text and no list", use.path, quote(use.name))
		}
	}
	for _, use := range d.objectives {
		kind, known := d.cfg.Events[use.name]
		switch {
		case d.unsureEvents:
		case !known:
			hint := didYouMean(use.name, slices.Sorted(maps.Keys(d.cfg.Events)))
			d.add(use.at, hint, "%s names the unknown event %s", use.path, quote(use.name))
		case !kind.Signal.Positive():
			d.add(use.at, "name events with the signal click, engage, intent or convert", "%s names %s, whose signal %s says of nobody that they wanted an item", use.path, quote(use.name), kind.Signal)
		}
	}
}

// inWords reports that a feature may be a text or a list.
func inWords(f *feature.Definition) bool {
	text := f.Field == "item" || f.Field == "query" || strings.HasPrefix(f.Field, "context.")
	return f.Expr != "" || f.Agg == feature.LastK || f.Agg == feature.Last && text
}

func featureNames(defs []feature.Definition) (names []string) {
	for i := range defs {
		names = append(names, defs[i].Name)
	}
	return names
}

func rankerSettings(r Ranker) []setting {
	var worth []setting
	for _, name := range slices.Sorted(maps.Keys(r.Objective)) {
		worth = append(worth, setting{mapKey(name), decimalText(r.Objective[name])})
	}
	return []setting{{"kind", scalar(r.Kind)}, {"fallback", words(r.Fallback)}, {"fields", words(r.Fields)}, {"objective", inline(worth)}, {"online", inline(onlineSettings(r.Online))}}
}
