package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/feature"
)

// anyConfig draws a sound Config with names that are hard to print.
func anyConfig(t *rapid.T) *Config {
	name := rapid.OneOf(
		rapid.StringN(1, 12, 60).Filter(func(s string) bool {
			return freshet.CheckID(s) == nil && strings.IndexFunc(s, unicode.IsControl) < 0
		}),
		rapid.SampledFrom([]string{"true", "No", "null", "~", "5", "1e3", "-", "---", "${X}", "$${", "a: b", "#x", " x ", `"`, `\`, "<<", "*a", "&a", "!t", "é", "a\u2028", "\ufeffb", "[a]", "{a}", ",", ".inf", "12:30", "1.2.3.4:5", "./", "a.b"}),
	)
	names := func(label string, least, most int) []string {
		return rapid.SliceOfNDistinct(name, least, most, rapid.ID).Draw(t, label)
	}
	span := func(label string, low, high freshet.Duration) freshet.Duration {
		return freshet.Duration(rapid.Int64Range(int64(low), int64(high)).Draw(t, label))
	}
	c := Default()
	c.Listen = rapid.SampledFrom([]string{":1", "[::1]:80", "a-b.c:65535", "10.0.0.1:3737", "[fe80::1%eth 0]:9"}).Draw(t, "listen")
	c.Data = name.Draw(t, "data")
	c.StrictEvents = rapid.Bool().Draw(t, "strict")
	c.Lateness, c.MaxFuture = span("lateness", 0, LongestLateness), span("max future", 0, LongestMaxFuture)
	c.Durability = rapid.SampledFrom([]string{DurabilityFsync, DurabilityRelaxed}).Draw(t, "durability")
	c.Journal.BallastMiB = rapid.IntRange(0, MaxBallastMiB).Draw(t, "ballast")
	c.Journal.Retain = Retain{MiB: rapid.IntRange(0, MaxRetainMiB).Draw(t, "retain MiB"), Age: span("retain age", 0, LongestRetain)}
	c.Ranker.Online = Online{rapid.Bool().Draw(t, "online"), span("online window", LeastOnlineWindow, LongestOnlineWindow)}
	c.Memory.FeatureKeys = rapid.IntRange(LeastFeatureKeys, MostFeatureKeys).Draw(t, "feature keys")
	for _, n := range names("events", 0, 3) {
		c.Events[n] = freshet.EventKind{
			Signal: rapid.SampledFrom(freshet.Signals()).Draw(t, "signal"),
			Weight: rapid.Float64Range(1e-300, MaxWeight).Draw(t, "weight"),
		}
	}
	known := slices.Sorted(maps.Keys(c.Events))
	some := func(label string, least int) []string {
		list := rapid.SliceOfNDistinct(rapid.SampledFrom(known), least, 3, rapid.ID).Draw(t, label)
		if len(list) == 0 {
			return nil
		}
		return list
	}
	c.Features = nil
	for _, n := range names("features", 0, 4) {
		version := rapid.IntRange(0, 3).Draw(t, "version")
		if len(c.Features) > 0 && rapid.IntRange(0, 2).Draw(t, "derived") == 0 {
			c.Features = append(c.Features, feature.Definition{Name: n, Version: version, Expr: anyDerived(t, c.Features)})
			continue
		}
		f := feature.Definition{Name: n, Version: version, Key: []string{"user"}, Agg: rapid.SampledFrom(feature.Aggs).Draw(t, "agg")}
		switch rapid.IntRange(0, 3).Draw(t, "key") {
		case 0:
			f.Key = []string{"global"}
		case 1:
			f.Key = append(f.Key, "item."+name.Draw(t, "attribute"))
		case 2:
			f.Key = []string{"context." + name.Draw(t, "attribute"), "item", "user." + name.Draw(t, "attribute"), "user"}
		}
		if rapid.Bool().Draw(t, "where") {
			f.Where = rapid.SampledFrom([]string{"event.value > 3", "item['a: b'] == \"#x\"", "'${X}' in item.tags ||\n\tctx.é", "true // {a}"}).Draw(t, "condition")
		}
		if f.Agg == feature.Rate {
			f.Of, f.Per = some("of", 1), some("per", 1)
			f.Prior = [2]float64{rapid.Float64Range(0, MaxPrior).Draw(t, "alpha"), rapid.Float64Range(0, MaxPrior).Draw(t, "beta")}
		} else {
			f.On = some("on", 0)
		}
		switch f.Agg {
		case feature.Sum, feature.Mean, feature.Min, feature.Max:
			f.Field = rapid.SampledFrom([]string{"value", "rank", "context." + name.Draw(t, "field")}).Draw(t, "number")
		case feature.Last:
			f.Field = rapid.SampledFrom([]string{"value", "item", "query"}).Draw(t, "last")
		case feature.Distinct:
			f.Field = rapid.SampledFrom([]string{"user", "query", "item." + name.Draw(t, "field")}).Draw(t, "distinct")
		case feature.LastK:
			f.K = rapid.IntRange(1, feature.MaxK).Draw(t, "k")
		}
		if f.Agg == feature.DecayedSum {
			f.HalfLife = span("half-life", 1, freshet.MaxDuration)
		}
		if f.Agg != feature.DecayedSum && rapid.Bool().Draw(t, "windowed") {
			f.Hop = span("hop", 1, freshet.Day)
			f.Window = f.Hop * span("tiles", 1, 1000)
		}
		c.Features = append(c.Features, f)
	}
	c.Outgoing.Allow = []string{"10.0.0.0/8", "svc.internal", "::1"}
	c.Recall = nil
	for _, n := range names("routes", 1, 4) {
		r := Route{Name: n, Kind: rapid.SampledFrom(routeKinds).Draw(t, "kind"),
			N: rapid.IntRange(1, MaxRouteN).Draw(t, "n"), Budget: span("budget", 1, freshet.Minute)}
		for _, k := range kindOf(r.Kind).keys {
			k.drawn(t, &r)
		}
		if r.Kind == KindTrending && r.Against <= r.Window {
			r.Window = min(r.Window, freshet.MaxDuration-1)
			r.Against = r.Window + 1
		}
		if r.Source == SourceGiven && r.Dim == 0 {
			r.Dim = 3
		}
		c.Recall = append(c.Recall, r)
	}
	c.Scenes = make(map[string]Scene)
	for _, n := range names("scenes", 1, 3) {
		c.Scenes[n] = Scene{
			Recall: rapid.SliceOfNDistinct(rapid.SampledFrom(c.routeNames()), 1, len(c.Recall), rapid.ID).Draw(t, "scene recall"),
			Budget: span("scene budget", 1, freshet.Minute), Explore: Explore{Share: rapid.SampledFrom([]float64{0, 0.05, 1, 1e-9}).Draw(t, "share")},
		}
	}
	return c
}

// drawn gives a route some value of a setting: its default now and then.
func (k *routeKey) drawn(t *rapid.T, r *Route) {
	if k.missing != nil {
		k.missing(r)
		if rapid.Bool().Draw(t, k.key+" by default") {
			return
		}
	}
	switch k.key {
	case "source":
		r.Source = rapid.SampledFrom([]string{SourceTrained, SourceGiven}).Draw(t, "source")
		return
	case "dim":
		r.Dim = rapid.IntRange(1, maxDim).Draw(t, "dim")
		return
	case "where":
		r.Where = rapid.SampledFrom([]string{"item.author in user.follows", "item['a: b'] == \"#x\"", "'${X}' in item.tags ||\n\tctx.é"}).Draw(t, "where")
		return
	case "normalise":
		r.Normalise = rapid.SampledFrom([]string{NormaliseCosine, NormaliseLift, NormaliseBM25}).Draw(t, "normalise")
		return
	case "order":
		r.Order = rapid.SampledFrom([]string{OrderNewest, OrderPopular}).Draw(t, "order")
		return
	case "url":
		r.URL = rapid.SampledFrom([]string{"https://partner.example/recall?key=${K}&n: 1", "http://10.1.2.3:8080/"}).Draw(t, "url")
		return
	case "timeout":
		r.Timeout = freshet.Duration(rapid.Int64Range(1, int64(LongestTimeout)).Draw(t, k.key))
		return
	case "slots":
		r.Slots = rapid.IntRange(1, MaxSlots).Draw(t, k.key)
		return
	}
	if k.key == "within" && r.Kind == KindGeo {
		r.Distance = rapid.Float64Range(minDistance, maxDistance).Draw(t, "distance")
		return
	}
	spans := map[string]*freshet.Duration{"window": &r.Window, "within": &r.Within, "against": &r.Against, "half_life": &r.HalfLife, "session": &r.Session}
	span, known := spans[k.key]
	if !known {
		t.Fatalf("no values are drawn of the setting %s", k.key)
	}
	*span = freshet.Duration(rapid.Int64Range(1, int64(freshet.MaxDuration)).Draw(t, k.key))
}

// anyDerived draws an expression over one of the features.
func anyDerived(t *rapid.T, features []feature.Definition) string {
	of := rapid.SampledFrom(features).Draw(t, "of")
	if of.Agg == feature.LastK {
		return "hour() + 1"
	}
	return "cross(" + expression.FeatureText(of.Name) + ",\n\t'${X} # é')"
}

func TestPrintedConfigReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyConfig(t)
		got, problems := Parse("f", want.YAML(), nil)
		if problems != nil {
			t.Fatalf("printed as\n%s\nwhich has the problems %v", want.YAML(), problems)
		}
		if !got.Equal(want) {
			t.Fatalf("printed as\n%s\nwhich reads back as\n%s", want.YAML(), got.YAML())
		}
	})
}

func TestEveryPathHasAnOrigin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyConfig(t)
		fromFile, problems := Parse("f", c.YAML(), nil)
		if problems != nil {
			t.Fatalf("problems: %v", problems)
		}
		for path, origin := range c.Origins() {
			if origin != "default" {
				t.Errorf("%s of a built config has the origin %q", path, origin)
			}
			if got := fromFile.Origins()[path]; !strings.HasPrefix(got, "f:") {
				t.Errorf("%s stands in the file but has the origin %q", path, got)
			}
		}
	})
}

func TestScalar(t *testing.T) {
	for text, want := range map[string]string{
		"click": "click", "item.category": "item.category", "./data": "./data", "/srv/a-b": "/srv/a-b", "../x": "../x",
		"127.0.0.1:3737": `"127.0.0.1:3737"`, "localhost:80": `"localhost:80"`,
		"": `""`, "true": `"true"`, "NO": `"NO"`, "5": `"5"`, "1e3": `"1e3"`, ".5": `".5"`, "a b": `"a b"`, "a:": `"a:"`,
		`"\`: `"\"\\"`, "${X}": `"$${X}"`, "é": `"é"`, "\u2028": `"\u2028"`, "\U000e0001": `"\U000e0001"`,
	} {
		if got := scalar(text); got != want {
			t.Errorf("scalar(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:3737": "127.0.0.1:3737", "localhost:80": "localhost:80", ":80": `":80"`, "[::1]:80": `"[::1]:80"`, "10:20": `"10:20"`,
	} {
		if got := address(text); got != want {
			t.Errorf("address(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestMapKeyIsNotEscaped(t *testing.T) {
	if got, want := mapKey("${X}"), `"${X}"`; got != want {
		t.Errorf("mapKey(${X}) = %s, want %s", got, want)
	}
}

func TestEqual(t *testing.T) {
	a, b := Default(), Default()
	if err := b.Override("data", a.Data, "flag"); err != nil {
		t.Fatal(err)
	}
	if !a.Equal(b) {
		t.Error("equal values with different origins are not Equal")
	}
	b.Recall[0].N++
	if a.Equal(b) {
		t.Error("different routes are Equal")
	}
	if c := Default(); c.Recall[0].N == b.Recall[0].N {
		t.Error("two defaults share their routes")
	}
}
