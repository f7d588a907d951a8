package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// env is the environment of the tests.
func env(name string) (string, bool) {
	value, ok := map[string]string{
		"PORT": "8080", "DIR": "/srv/shop", "EMPTY": "", "NEST": "${DIR}",
		"BELL": "a\ab", "LATIN": "caf\xe9", "LONG": strings.Repeat("x", MaxText+1),
	}[name]
	return value, ok
}

// problemsOf parses text and prints what is wrong with it.
func problemsOf(t *testing.T, text string) []string {
	t.Helper()
	cfg, problems := Parse("f", []byte(text), env)
	if (cfg == nil) != (len(problems) > 0) {
		t.Fatalf("Parse returned config %v with problems %v", cfg, problems)
	}
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return lines
}

const twelve = `version: 1
listen: 127.0.0.1:70000
lateness: 10 minutes
max_futur: 1m
events:
  like: {signal: engaged}
features:
  - name: clicks
    key: [user]
    agg: count
    window: 5m
    hop: 45s
  - {name: clicks, key: [item], agg: age}
recall:
  - {name: hot, kind: popular, n: 0}
  - {name: vector, kind: vector}
ranker: {kind: deepfn}
scenes:
  home: {recall: [hott]}
  home: {recall: [hot]}
data: ${UNSET}
`

func TestTwelveProblemsInOneRun(t *testing.T) {
	want := []string{
		`f:2:9: listen has the port "70000"; it must be a number from 1 to 65535`,
		`f:3:11: "10 minutes" is not a duration; write 10m`,
		`f:4:1: unknown key "max_futur"; did you mean "max_future"?`,
		`f:6:18: unknown events.like.signal "engaged"; did you mean "engage"?`,
		`f:12:10: feature "clicks": hop 45s does not divide the window of 5m`,
		`f:13:12: a second feature is named "clicks"; the first is on line 8`,
		`f:15:35: recall[0].n is "0"; it must be from 1 to 10000`,
		`f:16:26: recall[1].kind "vector" is not available in this release (not_available)`,
		`f:17:16: unknown ranker.kind "deepfn"; did you mean "deepfm"?`,
		`f:19:19: scenes.home.recall names the unknown route "hott"; did you mean "hot"?`,
		`f:20:3: duplicate key "home"; the first is on line 19`,
		`f:21:7: data needs ${UNSET}, which is not set in the environment`,
	}
	if got := problemsOf(t, twelve); !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// secondRoutes is what n routes named r after the first one, on one line, are told.
func secondRoutes(n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf(`f:1:%d: a second route is named "r"; the first is on line 1`, 17+21*(i+1)))
	}
	return lines
}

// aggs are the aggregates as messages list them.
const aggs = "count, sum, mean, min, max, rate, decayed_sum, last, last_time, age, distinct, last_k"

// TestRefused has one case for each rule that a file can break.
func TestRefused(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"list document", "- a\n", []string{`f:1:1: the document must be a mapping, not a list`}},
		{"word document", "x\n", []string{`f:1:1: the document must be a mapping, not text`}},
		{"unclosed bracket", "version: 1\nfeatures: [\n", []string{`f:2:11: not valid YAML: sequence end token ']' not found`}},
		{"stray indent", "version: 1\n listen: a:1\n", []string{`f:1:10: not valid YAML: mapping value is not allowed in this context`}},
		{"variable in brackets", "scenes: {home: {recall: [${X}]}}\n",
			[]string{`f:1:27: not valid YAML: ',' or ']' must be specified; inside brackets ${NAME} must be quoted: "${NAME}"`}},
		{"bare IPv6", "listen: [::1]:80\n",
			[]string{`f:1:14: not valid YAML: value is not allowed in this context; an address that begins with a bracket must be quoted: "[::1]:3737"`}},
		{"tabs", "features:\n\t- a\n  \t- b\n", []string{`f:2:1: a tab may not indent; use spaces`, `f:3:3: a tab may not indent; use spaces`}},
		{"invalid UTF-8", "version: 1 # é\n# é\xff\n", []string{`f:2:4: byte 0xff is not valid UTF-8; save the file as UTF-8`}},
		{"NUL", "data: a\x00b\n", []string{`f:1:8: the control character U+0000 may not stand here`}},
		{"carriage return alone", "version: 1\rdata: x\n", []string{`f:1:11: the control character U+000D may not stand here`}},
		{"duplicate key", "data: ./x\n\ndata: ./y\n", []string{`f:3:1: duplicate key "data"; the first is on line 1`}},
		{"duplicate nested key", "events: {click: {weight: 1, weight: 2}}\n", []string{`f:1:29: duplicate key "weight"; the first is on line 1`}},
		{"two documents", "version: 1\n---\nversion: 1\n", []string{`f:2:1: a second document begins here; keep one`}},
		{"two documents by end mark", "version: 1\n...\nversion: 1\n", []string{`f:3:8: a second document begins here; keep one`}},
		{"anchor, alias, merge", "data: &x 5\nlisten: *x\nevents:\n  <<: *x\n", []string{
			`f:1:7: anchors are not supported; write the value out`,
			`f:1:10: data must be text, not a number; write "5"`,
			`f:2:9: aliases are not supported; write the value out`,
			`f:4:3: merge keys are not supported; write the value out`,
			`f:4:7: aliases are not supported; write the value out`}},
		{"tag", "data: !!str x\n", []string{`f:1:7: tags are not supported; write the value out`}},
		{"tag at the end", "data: x\n!", []string{`f:2:1: tags are not supported; write the value out`}},
		{"directive", "%YAML 1.2\n---\nversion: 1\n", []string{`f:1:1: directives are not supported`}},
		{"question mark key", "? data\n: x\n", []string{`f:1:1: keys after "?" are not supported; write key: value`}},
		{"number key", "scenes:\n  1: {}\n", []string{`f:2:3: the key "1" is not text; write "1"`, `f:2:3: scenes has no scene; without one nothing is recommended; leave scenes out for the default one`}},

		{"unknown key", "widow: 5\n", []string{`f:1:1: unknown key "widow"`}},
		{"near key", "features:\n  - {name: a, key: [user], agg: count, widow: 5m, hop: 1m}\n",
			[]string{`f:2:40: unknown key "widow" in features[0]; did you mean "window"?`}},
		{"other case", "Listen: a:1\n", []string{`f:1:1: unknown key "Listen"; did you mean "listen"?`}},
		{"misspelt section", "recal:\n  - {name: a, kind: new}\nscenes: {home: {recall: [a]}}\n", []string{`f:1:1: unknown key "recal"; did you mean "recall"?`}},
		{"long key", strings.Repeat("k", 200) + ": 1\n", []string{`f:1:1: unknown key "` + strings.Repeat("k", 80) + `"…`}},

		{"version", "version: 2\n", []string{`f:1:10: version "2" is not known; this release reads version 1`}},
		{"version as text", "version: \"1\"\n", []string{`f:1:10: version must be a number, not text; write 1 without quotes`}},
		{"yes", "strict_events: yes\n", []string{`f:1:16: strict_events must be a switch, not text; write true or false`}},
		{"number for text", "data: 5\n", []string{`f:1:7: data must be text, not a number; write "5"`}},
		{"number with exponent for text", "data: 1e3\n", []string{`f:1:7: data must be text, not a number; write "1e3"`}},
		{"list for text", "data: [a]\n", []string{`f:1:7: data must be text, not a list`}},
		{"nothing for text", "data:\n", []string{`f:1:6: data has no value; give it one or leave the key out`}},
		{"empty text", "data: ''\n", []string{`f:1:7: data is empty`}},
		{"text with lines", "data: |\n  a\n", []string{`f:1:7: data contains the control character U+000A`}},
		{"long text", "data: " + strings.Repeat("x", MaxText+1) + "\n", []string{`f:1:7: data has 4097 bytes; at most 4096 are accepted`}},

		{"unset variable", "data: a${NOPE}\n", []string{`f:1:7: data needs ${NOPE}, which is not set in the environment`}},
		{"open variable", "data: a${DIR\n", []string{`f:1:7: data has "${DIR", which names no variable; write ${NAME}, or $${ for a plain ${`}},
		{"no variable name", "data: a${1}\n", []string{`f:1:7: data has "${1}", which names no variable; write ${NAME}, or $${ for a plain ${`}},
		{"empty variable", "data: ${EMPTY}\n", []string{`f:1:7: data is empty`}},
		{"variable with control character", "data: ${BELL}\n", []string{`f:1:7: data contains the control character U+0007`}},
		{"variable not UTF-8", "data: ${LATIN}\n", []string{`f:1:7: data is not valid UTF-8`}},
		{"long variable", "data: ${LONG}\n", []string{`f:1:7: data has 4097 bytes; at most 4096 are accepted`}},

		{"port 0", "listen: 127.0.0.1:0\n", []string{`f:1:9: listen has the port "0"; it must be a number from 1 to 65535`}},
		{"port name", "listen: a:http\n", []string{`f:1:9: listen has the port "http"; it must be a number from 1 to 65535`}},
		{"signed port", "listen: a:+80\n", []string{`f:1:9: listen has the port "+80"; it must be a number from 1 to 65535`}},
		{"port alone", "listen: 3737\n", []string{`f:1:9: listen "3737" is not host:port; write 127.0.0.1:3737`}},
		{"host alone", "listen: localhost\n", []string{`f:1:9: listen "localhost" has no port; write localhost:3737`}},
		{"IPv6 alone", "listen: ::1\n", []string{`f:1:9: listen "::1" has no port; write [::1]:3737`}},
		{"host with space", "listen: a b:80\n", []string{`f:1:9: listen has the host "a b", which is no address and no host name`}},
		{"address URL", "listen: http://a:80\n", []string{`f:1:9: listen "http://a:80" is not host:port; write something like 127.0.0.1:3737`}},

		{"durations", "lateness: 5\nmax_future: -1s\n", []string{
			`f:1:11: "5" is not a duration: the unit is missing; write 5ms, 5s, 5m, 5h or 5d`,
			`f:2:13: "-1s" is not a duration; write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d`}},
		{"duration range", "lateness: 31d\nmax_future: 61m\n", []string{
			`f:1:11: lateness is 31d; it must be from 0s to 30d`, `f:2:13: max_future is 61m; it must be from 0s to 1h`}},
		{"feature keys", "memory: {feature_keys: 0}\n", []string{`f:1:24: memory.feature_keys is "0"; it must be from 1000 to 1000000000`}},
		{"online window", "ranker: {online: {window: 10s}}\n", []string{`f:1:27: ranker.online.window is 10s; it must be from 1m to 1d`}},
		{"online by a number", "ranker: {online: {enabled: 1}}\n", []string{`f:1:28: ranker.online.enabled must be a switch, not a number; write true or false`}},
		{"feature keys as a text", "memory: {feature_keys: 50M}\n", []string{`f:1:24: memory.feature_keys must be a number, not text`}},
		{"duration kind", "lateness: [5m]\n", []string{`f:1:11: lateness must be a duration such as 30s or 5m, not a list`}},

		{"kind as text", "source: kafka\n", []string{`f:1:9: source must be a mapping, not text; write {kind: embedded}`}},
		{"kind missing", "store: {}\n", []string{`f:1:8: kind is missing in store; write {kind: memory}`}},
		{"kind misspelt", "source: {kind: embedd}\n", []string{`f:1:16: unknown source.kind "embedd"; did you mean "embedded"?`}},
		{"kafka", "source: {kind: kafka, brokers: [a], topics: b}\n", []string{`f:1:16: source.kind "kafka" is not available in this release (not_available)`}},
		{"pulsar", "source: {kind: pulsar}\n", []string{`f:1:16: source.kind "pulsar" is not available in this release (not_available)`}},
		{"redis", "store: {kind: redis, addresses: [a]}\n", []string{`f:1:15: store.kind "redis" is not available in this release (not_available)`}},
		{"brokers without kafka", "source: {kind: embedded, brokers: [a]}\n", []string{`f:1:26: unknown key "brokers" in source`}},
		{"durability unknown", "durability: none\n", []string{`f:1:13: unknown durability "none"; write fsync, relaxed`}},
		{"sections to come", "tenants: []\nauth: {}\nkeys: {}\n", []string{
			`f:1:1: tenants is not available in this release (not_available)`,
			`f:2:1: auth is not available in this release (not_available)`, `f:3:1: keys is not available in this release (not_available)`}},

		{"rankers", "ranker: {kind: gbdt, fallback: [lr, lr, tree], fields: [item.id, price, item., feature.tste, feature.n, item.id], objective: {clikc: 1, hide: 1, like: 0}}\nfeatures: [{name: taste, key: [user], agg: last_k, k: 3}, {name: n, key: [user], agg: count}]\n", []string{
			`f:1:16: unknown ranker.kind "gbdt"; write lr, fm, deepfm`,
			`f:1:37: ranker.fallback names "lr" twice`,
			`f:1:41: unknown ranker.fallback "tree"; write lr, fm, deepfm`,
			`f:1:66: ranker.fields has the unknown field "price"; write item.<attribute>, user.<attribute>, context.<name> or feature.<name>`,
			`f:1:73: ranker.fields has the unknown field "item."; write item.<attribute>, user.<attribute>, context.<name> or feature.<name>`,
			`f:1:80: ranker.fields names the unknown feature "tste"; did you mean "taste"?`,
			`f:1:94: ranker.fields names the feature "n", which is no text and no list; leave it out: features that are numbers are fields by themselves`,
			`f:1:105: ranker.fields names "item.id" twice`,
			`f:1:127: ranker.objective.clikc names the unknown event "clikc"; did you mean "click"?`,
			`f:1:137: ranker.objective.hide names "hide", whose signal negative says of nobody that they wanted an item; name events with the signal click, engage, intent or convert`,
			`f:1:152: ranker.objective.like is 0; it must be above 0 and at most 1000000`}},
		{"rankers that fall back to themselves", "ranker: {kind: fm, fallback: [lr, fm], objective: {}}\n", []string{
			`f:1:35: ranker.fallback names "fm", which is the kind itself; leave it out`,
			`f:1:51: ranker.objective names no event; write {click: 1}`}},
		{"signal", "events: {click: {signal: clik}, x: {signal: zzz}}\n", []string{
			`f:1:26: unknown events.click.signal "clik"; did you mean "click"?`,
			`f:1:45: unknown events.x.signal "zzz"; write context, impression, view, click, engage, intent, convert, negative`}},
		{"no signal", "events:\n  wow: {weight: 2}\n", []string{
			`f:2:3: signal is missing in events.wow; give it one of context, impression, view, click, engage, intent, convert, negative`}},
		{"weights", "events:\n  like: {weight: 0}\n  view: {weight: -1}\n  hide: {weight: .inf}\n  cart: {weight: 1e7}\n  page: {weight: 1e999}\n  rate: {weight: '2'}\n  play: {weight: 010}\n", []string{
			`f:2:18: events.like.weight is 0; it must be above 0 and at most 1000000`,
			`f:3:18: events.view.weight is -1; it must be above 0 and at most 1000000`,
			`f:4:18: events.hide.weight is ".inf"; write a plain decimal number`,
			`f:5:18: events.cart.weight is 1e7; it must be above 0 and at most 1000000`,
			`f:6:18: events.page.weight is "1e999", which is too large`,
			`f:7:18: events.rate.weight must be a number, not text; write 2 without quotes`,
			`f:8:18: events.play.weight is "010"; write a plain decimal number`}},
		{"event name", "events: {' ': {signal: view}}\n", []string{`f:1:10: events has the name " ": an id may not be blank`}},
		{"aliases of events", "events: {aliases: [ga4]}\n", []string{`f:1:10: aliases in events is not available in this release (not_available)`}},
		{"events as list", "events: [click]\n", []string{`f:1:9: events must be a mapping, not a list`}},
		{"strict", "features:\n  - {name: a, key: [user], on: [clck, zzz, wow], agg: age}\nevents: {wow: {signal: view}}\nstrict_events: true\n", []string{
			`f:2:33: features[0].on names the unknown event "clck"; did you mean "click"?`,
			`f:2:39: features[0].on names the unknown event "zzz"; add it under events, or turn strict_events off`}},

		{"features as mapping", "features: {}\n", []string{`f:1:11: features must be a list, not a mapping`}},
		{"empty item", "features:\n  -\n", []string{`f:2:3: features[0] has no value; give it one or leave the key out`}},
		{"feature without anything", "features:\n  - {}\n", []string{
			`f:2:5: name is missing in features[0]`,
			`f:2:5: features[0]: key is missing; such as [user] or [user, item.category], or [global] for one value over everything`,
			`f:2:5: features[0]: agg is missing; one of ` + aggs}},
		{"empty key", "features:\n  - {name: a, key: [], agg: age}\n", []string{
			`f:2:20: feature "a": key is missing; such as [user] or [user, item.category], or [global] for one value over everything`}},
		{"feature in block form", "features:\n  - key: [user]\n    agg: decayed_sum\n    name: a\n", []string{
			`f:2:5: feature "a": decayed_sum needs a half_life above 0, such as 6h`}},
		{"window 0", "features:\n  - {name: a, key: [user], agg: count, window: 0s, hop: 0s}\n", []string{
			`f:2:48: feature "a": window is 0; it must be above 0; leave it out for none`,
			`f:2:57: feature "a": hop is 0; it must be above 0; leave it out for none`}},
		{"half-life 0", "features:\n  - {name: a, key: [user], agg: age, half_life: 0s}\n", []string{
			`f:2:49: feature "a": half_life is 0; it must be above 0; leave it out for none`}},
		{"hop longer", "features:\n  - {name: a, key: [user], agg: count, window: 5m, hop: 1h}\n", []string{
			`f:2:57: feature "a": hop 1h is longer than the window of 5m`}},
		{"too many tiles", "features:\n  - {name: a, key: [user], agg: count, window: 24h, hop: 1s}\n", []string{
			`f:2:58: feature "a": window 1d in hops of 1s keeps 86400 tiles a key; at most 10000`}},
		{"bad window alone", "features:\n  - {name: a, key: [user], agg: count, window: 5, hop: 1m}\n", []string{
			`f:2:48: "5" is not a duration: the unit is missing; write 5ms, 5s, 5m, 5h or 5d`}},
		{"aggregate to come", "features:\n  - {name: a, key: [user], agg: velocity, short: 5m, long: 1h}\n", []string{
			`f:2:33: feature "a": aggregate "velocity" is not available in this release (not_available); there are ` + aggs}},
		{"top_k", "features:\n  - {name: a, key: [user], agg: top_k, k: 5, field: item}\n", []string{
			`f:2:33: feature "a": aggregate "top_k" is not available in this release (not_available); there are ` + aggs}},
		{"k and version", "features:\n  - {name: a, key: [user], agg: last_k}\n  - {name: b, key: [user], agg: age, k: 3, version: 0}\n  - {name: c, key: [user], agg: last_k, k: 1001}\n", []string{
			`f:2:5: feature "a": last_k needs k: how many items it keeps, such as 20`,
			`f:3:41: feature "b": k belongs to last_k`,
			`f:3:53: features[1].version is "0"; it must be from 1 to 1000000`,
			`f:4:44: features[2].k is "1001"; it must be from 1 to 1000`}},
		{"expr beside others", "features:\n  - {name: a, expr: hour(), key: [user], agg: age}\n", []string{
			`f:2:21: feature "a": a feature with expr has only a name and a version beside it`}},
		{"expr without text", "features:\n  - {name: a, expr: ''}\n  - {name: b, expr: 5}\n  - {name: c, expr: \"\\n\"}\n  - {expr: 1 +}\n", []string{
			`f:2:21: features[0].expr is empty`,
			`f:3:21: features[1].expr must be text, not a number; write "5"`,
			`f:4:21: features[2].expr is empty`,
			`f:5:5: name is missing in features[3]`,
			`f:5:15: features[3]: expr: the expression ends too early`}},
		{"control character in expr", "features:\n  - {name: a, expr: \"\\e\"}\n", []string{
			`f:2:21: features[0].expr contains the control character U+001B`}},
		{"word for list", "features:\n  - {name: a, key: user, agg: age}\n", []string{`f:2:20: features[0].key must be a list, not text; write [user]`}},
		{"number in list", "features:\n  - {name: a, key: [user, 5], agg: age}\n", []string{`f:2:27: features[0].key[1] must be text, not a number; write "5"`}},
		{"event twice", "features:\n  - {name: a, key: [user], on: [click, click], agg: age}\n", []string{`f:2:40: features[0].on names "click" twice`}},
		{"prior", "features:\n  - {name: a, key: [user], agg: rate, of: [a], per: [b], prior: [1]}\n  - {name: b, key: [user], agg: rate, of: [a], per: [b], prior: [-1, .nan]}\n  - {name: c, key: [user], agg: age, prior: [1, 1]}\n", []string{
			`f:2:65: features[0].prior takes two numbers, not 1; write [1, 20]`,
			`f:3:66: features[1].prior[0] is -1; it must be from 0 to 1000000000`,
			`f:3:70: features[1].prior[1] is ".nan"; write a plain decimal number`,
			`f:4:45: feature "c": prior belongs to rate`}},
		{"prior of other kinds", "features:\n  - {name: a, key: [user], agg: rate, of: [a], per: [b], prior: 5}\n  - {name: b, key: [user], agg: rate, of: [a], per: [b], prior: ['1', 1e999]}\n", []string{
			`f:2:65: features[0].prior must be a list, not a number; write [1, 20]`,
			`f:3:66: features[1].prior[0] must be a number, not text; write 1 without quotes`,
			`f:3:71: features[1].prior[1] is "1e999", which is too large`}},
		{"blank event name", "features:\n  - {name: a, key: [user], on: [' '], agg: age}\n", []string{
			`f:2:33: features[0].on has the event name " ": an id may not be blank`}},
		{"feature is a word", "features: [clicks]\n", []string{`f:1:12: features[0] must be a mapping, not text`}},
		{"feature name", "features:\n  - {name: ' ', key: [user], agg: age}\n", []string{`f:2:12: feature " ": an id may not be blank`}},

		{"no routes", "recall: []\n", []string{`f:1:9: recall has no route; without one nothing is recommended; leave recall out for the default routes`}},
		{"routes as mapping", "recall: {a: {kind: new}}\nscenes: {home: {recall: [a]}}\n", []string{`f:1:9: recall must be a list, not a mapping`}},
		{"route is a word", "recall: [hot]\nscenes: {home: {recall: [hot]}}\n", []string{`f:1:10: recall[0] must be a mapping, not text`}},
		{"many routes", "recall: [" + strings.Repeat("{name: r, kind: new},", 13) + "]\nscenes: {home: {recall: [zzz]}}\n", append(
			secondRoutes(12), `f:2:26: scenes.home.recall names the unknown route "zzz"; there are r, r, r, r, r, r, r, r, r, r, r, r, …`)},
		{"scenes as list", "scenes: [home]\n", []string{`f:1:9: scenes must be a mapping, not a list`}},
		{"given vectors of no length", "recall:\n  - {name: g, kind: embedding, source: given}\n  - {name: h, kind: embedding, source: given, dim: 0}\n  - {name: i, kind: embedding, source: learnt, dim: 5000}\n  - {name: l, kind: linear, dim: 3}\n", []string{
			`f:2:5: recall[0].dim is 0 or missing, the length of the items' vectors, which source given does not go without`,
			`f:3:52: recall[1].dim is 0 or missing, the length of the items' vectors, which source given does not go without`,
			`f:4:40: unknown recall[2].source "learnt"; write trained, given`,
			`f:4:53: recall[2].dim is "5000"; it must be from 0 to 4096`,
			`f:5:34: recall[3].dim belongs to kind embedding, not linear`,
		}},
		{"route without anything", "recall: [{}]\n", []string{`f:1:10: name is missing in recall[0]`, `f:1:10: kind is missing in recall[0]; write one of ` + joinWords(routeKinds)}},
		{"route twice", "recall:\n- {name: a, kind: new}\n- {name: a, kind: itemcf}\n", []string{`f:3:10: a second route is named "a"; the first is on line 2`}},
		{"route kind", "recall: [{name: a, kind: populr}]\n", []string{`f:1:26: unknown recall[0].kind "populr"; did you mean "popular"?`}},
		{"route kinds to come", "recall:\n- {name: a, kind: vector, radius: 5}\n- {name: b, kind: new}\nscenes: {home: {recall: [a, b]}}\n", []string{
			`f:2:19: recall[0].kind "vector" is not available in this release (not_available)`}},
		{"route numbers", "recall:\n- {name: a, kind: new, n: 10001}\n- {name: b, kind: new, n: 1.5}\n- {name: c, kind: new, n: 99999999999999999999}\n- {name: d, kind: new, n: 0x1F}\n", []string{
			`f:2:27: recall[0].n is "10001"; it must be from 1 to 10000`, `f:3:27: recall[1].n is 1.5; it must be a whole number`,
			`f:4:27: recall[2].n is "99999999999999999999"; it must be from 1 to 10000`, `f:5:27: recall[3].n is "0x1F"; write a plain decimal number`}},
		{"route spans", "recall:\n- {name: a, kind: popular, window: 0s, within: 1h}\n- {name: b, kind: itemcf, window: 1h}\n- {name: c, kind: new, budget: 0ms}\n", []string{
			`f:2:36: recall[0].window is 0s; it must be 1ms or more`, `f:2:48: recall[0].within belongs to kind new or search or geo, not popular`,
			`f:3:35: recall[1].window belongs to kind popular or trending, not itemcf`, `f:4:32: recall[2].budget is 0ms; it must be 1ms or more`}},
		{"rules", "recall:\n- {name: a, kind: rule}\n- {name: b, kind: rule, where: item.author in user.}\n- {name: c, kind: rule, where: event.value > 3, order: oldest}\n- {name: d, kind: rule, where: 'itm.author == 1', order: poplar}\n- {name: e, kind: rule, where: ''}\n- {name: f, kind: new, where: 'true'}\n", []string{
			`f:2:3: where is missing in recall[0], which kind rule does not go without`, `f:3:51: recall[1].where: unexpected end of expression`,
			`f:4:32: recall[2].where: a rule reads no event; it is about items, before anything was done to them`, `f:4:56: unknown recall[2].order "oldest"; write newest, popular`,
			`f:5:33: recall[3].where: "itm" has no names to read; did you mean item.author?`, `f:5:58: unknown recall[3].order "poplar"; did you mean "popular"?`,
			`f:6:32: recall[4].where is empty`, `f:7:31: recall[5].where belongs to kind rule, not new`}},
		{"distances", "recall:\n- {name: a, kind: geo, within: 5}\n- {name: b, kind: geo, within: 5h}\n- {name: c, kind: geo, within: 0.5m}\n- {name: d, kind: geo, within: 99999km}\n- {name: e, kind: geo, within: [1km]}\n- {name: f, kind: geo, within: -5km}\n", []string{
			`f:2:32: recall[0].within is "5"; it must be a distance such as 800m or 5km; the unit is missing; write 5m or 5km`,
			`f:3:32: recall[1].within is "5h"; it must be a distance such as 800m or 5km`, `f:4:32: recall[2].within is 0.5m; it must be from 1m to 20038km`,
			`f:5:32: recall[3].within is 99999km; it must be from 1m to 20038km`, `f:6:32: recall[4].within must be a distance such as 800m or 5km, not a list`,
			`f:7:32: recall[5].within is "-5km"; it must be a distance such as 800m or 5km`}},
		{"route settings that do not fit", "recall:\n- {name: a, kind: trending, window: 1d}\n- {name: b, against: 5m, kind: trending}\n- {name: c, kind: trending, window: 2h, against: 2h}\n- {name: d, kind: trendy, against: 5}\n", []string{
			`f:2:3: recall[0].against is 1d; it must be longer than window, which is 1d`, `f:3:22: recall[1].against is 5m; it must be longer than window, which is 1h`,
			`f:4:50: recall[2].against is 2h; it must be longer than window, which is 2h`, `f:5:19: unknown recall[3].kind "trendy"; write ` + strings.Join(routeKinds, ", "),
			`f:5:36: "5" is not a duration: the unit is missing; write 5ms, 5s, 5m, 5h or 5d`}},
		{"route name", "recall: [{name: ' ', kind: new}]\n", []string{`f:1:17: recall[0].name is " ": an id may not be blank`}},

		{"external routes", "outgoing: {allow: [127.0.0.1, svc.internal]}\nrecall:\n- {name: a, kind: external}\n- {name: b, kind: external, url: 'http://10.0.0.1/', timeout: 11s, slots: 0}\n- {name: c, kind: external, url: 'ftp://a', slots: 1001}\n- {name: d, kind: external, url: 'http://127.0.0.1:8080/r', timeout: 0s}\n- {name: e, kind: new, url: 'http://a.example/'}\n- {name: f, kind: external, url: 'http://0x7f.1/'}\n", []string{
			`f:3:3: url is missing in recall[0], which kind external does not go without`,
			`f:4:34: recall[1].url is "http://10.0.0.1/": 10.0.0.1 leads to 10.0.0.1, which is not public (private); list it under outgoing.allow if it is meant`,
			`f:4:63: recall[1].timeout is 11s; it must be from 1ms to 10s`, `f:4:75: recall[1].slots is "0"; it must be from 1 to 1000`,
			`f:5:34: recall[2].url is "ftp://a": it must begin with https:// or http://`, `f:5:52: recall[2].slots is "1001"; it must be from 1 to 1000`,
			`f:6:70: recall[3].timeout is 0s; it must be from 1ms to 10s`, `f:7:29: recall[4].url belongs to kind external, not new`,
			`f:8:34: recall[5].url is "http://0x7f.1/": its host "0x7f.1" is an address in a form that is read in more than one way`}},
		{"outgoing", "outgoing: {allow: [10.0.0.1/8, a.example, 'x y']}\nrecall:\n- {name: b, kind: external, url: 'http://10.0.0.1/'}\n", []string{
			`f:1:20: outgoing.allow: "10.0.0.1/8" has bits beyond its prefix; write 10.0.0.0/8`, `f:1:43: outgoing.allow: "x y" is no host name; write a host name, an address or a prefix such as 10.0.0.0/8`}},
		{"outgoing without list", "outgoing: {allow: a.example}\n", []string{`f:1:19: outgoing.allow must be a list, not text; write [a.example]`}},
		{"explore", "scenes:\n  a: {explore: {share: 1.5}}\n  b: {explore: {share: -0.1}}\n  c: {explore: 0.05}\n  d: {explore: {share: x, of: 1}}\n", []string{
			`f:2:24: scenes.a.explore.share is 1.5; it must be from 0 to 1`, `f:3:24: scenes.b.explore.share is -0.1; it must be from 0 to 1`,
			`f:4:16: scenes.c.explore must be a mapping, not a number`, `f:5:24: scenes.d.explore.share must be a number, not text`, `f:5:27: unknown key "of" in scenes.d.explore`}},

		{"no scenes", "scenes: {}\n", []string{`f:1:9: scenes has no scene; without one nothing is recommended; leave scenes out for the default one`}},
		{"scene without value", "scenes:\n  home:\n", []string{`f:2:8: scenes.home has no value; give it one or leave the key out`}},
		{"scene routes", "scenes: {home: {recall: [hott, zzz, hot, hot]}, empty: {recall: []}}\n", []string{
			`f:1:26: scenes.home.recall names the unknown route "hott"; did you mean "hot"?`,
			`f:1:32: scenes.home.recall names the unknown route "zzz"; there are covisit, linear, hot, new`,
			`f:1:42: scenes.home.recall names "hot" twice`, `f:1:65: scenes.empty.recall names no route; leave it out for all routes`}},
		{"scene keys to come", "scenes:\n  home:\n    diversify: {}\n    explore: {share: 1}\n    ranker: x\n    rules: []\n    filter: x\n", []string{
			`f:3:5: diversify in scenes.home is not available in this release (not_available)`,
			`f:5:5: ranker in scenes.home is not available in this release (not_available)`, `f:6:5: rules in scenes.home is not available in this release (not_available)`,
			`f:7:5: filter in scenes.home is not available in this release (not_available)`}},
		{"scene name", "scenes: {'': {}}\n", []string{`f:1:10: scenes has the name "": an id may not be empty`}},

		{"positions past other alphabets", "events: {\"café\": {signal: vew}}\n", []string{`f:1:27: unknown events.café.signal "vew"; did you mean "view"?`}},
		{"positions with CRLF and mark", "\ufeffdata: 5\r\nlateness: 6\r\n", []string{
			`f:1:7: data must be text, not a number; write "5"`, `f:2:11: "6" is not a duration: the unit is missing; write 6ms, 6s, 6m, 6h or 6d`}},
		{"positions before blanks and after tabs", "lateness: 5x  \ndata:\t6\nscenes:\t{home:\t{budget:\t7q}}\n", []string{
			`f:1:11: "5x" is not a duration; write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d`,
			`f:2:7: data must be text, not a number; write "6"`,
			`f:3:25: "7q" is not a duration; write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d`}},
		{"positions after values of many lines", "data: \"x\n\n  y\"\nversion: 2\nlisten: >\n  a\n\n  b\n\nlateness: 5x # é\n", []string{
			`f:1:7: data contains the control character U+000A`,
			`f:4:10: version "2" is not known; this release reads version 1`,
			`f:5:9: listen contains the control character U+000A`,
			`f:10:11: "5x" is not a duration; write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d`}},
		{"positions in tabbed JSON", "{\n\t\"data\": \"./x\",\n\t\"lateness\": 5\n}\n", []string{
			`f:3:14: "5" is not a duration: the unit is missing; write 5ms, 5s, 5m, 5h or 5d`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := problemsOf(t, tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("problems of\n%s\ngot:\n%s\nwant:\n%s", tt.text, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
