package config

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// setting is one key with its value as the file would have it.
type setting struct{ key, value string }

// YAML prints the whole configuration, defaults included, in the form of a file. Parsed
// again, with any environment, it yields an equal Config.
func (c *Config) YAML() []byte {
	var b bytes.Buffer
	for _, s := range c.top() {
		fmt.Fprintf(&b, "%s: %s\n", s.key, s.value)
	}
	open := func(section string, n int, empty string) {
		if n == 0 {
			section += ": " + empty
		} else {
			section += ":"
		}
		b.WriteString(section + "\n")
	}
	open("events", len(c.Events), "{}")
	for _, name := range slices.Sorted(maps.Keys(c.Events)) {
		fmt.Fprintf(&b, "  %s: %s\n", mapKey(name), inline(kindSettings(c.Events[name])))
	}
	open("features", len(c.Features), "[]")
	for i := range c.Features {
		fmt.Fprintf(&b, "  - %s\n", inline(featureSettings(&c.Features[i])))
	}
	open("recall", len(c.Recall), "[]")
	for _, r := range c.Recall {
		fmt.Fprintf(&b, "  - %s\n", inline(routeSettings(r)))
	}
	open("scenes", len(c.Scenes), "{}")
	for _, name := range slices.Sorted(maps.Keys(c.Scenes)) {
		fmt.Fprintf(&b, "  %s: %s\n", mapKey(name), inline(sceneSettings(c.Scenes[name])))
	}
	return b.Bytes()
}

// paths lists what [Config.Origins] speaks of.
func (c *Config) paths() []string {
	all := []string{"source.kind", "store.kind", "journal.ballast_mib", "journal.retain.mib", "journal.retain.age", "memory.feature_keys", "outgoing.allow", "ranker.kind", "ranker.fallback", "ranker.fields", "ranker.objective", "ranker.online.enabled", "ranker.online.window", "events", "features", "recall", "scenes"}
	add := func(path string, settings []setting) {
		for _, s := range settings {
			all = append(all, join(path, s.key))
		}
	}
	add("", c.top())
	for name, k := range c.Events {
		add(join("events", name), kindSettings(k))
	}
	for i := range c.Features {
		add(fmt.Sprintf("features[%d]", i), featureSettings(&c.Features[i]))
	}
	for i, r := range c.Recall {
		add(fmt.Sprintf("recall[%d]", i), routeSettings(r))
	}
	for name, s := range c.Scenes {
		add(join("scenes", name), sceneSettings(s))
	}
	return all
}

// top lists the settings before the sections.
func (c *Config) top() []setting {
	return []setting{
		{"version", strconv.Itoa(c.Version)},
		{"listen", address(c.Listen)},
		{"data", scalar(c.Data)},
		{"source", inline([]setting{{"kind", scalar(c.Source.Kind)}})},
		{"store", inline([]setting{{"kind", scalar(c.Store.Kind)}})},
		{"journal", inline(journalSettings(c.Journal))},
		{"memory", inline(memorySettings(c.Memory))},
		{"outgoing", inline(outgoingSettings(c.Outgoing))},
		{"ranker", inline(rankerSettings(c.Ranker))},
		{"durability", scalar(c.Durability)},
		{"strict_events", strconv.FormatBool(c.StrictEvents)},
		{"lateness", c.Lateness.String()},
		{"max_future", c.MaxFuture.String()},
	}
}

func kindSettings(k freshet.EventKind) []setting {
	return []setting{{"signal", scalar(string(k.Signal))}, {"weight", decimalText(k.Weight)}}
}

func featureSettings(f *feature.Definition) []setting {
	s := []setting{{"name", scalar(f.Name)}}
	add := func(key string, given bool, value string) {
		if given {
			s = append(s, setting{key, value})
		}
	}
	add("version", f.Version != 0, strconv.Itoa(f.Version))
	add("key", len(f.Key) > 0, words(f.Key))
	add("on", len(f.On) > 0, words(f.On))
	add("where", f.Where != "", scalar(f.Where))
	add("agg", f.Agg != "", scalar(f.Agg))
	add("of", len(f.Of) > 0, words(f.Of))
	add("per", len(f.Per) > 0, words(f.Per))
	add("field", f.Field != "", scalar(f.Field))
	add("k", f.K != 0, strconv.Itoa(f.K))
	add("window", f.Window != 0, f.Window.String())
	add("hop", f.Hop != 0, f.Hop.String())
	add("half_life", f.HalfLife != 0, f.HalfLife.String())
	add("prior", f.Prior != [2]float64{}, "["+decimalText(f.Prior[0])+", "+decimalText(f.Prior[1])+"]")
	add("expr", f.Expr != "", scalar(f.Expr))
	return s
}

func routeSettings(r Route) []setting {
	s := []setting{{"name", scalar(r.Name)}, {"kind", scalar(r.Kind)}}
	if kind := kindOf(r.Kind); kind != nil {
		for _, k := range kind.keys {
			s = append(s, setting{k.key, k.print(&r)})
		}
	}
	return append(s, setting{"n", strconv.Itoa(r.N)}, setting{"budget", r.Budget.String()})
}

func sceneSettings(s Scene) []setting {
	list := []setting{{"recall", words(s.Recall)}, {"budget", s.Budget.String()}}
	if s.Explore.Share != 0 {
		list = append(list, setting{"explore", inline([]setting{{"share", decimalText(s.Explore.Share)}})})
	}
	return list
}

func inline(settings []setting) string {
	parts := make([]string, len(settings))
	for i, s := range settings {
		parts[i] = s.key + ": " + s.value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func words(list []string) string {
	parts := make([]string, len(list))
	for i, w := range list {
		parts[i] = scalar(w)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func decimalText(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

var (
	plainText    = regexp.MustCompile(`^(\.{0,2}/)?[A-Za-z_][A-Za-z0-9_./-]*$`)
	plainAddress = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9.-]*|[0-9]+(\.[0-9]+){3}):[0-9]+$`)
	notText      = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

// address prints a host:port. Between brackets its colon could make it a mapping, so only
// the value of a whole line goes without quotes.
func address(s string) string {
	if plainAddress.MatchString(s) {
		return s
	}
	return scalar(s)
}

// scalar prints a text value so that it reads back as the same text.
func scalar(s string) string { return mapKey(escape(s)) }

// mapKey prints a key, in which no variable is ever expanded, without quotes where no
// reader of YAML could take it for something else.
func mapKey(s string) string {
	if plainText.MatchString(s) && !slices.Contains(notText, strings.ToLower(s)) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r <= 0xffff && !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		case !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
