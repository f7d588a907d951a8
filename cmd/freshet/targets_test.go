package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/config"
)

// TestTheConfiguredRankerIsTrained: its kinds, and a head for each event that it is to bring about.
func TestTheConfiguredRankerIsTrained(t *testing.T) {
	cfg, problems := config.Parse("f", []byte("ranker: {kind: deepfm, fallback: [fm, lr], objective: {purchase: 5, like: 3, click: 1}, fields: [user.id]}\n"), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	if got := needed(cfg); !slices.Equal(got, []string{"lr", "fm", "deepfm", "itemitem"}) {
		t.Errorf("needed are %q", got)
	}
	if got := fmt.Sprint(targets(cfg)); got != "[{click 1 } {like 3 } {purchase 5 }]" {
		t.Errorf("targets are %s", got)
	}
	if got := foldOptions(cfg).Words; !slices.Equal(got, []string{"user.id"}) {
		t.Errorf("rows have the words %q", got)
	}
	if slateConfig(cfg) == slateConfig(config.Default()) {
		t.Error("other words in rows leave the hash of what shapes a slate as it was")
	}
}
