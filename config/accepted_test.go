package config

import (
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

func TestAccepted(t *testing.T) {
	clicks := feature.Definition{Name: "a", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count,
		Window: 5 * freshet.Minute, Hop: freshet.Minute}
	tests := []struct {
		name, text string
		change     func(*Config) // from the default
	}{
		{"empty", "", func(*Config) {}},
		{"comment", "# nothing\n", func(*Config) {}},
		{"mark and empty document", "\ufeff---\n...\n", func(*Config) {}},
		{"empty mapping", "{}", func(*Config) {}},
		{"durability", "durability: fsync\n", func(*Config) {}},
		{"the other durability", "durability: relaxed\n", func(c *Config) { c.Durability = DurabilityRelaxed }},
		{"no ballast", "journal: {ballast_mib: 0}\n", func(c *Config) { c.Journal.BallastMiB = 0 }},
		{"the kinds there are", "source: {kind: embedded}\nstore: {kind: memory}\n", func(*Config) {}},
		{"scalars", "version: 1\nlisten: '[::1]:80'\ndata: /srv\nstrict_events: true\nlateness: 0s\nmax_future: 1h\n", func(c *Config) {
			c.Listen, c.Data, c.StrictEvents, c.Lateness, c.MaxFuture = "[::1]:80", "/srv", true, 0, freshet.Hour
		}},
		{"retain", "journal: {retain: {mib: 1024, age: 30d}}\n", func(c *Config) { c.Journal.Retain = Retain{MiB: 1024, Age: 30 * freshet.Day} }},
		{"retain everything", "journal: {retain: {mib: 0, age: 0}}\n", func(*Config) {}},
		{"memory", "memory: {feature_keys: 50000000}\n", func(c *Config) { c.Memory.FeatureKeys = 50_000_000 }},
		{"ranker", "ranker: {kind: deepfm, fallback: [fm, lr], fields: [item.id, feature.trail, context.device], objective: {click: 1, like: 2.5}}\nfeatures: [{name: trail, key: [user], agg: last_k, k: 3}]\n", func(c *Config) {
			c.Ranker = Ranker{Kind: RankerDeepFM, Fallback: []string{RankerFM, RankerLR}, Fields: []string{"item.id", "feature.trail", "context.device"}, Objective: map[string]float64{"click": 1, "like": 2.5}, Online: c.Ranker.Online}
			c.Features = []feature.Definition{{Name: "trail", Key: []string{"user"}, Agg: feature.LastK, K: 3}}
		}},
		{"a ranker of numbers alone", "ranker: {fields: []}\n", func(c *Config) { c.Ranker.Fields = nil }},
		{"every interface", "listen: :80\n", func(c *Config) { c.Listen = ":80" }},
		{"JSON with tabs", "{\n\t\"data\": \"x\",\n\t\"recall\": [\n\t\t{\"name\": \"r\", \"kind\": \"itemcf\"}\n\t]\n}\n", func(c *Config) {
			c.Data = "x"
			c.Recall = []Route{{Name: "r", Kind: KindItemCF, N: 100, Budget: 5, Normalise: NormaliseCosine, HalfLife: 60 * freshet.Day, Session: 30 * freshet.Minute}}
			c.Scenes = map[string]Scene{"home": {Recall: []string{"r"}, Budget: 50}}
		}},
		{"variables", "listen: 0.0.0.0:${PORT}\ndata: ${DIR}/$${X}/$y\n", func(c *Config) {
			c.Listen, c.Data = "0.0.0.0:8080", "/srv/shop/${X}/$y"
		}},
		{"variables are not expanded twice", "data: ${NEST}\n", func(c *Config) { c.Data = "${DIR}" }},
		{"events merge", "events: {like: {weight: 2}, click: {signal: view}, wow: {signal: engage, weight: 0.5}, meh: {signal: negative}}\n", func(c *Config) {
			c.Events["like"] = freshet.EventKind{Signal: freshet.SignalEngage, Weight: 2}
			c.Events["click"] = freshet.EventKind{Signal: freshet.SignalView, Weight: 1}
			c.Events["wow"] = freshet.EventKind{Signal: freshet.SignalEngage, Weight: 0.5}
			c.Events["meh"] = freshet.EventKind{Signal: freshet.SignalNegative, Weight: 1}
		}},
		{"features replace", "features: [{name: a, key: [user], on: [click], agg: count, window: 5m, hop: 1m}]\n", func(c *Config) {
			c.Features = []feature.Definition{clicks}
		}},
		{"no features", "features: []\n", func(c *Config) { c.Features = nil }},
		{"empty on is every event", "features: [{name: a, key: [user], on: [], agg: age}]\n", func(c *Config) {
			c.Features = []feature.Definition{{Name: "a", Key: []string{"user"}, Agg: feature.Age}}
		}},
		{"negative zero", "features: [{name: a, key: [user], agg: rate, of: [click], per: [expose], prior: [-0.0, 1]}]\n", func(c *Config) {
			c.Features = []feature.Definition{{Name: "a", Key: []string{"user"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"}, Prior: [2]float64{0, 1}}}
		}},
		{"unknown event when not strict", "features: [{name: a, key: [user], on: [never], agg: age}]\n", func(c *Config) {
			c.Features = []feature.Definition{{Name: "a", Key: []string{"user"}, On: []string{"never"}, Agg: feature.Age}}
		}},
		{"trained models", "recall: [{name: v, kind: embedding}, {name: g, kind: embedding, source: given, dim: 384, n: 7}, {name: l, kind: linear}]\n", func(c *Config) {
			c.Recall = []Route{{Name: "v", Kind: KindEmbedding, N: 100, Budget: 5, Source: SourceTrained},
				{Name: "g", Kind: KindEmbedding, N: 7, Budget: 5, Source: SourceGiven, Dim: 384}, {Name: "l", Kind: KindLinear, N: 100, Budget: 5}}
			c.Scenes = map[string]Scene{"home": {Recall: []string{"v", "g", "l"}, Budget: 50}}
		}},
		{"route defaults", "recall: [{name: p, kind: popular}, {name: n, kind: new, n: 10000, budget: 1ms}]\nscenes: {home: {}, x: {recall: [n], budget: 9ms}}\n", func(c *Config) {
			c.Recall = []Route{{Name: "p", Kind: KindPopular, N: 100, Budget: 5, Window: freshet.Hour}, {Name: "n", Kind: KindNew, N: 10000, Budget: 1, Within: 72 * freshet.Hour}}
			c.Scenes = map[string]Scene{"home": {Recall: []string{"p", "n"}, Budget: 50}, "x": {Recall: []string{"n"}, Budget: 9}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := Parse("f", []byte(tt.text), env)
			if problems != nil {
				t.Fatalf("problems: %v", problems)
			}
			want := Default()
			tt.change(want)
			if !got.Equal(want) {
				t.Errorf("Parse of\n%s\ngot:\n%s\nwant:\n%s", tt.text, got.YAML(), want.YAML())
			}
		})
	}
}
