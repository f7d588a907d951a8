package config

import (
	"fmt"
	"slices"
	"strconv"
)

// laterSections are the top-level keys designed but not built.
var laterSections = []string{"tenants", "auth", "keys"}

// Parse reads a configuration. name is what problems and origins call the file; env looks
// up the variables of ${NAME}, and a nil env knows none. text is only read.
//
// Either the Config or the problems are nil. The problems are all there are, in file order,
// at most [MaxProblems] and a count of the rest; only a text that cannot be read as YAML
// to its end hides what else is wrong with it.
func Parse(name string, text []byte, env func(string) (string, bool)) (*Config, []Problem) {
	if len(text) > MaxBytes {
		return nil, []Problem{{File: name, Line: 1, Column: 1,
			Message: fmt.Sprintf("the file has %d bytes; at most %d are read", len(text), MaxBytes)}}
	}
	found := newProblems(name, text)
	root, ok := readDocument(text, found)
	cfg := Default()
	if ok && root != nil {
		d := decoder{
			reader: &reader{problems: found, env: env, origins: make(map[string]string)},
			cfg:    cfg,
		}
		d.document(root)
		cfg.origins = d.origins
	}
	if problems := found.sorted(); problems != nil {
		return nil, problems
	}
	return cfg, nil
}

// decoder fills a Config section by section, in file order, and afterwards checks what one
// section says of another.
type decoder struct {
	*reader
	cfg    *Config
	names  []nameUse // event names that features count
	scenes []sceneUse

	wordFeatures []fieldUse // features that the ranker's fields name
	objectives   []fieldUse // events that the ranker is to bring about

	unsureEvents   bool // the events section was not fully read: judge no name by it
	unsureRoutes   bool // likewise the recall section
	unsureFeatures bool // likewise the features section

	urls           []urlUse // those that are to be called
	unsureOutgoing bool     // the outgoing section was not fully read: judge no URL by it
}

func (d *decoder) document(root *node) {
	c := d.cfg
	got, _ := d.fields("", root, schema{later: laterSections, keys: map[string]func(string, *node){
		"version":       d.version,
		"listen":        d.listen,
		"data":          d.textInto(&c.Data),
		"source":        d.kindOnly(&c.Source.Kind, KindEmbedded, "kafka", "pulsar"),
		"store":         d.kindOnly(&c.Store.Kind, KindMemory, "redis"),
		"journal":       d.journal,
		"memory":        d.memory,
		"outgoing":      d.outgoing,
		"ranker":        d.ranker,
		"durability":    d.oneOf(&c.Durability, []string{DurabilityFsync, DurabilityRelaxed}, nil),
		"strict_events": d.switchInto(&c.StrictEvents),
		"lateness":      d.duration(&c.Lateness, 0, LongestLateness),
		"max_future":    d.duration(&c.MaxFuture, 0, LongestMaxFuture),
		"events":        d.events,
		"features":      d.features,
		"recall":        d.recall,
		"scenes":        d.scenesSection,
	}})
	misspelt := func(key string) bool { return got.value[key] != nil && root.get(key) == nil }
	d.unsureEvents = d.unsureEvents || misspelt("events")
	d.unsureRoutes = d.unsureRoutes || misspelt("recall")
	if got.value["recall"] != nil && got.value["scenes"] == nil {
		// The default scene speaks of routes by being for all of them.
		for name, s := range c.Scenes {
			s.Recall = c.routeNames()
			c.Scenes[name] = s
		}
	}
	d.unsureFeatures = misspelt("features") || got.bad["features"]
	d.checkEventNames()
	d.checkRanker()
	d.checkScenes()
	d.unsureOutgoing = d.unsureOutgoing || misspelt("outgoing")
	d.checkURLs()
}

func (d *decoder) version(path string, n *node) {
	if d.expect(path, n, number, unquoted(n)) && n.text != strconv.Itoa(Version) {
		d.add(n.at, "", "version %s is not known; this release reads version %d", quote(n.text), Version)
	}
}

func (d *decoder) listen(path string, n *node) {
	s := n.text
	if n.kind != number || !isDigits(s) { // a lone port is judged as an address
		var ok bool
		if s, ok = d.text(path, n); !ok {
			return
		}
	}
	if fault, hint := checkListen(s); fault != "" {
		d.add(n.at, hint, "%s", fault)
		return
	}
	d.cfg.Listen = s
}

// kindOnly reads a mapping that holds nothing but a kind. The settings of a kind that is
// not built are not judged.
func (d *decoder) kindOnly(dst *string, known string, later ...string) func(string, *node) {
	return func(path string, n *node) {
		hint := ""
		if n.kind == text {
			hint = "write {kind: " + known + "}"
		}
		if n.kind != mapping {
			d.expect(path, n, mapping, hint)
			return
		}
		got, _ := d.fields(path, n, schema{
			keys:  map[string]func(string, *node){"kind": d.oneOf(dst, []string{known}, later)},
			loose: slices.Contains(later, n.getText("kind")),
		})
		if got.value["kind"] == nil {
			d.add(n.at, "write {kind: "+known+"}", "kind is missing in %s", path)
		}
	}
}
