package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
)

// loadSizes are how much is posted and read.
type loadSizes struct{ rate, clients, batch, rows, readers, seconds string }

// TestFeaturesUnderLoadAreWhatTheJournalSays reads feature rows while clients post disordered,
// duplicate and late events and while items and users change, then has an independent program
// recompute every cell from the dump. FRESHET_LOAD=full posts 200,000 events a second from 8
// clients for 30 seconds and reads 10,000 rows; FRESHET_LOAD_RATE, FRESHET_LOAD_ROWS and
// FRESHET_LOAD_SECONDS change one of these. A machine that takes less is given the time that it
// needs; the rate that was reached is told beside the one asked for.
func TestFeaturesUnderLoadAreWhatTheJournalSays(t *testing.T) {
	sizes := loadSizes{rate: "4000", clients: "8", batch: "40", rows: "400", readers: "2", seconds: "5"}
	switch size := os.Getenv("FRESHET_LOAD"); size {
	case "":
	case "full":
		sizes = loadSizes{rate: "200000", clients: "8", batch: "1000", rows: "10000", readers: "4", seconds: "30"}
	default:
		t.Fatalf("FRESHET_LOAD is %q; it takes full", size)
	}
	for name, to := range map[string]*string{
		"FRESHET_LOAD_RATE": &sizes.rate, "FRESHET_LOAD_ROWS": &sizes.rows, "FRESHET_LOAD_SECONDS": &sizes.seconds,
	} {
		if v := os.Getenv(name); v != "" {
			*to = v
		}
	}
	t.Run("ten features", func(t *testing.T) { loadAndJudge(t, tenFeatures, sizes) })
	t.Run("every aggregate", func(t *testing.T) { loadAndJudge(t, everyFeature, sizes) })
}

// loadAndJudge starts a server with a configuration, loads it, and has what it served judged.
func loadAndJudge(t *testing.T, text string, sizes loadSizes) {
	data := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(t.TempDir(), "freshet.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FRESHET_CONFIG", file)
	p := start(t, data)
	kept := filepath.Join(t.TempDir(), "rows.ndjson")
	loading := exec.Command(tool(t, "loadrun"), "--url", p.url, "--rate", sizes.rate, "--clients", sizes.clients, "--batch", sizes.batch,
		"--disorder", "0.2", "--resend", "0.01", "--rows", sizes.rows, "--readers", sizes.readers, "--duration", sizes.seconds+"s", "--out", kept)
	var talk bytes.Buffer
	loading.Stderr = &talk
	out, err := loading.Output()
	t.Logf("%s%s", out, &talk)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	var reached struct {
		Rate   float64 `json:"achieved_rate"`
		Behind float64 `json:"behind_ms_max"`
	}
	if err := json.Unmarshal(out, &reached); err != nil {
		t.Fatalf("summary %q: %v", out, err)
	}
	t.Logf("asked for %s events a second, reached %.0f; a batch left up to %.1f s after it was due", sizes.rate, reached.Rate, reached.Behind/1000)
	checkFilled(t, judge(t, p, data, kept), definitions(t, text))
}

// definitions are the features of a configuration.
func definitions(t *testing.T, text string) []feature.Definition {
	t.Helper()
	c, problems := config.Parse("freshet.yaml", []byte(text), nil)
	for _, p := range problems {
		t.Errorf("%v", p)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
	return c.Features
}

// verdict is what the judge says of a comparison.
type verdict struct {
	Cells          int               `json:"cells"`
	Filled         map[string]int    `json:"filled"` // aggregate -> cells with an event behind them
	Estimated      int               `json:"estimated"`
	Unchecked      map[string]string `json:"unchecked"`
	UncheckedCells map[string]int    `json:"unchecked_cells"`
}

// checkFilled fails where an aggregate of the features was compared over nothing only.
func checkFilled(t *testing.T, v verdict, features []feature.Definition) {
	t.Helper()
	aggs := map[string]bool{}
	for _, d := range features {
		aggs[cmp.Or(d.Agg, "derived")] = true
	}
	for agg := range aggs {
		if v.Filled[agg] < 100 {
			t.Errorf("only %d cells of %s have an event behind them", v.Filled[agg], agg)
		}
	}
	if aggs[feature.Distinct] && v.Estimated < 100 {
		t.Errorf("only %d cells are estimates", v.Estimated)
	}
}

// judge dumps the journal beside the running server and lets the independent checker compare
// the rows with what it computes from the dump alone. A cell that it cannot check is a failure.
func judge(t *testing.T, p *process, data, rows string) verdict {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dump.ndjson")
	dump, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	dumping := exec.Command("freshet", "dump", "--data", data)
	dumping.Stdout, dumping.Stderr = dump, &talk
	if err := dumping.Run(); err != nil {
		t.Fatalf("dump: %v\n%s", err, &talk)
	}
	if err := dump.Close(); err != nil {
		t.Fatal(err)
	}
	checking := exec.Command(tool(t, "dumpcheck"), "--dump", path, "--rows", rows, "--everything")
	talk.Reset()
	checking.Stderr = &talk
	out, err := checking.Output()
	t.Logf("%s%s", out, &talk)
	if err != nil {
		t.Errorf("the checker disagrees: %v", err)
	}
	var v verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("verdict %q: %v", out, err)
	}
	return v
}

// TestEveryFeatureIsOne holds the definitions that load is judged by to what they claim: each
// aggregate is there, over each kind of key, and the configuration takes them.
func TestEveryFeatureIsOne(t *testing.T) {
	aggs, keys, windows := map[string]int{}, map[string]int{}, map[string]int{}
	for _, d := range definitions(t, everyFeature) {
		aggs[d.Agg]++
		for _, part := range d.Key {
			keys[part]++
		}
		if d.Window > 0 {
			windows[d.Agg]++
		}
	}
	for _, agg := range feature.Aggs {
		if aggs[agg] == 0 || windows[agg] == 0 && agg != feature.DecayedSum {
			t.Errorf("%s: %d features, %d with a window", agg, aggs[agg], windows[agg])
		}
	}
	for _, part := range []string{"user", "item", "global", "item.category", "item.categories", "item.tags", "item.id", "item.sizes", "user.plan", "user.groups", "context.device", "context.depth"} {
		if keys[part] == 0 {
			t.Errorf("no key has %s", part)
		}
	}
}

// tenFeatures are those of freshet bench features, beside one route, so that what is loaded is the
// features.
const tenFeatures = `
version: 1
memory: {feature_keys: 1000000000}  # the checker lets go of none
recall:
  - {name: hot, kind: popular, window: 1h, n: 100}
scenes:
  home: {recall: [hot]}
features:
  - {name: user_count, key: [user], agg: count, window: 5m, hop: 30s}
  - {name: user_age, key: [user], agg: age}
  - {name: item_rate, key: [item], agg: rate, of: [click, like], per: [expose], window: 1h, hop: 1m, prior: [1, 20]}
  - {name: item_decayed, key: [item], agg: decayed_sum, half_life: 1h}
  - {name: item_count, key: [item], agg: count, window: 5m, hop: 30s}
  - {name: pair_count, key: [user, item], agg: count, window: 5m, hop: 30s}
  - {name: pair_last, key: [user, item], agg: last_time}
  - {name: taste_decayed, key: [user, item.category], agg: decayed_sum, half_life: 6h}
  - {name: taste_count, key: [user, item.category], agg: count, window: 1h, hop: 1m}
  - {name: taste_age, key: [user, item.category], agg: age}
`

// everyFeature has each aggregate, under each kind of key, with and without a window.
const everyFeature = `
version: 1
memory: {feature_keys: 1000000000}  # the checker lets go of none
features:
  - {name: user_clicks_5m, key: [user], on: [click], agg: count, window: 5m, hop: 30s}
  - {name: pair_clicks_5m, key: [user, item], on: [click], agg: count, window: 5m, hop: 30s}
  - {name: item_events, key: [item], agg: count}
  - {name: all_events, key: [global], agg: count}
  - {name: categories_20s, key: [item.categories], agg: count, window: 20s, hop: 5s}
  - {name: four_parts, key: [user, item.categories, context.device, user.groups], agg: count}
  - {name: dear_10m, key: [item], agg: count, window: 10m, hop: 10s, where: "event.value > 10 && ctx.device in ['phone', 'tv'] && !(user.plan == 'free')"}
  - {name: item_ctr_1h, key: [item], agg: rate, of: [click], per: [expose], window: 1h, hop: 1m, prior: [1, 20]}
  - {name: user_rate, key: [user], agg: rate, of: [click, like], per: [expose]}
  - {name: device_rate_1m, key: [context.device, item.brand], agg: rate, of: [click], per: [expose], window: 1m, hop: 1s, prior: [2, 30]}
  - {name: sizes_rate, key: [item.sizes, user.plan], agg: rate, of: [click], per: [expose], where: "event.rank <= 10"}
  - {name: user_sum_10m, key: [user], agg: sum, field: value, window: 10m, hop: 1m}
  - {name: item_sum, key: [item], on: [like, click], agg: sum, field: value}
  - {name: plan_ranks, key: [user.plan, item.category], agg: sum, field: rank}
  - {name: all_load_1m, key: [global], agg: sum, field: context.load, window: 1m, hop: 5s}
  - {name: user_mean, key: [user], agg: mean, field: value}
  - {name: tags_mean_5m, key: [item.tags], agg: mean, field: context.load, window: 5m, hop: 1m}
  - {name: device_mean, key: [context.device], agg: mean, field: rank, where: "item.grade >= 2"}
  - {name: pair_min, key: [user, item.category], agg: min, field: value}
  - {name: all_min_30s, key: [global], agg: min, field: context.load, window: 30s, hop: 10s}
  - {name: item_max_5m, key: [item.id], agg: max, field: rank, window: 5m, hop: 5m}
  - {name: groups_max, key: [user.groups, context.place], agg: max, field: value}
  - {name: user_category_taste, key: [user, item.category], on: [click, like], agg: decayed_sum, half_life: 6h}
  - {name: item_heat, key: [item], on: [click], agg: decayed_sum, half_life: 1m, field: value}
  - {name: all_heat, key: [global], agg: decayed_sum, half_life: 20s, field: context.load}
  - {name: user_last_query, key: [user], agg: last, field: query}
  - {name: item_last_device_10m, key: [item], agg: last, field: context.device, window: 10m, hop: 1m}
  - {name: sizes_last_value, key: [item.sizes], agg: last, field: value}
  - {name: user_last_item, key: [user, context.depth], agg: last, field: item}
  - {name: tags_last_place, key: [item.tags], agg: last, field: context.place}
  - {name: pair_last_like, key: [user, item.category], on: [like], agg: last_time}
  - {name: brand_last_1m, key: [item.brand, user.plan], agg: last_time, window: 1m, hop: 10s}
  - {name: user_last_click_age, key: [user], on: [click], agg: age}
  - {name: categories_age_20s, key: [item.categories, context.device], agg: age, window: 20s, hop: 5s}
  - {name: item_visitors, key: [item], agg: distinct, field: user}
  - {name: all_visitors_30s, key: [global], agg: distinct, field: user, window: 30s, hop: 5s}
  - {name: user_sizes_5m, key: [user], agg: distinct, field: item.sizes, window: 5m, hop: 1m}
  - {name: device_values, key: [context.device], agg: distinct, field: value}
  - {name: user_items, key: [user], on: [click, like], agg: last_k, k: 20}
  - {name: category_items_1m, key: [item.category], on: [like], agg: last_k, k: 5, window: 1m, hop: 10s}
  - {name: groups_items, key: [user.groups], agg: last_k, k: 3}
  - {name: all_items, key: [global], agg: last_k, k: 50}
  - {name: taste_x_ctr, expr: "log1p(user_category_taste) * item_ctr_1h"}
  - {name: likes_a_click, expr: "ratio(user_sum_10m, user_clicks_5m)"}
  - {name: recency, expr: "bucketize(user_last_click_age ?? 1e6, [1, 10, 60, 600])"}
  - {name: fits, expr: "user_last_query == nil ? nil : (context.depth ?? 0) + (item.price > 100) - device_mean"}
`
