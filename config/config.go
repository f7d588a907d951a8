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

	KindSimilar  = "similar"  // recall: alike by what entries say
	KindSearch   = "search"   // recall: what the visitor searched for
	KindTrending = "trending" // recall: wanted more than before
	KindExplore  = "explore"  // recall: hardly shown so far
	KindRule     = "rule"     // recall: what the operator's condition holds for
	KindGeo      = "geo"      // recall: near the visitor

	KindEmbedding = "embedding" // recall: nearest by vectors, trained or given
	KindLinear    = "linear"    // recall: weights from item to item, trained
	KindExternal  = "external"  // recall: what a service of somebody else answers
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

	Outgoing Outgoing // where the server may connect to
	Ranker   Ranker   // what puts candidates into their order

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
	Kind   string           // one of recallKinds
	N      int              // most candidates proposed, 1 to MaxRouteN
	Budget freshet.Duration // time a request gives the route, above 0

	// What only some kinds have is zero for the others; recallKinds says which.

	Window   freshet.Duration // of KindPopular and KindTrending: the span counted, above 0
	Against  freshet.Duration // of KindTrending: the span it is held against, above Window
	Where    string           // of KindRule: the condition, sound by expression.CompileFilter
	Order    string           // of KindRule: OrderNewest or OrderPopular
	Distance float64          `json:"-"` // of KindGeo, where its key is within: metres, 1 to 20,038,000
	Within   freshet.Duration // of KindNew: the greatest age proposed, above 0; of KindSearch: that of a query
	Source   string           // of KindEmbedding: SourceTrained or SourceGiven
	Dim      int              // of KindEmbedding: the length of items' own vectors that count, 0 for none

	Normalise string           // of KindItemCF: NormaliseCosine, NormaliseLift or NormaliseBM25
	HalfLife  freshet.Duration // of KindItemCF: of pairs; of KindSession: of a session's say; above 0
	Session   freshet.Duration // of KindItemCF and KindSession: acts further apart are of different sessions, above 0

	URL     string           `json:"url"` // of KindExternal: who is asked
	Timeout freshet.Duration // of KindExternal: how long an answer is waited for, above 0 to LongestTimeout
	Slots   int              // of KindExternal: calls under way at once, 1 to MaxSlots
}

// Scene is one place where slates are shown.
type Scene struct {
	Recall  []string         // route names, at least one, none twice
	Budget  freshet.Duration // time a request has, above 0
	Explore Explore
}

// Explore keeps places of a scene's slates for candidates of routes that explore.
type Explore struct {
	Share float64 // of the places, 0 to 1
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
		Ranker:  defaultRanker(),

		Durability: DurabilityFsync,

		Lateness:  freshet.Hour,
		MaxFuture: freshet.Minute,
		Events:    events,
		Features:  defaultFeatures(),
		Recall: []Route{
			{Name: "covisit", Kind: KindItemCF, N: 200, Budget: defaultRouteBudget, Normalise: NormaliseCosine, HalfLife: 60 * freshet.Day, Session: 30 * freshet.Minute},
			{Name: "linear", Kind: KindLinear, N: 200, Budget: defaultRouteBudget},
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
