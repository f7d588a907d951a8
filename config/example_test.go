package config_test

import (
	"fmt"

	"github.com/freshet-rec/freshet/config"
)

// All problems of a file come at once, in its order.
func ExampleParse() {
	_, problems := config.Parse("freshet.yaml", []byte(`
version: 1
lateness: 10 minutes
features:
  - name: taste
    key: [user, item.category]
    on: [click]
    agg: decayed_sum
    half_live: 6h
`), nil)
	for _, p := range problems {
		fmt.Println(p)
	}
	// Output:
	// freshet.yaml:3:11: "10 minutes" is not a duration; write 10m
	// freshet.yaml:9:5: unknown key "half_live" in features[0]; did you mean "half_life"?
}

// Values from outside the file come after it, and say who set them.
func ExampleConfig_Override() {
	cfg, _ := config.Parse("freshet.yaml", []byte("data: ./shop\nlateness: 2h\n"), nil)
	if err := cfg.Override("lateness", "30m", "flag --lateness"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(cfg.Override("listen", "3737", "variable FRESHET_LISTEN"))
	origins := cfg.Origins()
	for _, path := range []string{"listen", "data", "lateness"} {
		fmt.Printf("%-9s %s\n", path, origins[path])
	}
	// Output:
	// variable FRESHET_LISTEN: listen "3737" is not host:port; write 127.0.0.1:3737
	// listen    default
	// data      freshet.yaml:1
	// lateness  flag --lateness
}

func ExampleConfig_YAML() {
	fmt.Print(string(config.Default().YAML()))
	// Output:
	// version: 1
	// listen: 127.0.0.1:3737
	// data: ./data
	// source: {kind: embedded}
	// store: {kind: memory}
	// journal: {ballast_mib: 16, retain: {mib: 0, age: 0s}}
	// memory: {feature_keys: 10000000}
	// outgoing: {allow: []}
	// ranker: {kind: lr, fallback: [], fields: [item.id, item.categories], objective: {click: 1}, online: {enabled: false, window: 30m}}
	// durability: fsync
	// strict_events: false
	// lateness: 1h
	// max_future: 1m
	// events:
	//   cart: {signal: intent, weight: 1}
	//   click: {signal: click, weight: 1}
	//   dislike: {signal: negative, weight: 1}
	//   dwell: {signal: engage, weight: 1}
	//   expose: {signal: impression, weight: 1}
	//   favorite: {signal: intent, weight: 1}
	//   follow: {signal: engage, weight: 1}
	//   hide: {signal: negative, weight: 1}
	//   like: {signal: engage, weight: 3}
	//   page: {signal: context, weight: 1}
	//   play: {signal: engage, weight: 1}
	//   progress: {signal: engage, weight: 1}
	//   purchase: {signal: convert, weight: 1}
	//   rate: {signal: engage, weight: 1}
	//   refund: {signal: negative, weight: 1}
	//   search: {signal: context, weight: 1}
	//   share: {signal: engage, weight: 1}
	//   uncart: {signal: negative, weight: 1}
	//   view: {signal: view, weight: 1}
	// features:
	//   - {name: user_clicks_5m, key: [user], on: [click], agg: count, window: 5m, hop: 30s}
	//   - {name: user_item_clicks_5m, key: [user, item], on: [click], agg: count, window: 5m, hop: 30s}
	//   - {name: item_ctr_1h, key: [item], agg: rate, of: [click], per: [expose], window: 1h, hop: 1m, prior: [1, 20]}
	//   - {name: user_category_taste, key: [user, item.category], on: [click, like], agg: decayed_sum, half_life: 6h}
	//   - {name: user_last_click_age, key: [user], on: [click], agg: age}
	// recall:
	//   - {name: covisit, kind: itemcf, normalise: cosine, half_life: 60d, session: 30m, n: 200, budget: 5ms}
	//   - {name: linear, kind: linear, n: 200, budget: 5ms}
	//   - {name: hot, kind: popular, window: 1h, n: 100, budget: 5ms}
	//   - {name: new, kind: new, within: 3d, n: 50, budget: 5ms}
	// scenes:
	//   home: {recall: [covisit, linear, hot, new], budget: 50ms}
}
