package main

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/registry"
)

// TestTrainingRanksTheCatalogue: a ranker that is trained on exposures is held against popularity, recall
// and the one that is live, by the order of the whole catalogue, and its manifest says so; so is one of a
// journal without exposures.
func TestTrainingRanksTheCatalogue(t *testing.T) {
	w := sim.New(sim.Options{Seed: 8, Items: 150, Visitors: 500, Days: 12, End: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
	for _, exposures := range []bool{true, false} {
		var lines []byte
		for e := range w.History() {
			if e.Name != "expose" || exposures {
				lines = append(codec.AppendEvent(lines, &e), '\n')
			}
		}
		dir := t.TempDir()
		file, data := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "data")
		if err := os.WriteFile(file, lines, 0o600); err != nil {
			t.Fatal(err)
		}
		inProcess(t, 0, nil, "import", "-q", "--data", data, file)
		train := func(seed string) (m registry.Manifest, said string) {
			t.Helper()
			out, talk, code := runCommand(t, "train", "--foreground", "--model", "lr", "--seed", seed, "--data", data)
			if code != 0 {
				t.Fatalf("ends with %d: %s%s", code, out, talk)
			}
			disk, err := fsys.Existing(data)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = disk.Close() }() // nothing was written
			list, err := registry.List(disk, "lr")
			if err != nil {
				t.Fatal(err)
			}
			return list[len(list)-1], out
		}
		first, said := train("1")
		r := &first.Ranking
		if r.Questions < registry.LeastQuestions || r.Popular.Questions != r.Questions || r.Recall.Questions != r.Questions || r.Live != (registry.Against{}) || r.Found <= 0.5 {
			t.Fatalf("exposures %v: %+v", exposures, r)
		}
		if f := first.Fault(); f != nil || r.NDCG == 0 || r.Recall.NDCG == 0 || r.Popular.NDCG == 0 || !strings.Contains(said, "in order: NDCG@10") {
			t.Errorf("exposures %v: %v, %+v\n%s", exposures, f, r, said)
		}
		if elsewhere := r.Popular.Elsewhere; exposures && elsewhere < 0.9 || !exposures && elsewhere != 0 {
			t.Errorf("exposures %v: of slates made elsewhere are %v", exposures, elsewhere)
		}

		cfg := config.Default()
		cfg.Data = data
		n, err := openNode(t.Context(), &app{stdout: io.Discard, stderr: io.Discard, now: time.Now}, cfg, false)
		if err != nil {
			t.Fatal(err)
		}
		record, err := json.Marshal(fold.Switch{Name: "lr", Version: first.Version, SHA256: first.SHA256, By: fold.Promoted})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.stream.Switch(t.Context(), time.Now().UnixMilli(), record); err != nil {
			t.Fatal(err)
		}
		if err := n.close(); err != nil {
			t.Fatal(err)
		}
		second, said := train("2")
		live := &second.Ranking.Live
		if live.SHA256 != first.SHA256 || live.Version != 1 || live.Questions != second.Ranking.Questions || math.Abs(live.NDCG-r.NDCG) > 0.05 || !strings.Contains(said, "lr@1") {
			t.Errorf("exposures %v: beside what is live it is %+v, whose training said %+v\n%s", exposures, second.Ranking, r, said)
		}
		if _, asked := second.Ranking.Behind(first.SHA256); !asked {
			t.Errorf("exposures %v: the gate does not ask", exposures)
		}
	}
}

// TestThinnedExposuresNeedNoCorrection: of more exposures than there may be rows some are kept, whatever came
// of them, so the log-odds are right as they are; where negatives alone are sampled they are not.
func TestThinnedExposuresNeedNoCorrection(t *testing.T) {
	for _, tt := range []struct {
		exposures int
		thinned   bool
		want      float64
	}{{4 * learn.MaxRows, true, 1}, {1000, false, 1}, {0, true, learn.NegativeRate(foldAsks(config.Default()), negativesEach)}} {
		o, err := historyOptions(config.Default(), nil, 1000+tt.exposures, tt.exposures, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := negativesRate(&o); got != tt.want || (o.Rate < 1) != tt.thinned {
			t.Errorf("of %d exposures rows are kept at %v, and negatives at %v of positives, want %v", tt.exposures, o.Rate, got, tt.want)
		}
	}
}

// TestFlattery: where slates were made by rankers, which a new model is like, the line of train says how far
// ahead it is by the slates of which that is not so.
func TestFlattery(t *testing.T) {
	s := learn.Standing{Model: []float64{1, 1, 1, 0, 0.5, 0}, Recall: []float64{0, 0, 0, 0, 0.5, 1},
		Makers: []string{"twin", "twin", "twin", "", learn.Elsewhere, learn.ByRecall}}
	notRecall := against(&s, s.Recall, notOf(learn.ByRecall))
	for _, tt := range []struct {
		name string
		made func(string) bool
		want string
	}{
		{"some", func(maker string) bool { return maker != learn.ByRecall && !byRanker(maker) }, " on 5 that it did not show, +0.0000 ± 0.0000 on the 2 of them that no known ranker did"},
		{"one", func(maker string) bool { return maker == "" }, " on 5 that it did not show, but rankers did"},
		{"all", notOf(learn.ByRecall), " on 5 that it did not show"},
	} {
		unranked := against(&s, s.Recall, tt.made)
		if got := beside("recall", &notRecall, &unranked); !strings.HasPrefix(got, " · recall 0.1000, ahead of it by +0.6000 ± ") || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %q, want it to end in %q", tt.name, got, tt.want)
		}
	}
	if got := beside("lr@1", &registry.Against{}, &registry.Against{}); got != "" {
		t.Errorf("an order that was asked nothing is %q", got)
	}
}
