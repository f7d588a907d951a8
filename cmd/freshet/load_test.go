package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFeaturesUnderLoadAreWhatTheJournalSays reads feature rows while clients post disordered,
// duplicate and late events, then has an independent program recompute every cell from the
// dump. FRESHET_LOAD_RATE and FRESHET_LOAD_ROWS raise the load from the small default.
func TestFeaturesUnderLoadAreWhatTheJournalSays(t *testing.T) {
	rate, rows := "4000", "400"
	if v := os.Getenv("FRESHET_LOAD_RATE"); v != "" {
		rate = v
	}
	if v := os.Getenv("FRESHET_LOAD_ROWS"); v != "" {
		rows = v
	}
	data := filepath.Join(t.TempDir(), "data")
	config := filepath.Join(t.TempDir(), "freshet.yaml")
	if err := os.WriteFile(config, []byte(everyFeature), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FRESHET_CONFIG", config)
	p := start(t, data)
	kept := filepath.Join(t.TempDir(), "rows.ndjson")
	out, err := exec.Command(tool(t, "loadrun"), "--url", p.url, "--rate", rate, "--clients", "4", "--batch", "40",
		"--disorder", "0.2", "--rows", rows, "--duration", "5s", "--out", kept).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	judge(t, p, data, kept)
}

// everyFeature has each aggregate, under each kind of key, with and without a window.
const everyFeature = `
version: 1
features:
  - {name: user_clicks_5m, key: [user], on: [click], agg: count, window: 5m, hop: 30s}
  - {name: pair_clicks_5m, key: [user, item], on: [click], agg: count, window: 5m, hop: 30s}
  - {name: item_events, key: [item], agg: count}
  - {name: categories_20s, key: [item.categories], agg: count, window: 20s, hop: 5s}
  - {name: item_ctr_1h, key: [item], agg: rate, of: [click], per: [expose], window: 1h, hop: 1m, prior: [1, 20]}
  - {name: user_rate, key: [user], agg: rate, of: [click, like], per: [expose]}
  - {name: user_sum_10m, key: [user], agg: sum, field: value, window: 10m, hop: 1m}
  - {name: item_sum, key: [item], on: [like, click], agg: sum, field: value}
  - {name: user_category_taste, key: [user, item.category], on: [click, like], agg: decayed_sum, half_life: 6h}
  - {name: item_heat, key: [item], on: [click], agg: decayed_sum, half_life: 1m, field: value}
  - {name: user_last_click_age, key: [user], on: [click], agg: age}
  - {name: pair_last_like, key: [user, item.category], on: [like], agg: last_time}
`
