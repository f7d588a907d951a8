package config

import (
	"reflect"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// Version is the only configuration version there is.
const Version = 1

// The bounds of single settings.
const (
	MaxBytes          = 1 << 20   // a configuration file
	MaxText           = 4096      // bytes of one text value, after ${NAME} is expanded
	MaxRouteN         = 10_000    // candidates of one route; rows of that many are read per request
	MaxWeight         = 1e6       // of an event; sums of weights stay far from the float's edge
	MaxFeatureVersion = 1_000_000 // of a definition; nobody counts that far
	MaxPrior          = 1e9       // either number of a rate's prior

	LongestLateness  = 30 * freshet.Day
	LongestMaxFuture = freshet.Hour
)

// The defaults of what a route or a scene may leave out.
const (
	defaultN           = 100
	defaultRouteBudget = 5 * freshet.Millisecond
	defaultWindow      = freshet.Hour
	defaultWithin      = 72 * freshet.Hour
	defaultSceneBudget = 50 * freshet.Millisecond
)

// The source, store and recall kinds of this release.
const (
	KindEmbedded = "embedded" // source: the journal in the data directory
	KindMemory   = "memory"   // store: this process

	KindItemCF  = "itemcf"  // recall: items seen together with the visitor's own
	KindSession = "session" // recall: items of sessions like the visitor's own
	KindPopular = "popular" // recall: most wanted in a window
	KindNew     = "new"     // recall: most recently published
)

// Config is everything a server is told before it starts. The zero Config is not useful:
// start from [Default] or [Parse]. It is not safe for concurrent change.
type Config struct {
	Version int    // always 1
	Listen  string // host:port with a port from 1 to 65535; an empty host is every interface
	Data    string // directory of the journal, never empty
	Source  Source
	Store   Store
	Journal Journal
	Memory  Memory

	Durability string // DurabilityFsync or DurabilityRelaxed

	StrictEvents bool             // refuse event names that Events does not hold
	Lateness     freshet.Duration // how far behind the watermark an event still counts, 0 to LongestLateness
	MaxFuture    freshet.Duration // how far ahead of the clock an event is accepted, 0 to LongestMaxFuture

	Events   freshet.EventKinds   // the built-in names with the file's merged in
	Features []feature.Definition // sound by Definition.Check and CheckAll, names unique
	Recall   []Route              // names unique, at least one
	Scenes   map[string]Scene     // at least one

	origins map[string]string // path → who set it; a path that is missing is a default
}

// Source says where events come from besides the API.
type Source struct{ Kind string } // KindEmbedded

// Store says where feature state is kept.
type Store struct{ Kind string } // KindMemory

// Route is one way to propose candidates.
type Route struct {
	Name   string
	Kind   string           // KindItemCF, KindSession, KindPopular or KindNew
	N      int              // most candidates proposed, 1 to MaxRouteN
	Budget freshet.Duration // time a request gives the route, above 0
	Window freshet.Duration // of KindPopular: the span counted, above 0; 0 for the others
	Within freshet.Duration // of KindNew: the greatest age proposed, above 0; 0 for the others

	Normalise string           // of KindItemCF: cosine, lift or bm25; "" is cosine
	HalfLife  freshet.Duration // of KindItemCF and KindSession; 0 is the kind's default
	Session   freshet.Duration // of KindItemCF and KindSession: the gap that ends a session; 0 is the default
}

// Scene is one place where slates are shown.
type Scene struct {
	Recall []string         // route names, at least one, none twice
	Budget freshet.Duration // time a request has, above 0
}

// Default is what an empty file means. The caller owns the result.
func Default() *Config {
	events := freshet.BuiltinEvents()
	events["like"] = freshet.EventKind{Signal: freshet.SignalEngage, Weight: 3}
	c := &Config{
		Version: Version,
		Listen:  "127.0.0.1:3737",
		Data:    "./data",
		Source:  Source{Kind: KindEmbedded},
		Store:   Store{Kind: KindMemory},
		Journal: Journal{BallastMiB: defaultBallastMiB},
		Memory:  Memory{FeatureKeys: defaultFeatureKeys},

		Durability: DurabilityFsync,

		Lateness:  freshet.Hour,
		MaxFuture: freshet.Minute,
		Events:    events,
		Features:  defaultFeatures(),
		Recall: []Route{
			{Name: "covisit", Kind: KindItemCF, N: 200, Budget: defaultRouteBudget},
			{Name: "hot", Kind: KindPopular, N: 100, Budget: defaultRouteBudget, Window: freshet.Hour},
			{Name: "new", Kind: KindNew, N: 50, Budget: defaultRouteBudget, Within: 72 * freshet.Hour},
		},
	}
	c.Scenes = map[string]Scene{"home": {Recall: c.routeNames(), Budget: defaultSceneBudget}}
	return c
}

func defaultFeatures() []feature.Definition {
	const second, minute, hour = freshet.Second, freshet.Minute, freshet.Hour
	return []feature.Definition{
		{Name: "user_clicks_5m", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Count,
			Window: 5 * minute, Hop: 30 * second},
		{Name: "user_item_clicks_5m", Key: []string{"user", "item"}, On: []string{"click"}, Agg: feature.Count,
			Window: 5 * minute, Hop: 30 * second},
		{Name: "item_ctr_1h", Key: []string{"item"}, Agg: feature.Rate, Of: []string{"click"}, Per: []string{"expose"},
			Window: hour, Hop: minute, Prior: [2]float64{1, 20}},
		{Name: "user_category_taste", Key: []string{"user", "item.category"}, On: []string{"click", "like"},
			Agg: feature.DecayedSum, HalfLife: 6 * hour},
		{Name: "user_last_click_age", Key: []string{"user"}, On: []string{"click"}, Agg: feature.Age},
	}
}

// routeNames lists the routes in order; the caller owns the slice.
func (c *Config) routeNames() []string {
	names := make([]string, len(c.Recall))
	for i, r := range c.Recall {
		names[i] = r.Name
	}
	return names
}

// Equal reports whether both say the same, whoever said it.
func (c *Config) Equal(other *Config) bool {
	a, b := *c, *other
	a.origins, b.origins = nil, nil
	return reflect.DeepEqual(a, b)
}

// Origins says who set each value: "default", "file:line" or what [Config.Override] was
// told. Its keys are the paths of all scalars, lists of words and top-level sections, such
// as lateness, features, features[0].window, recall[1].n or scenes.home.budget. The caller
// owns the map.
func (c *Config) Origins() map[string]string {
	all := make(map[string]string)
	for _, path := range c.paths() {
		all[path] = "default"
		if o, ok := c.origins[path]; ok {
			all[path] = o
		}
	}
	return all
}

func (c *Config) setOrigin(path, origin string) {
	if c.origins == nil {
		c.origins = make(map[string]string)
	}
	c.origins[path] = origin
}
