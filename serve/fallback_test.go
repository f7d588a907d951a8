package serve_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
)

var wordsOfRows = []string{"item.id", "user.id", "context.device"}

// keep writes a ranker of a kind whose parameters are drawn, as the next version of its kind.
func keep(t testing.TB, disk fsys.FS, kind string, heads int) {
	t.Helper()
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, NewTable: mem.New, Words: wordsOfRows}
	for _, kind := range []string{"itemcf", "popular", "new"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var fields []rank.Field
	for _, name := range state.RowNames().Numbers {
		fields = append(fields, rank.Field{Name: name, Kind: rank.Spread, Knots: []float64{0, 1, 10}})
	}
	var ids []rank.Token
	for i := range 40 {
		ids = append(ids, rank.TokenOf(fmt.Sprintf("i-%d", i)))
	}
	slices.Sort(ids)
	for _, name := range wordsOfRows {
		fields = append(fields, rank.Field{Name: name, Kind: rank.Category, Tokens: ids})
	}
	s, err := rank.NewSchema(fields)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(kind))))
	draw := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64()) / 4
		}
		return list
	}
	r := &rank.Ranker{}
	for i := range heads {
		fm := rank.FM{LR: rank.LR{Fields: s, Bias: -1, Weights: draw(s.Weights())}, Dim: 4, Vectors: draw(4 * s.Weights())}
		var m rank.Model = &fm
		switch kind {
		case rank.KindLR:
			m = &fm.LR
		case rank.KindDeepFM:
			in := 4 * len(fields)
			m = &rank.DeepFM{FM: fm, Layers: []rank.Layer{{In: in, Out: 8, Weights: draw(8 * in), Bias: draw(8)}, {In: 8, Out: 1, Weights: draw(8), Bias: draw(1)}}}
		}
		r.Heads = append(r.Heads, rank.Head{Signal: fmt.Sprint("signal", i), Weight: float64(1 + i), Model: m})
	}
	if _, err := registry.Save(disk, registry.Manifest{Model: kind, Definitions: feature.Hash(features), LogLoss: 0.3, Baseline: 0.4}, r, time.UnixMilli(t0)); err != nil {
		t.Fatal(err)
	}
}

// TestFallbackKindsRank: each kind ranks when it is the best at hand, the first choice is adopted, and
// what ranks in its place when it is lost is named. Every slate is made again bit for bit.
func TestFallbackKindsRank(t *testing.T) {
	kinds := []string{rank.KindDeepFM, rank.KindFM, rank.KindLR}
	disk := fsys.NewMem()
	for i, kind := range kinds {
		keep(t, disk, kind, 1+i) // one of several heads, too
	}
	for lost := range len(kinds) + 1 {
		t.Run(fmt.Sprintf("%d lost", lost), func(t *testing.T) {
			r := newRig(t, plan{disk: disk.Clone(), words: wordsOfRows, rankers: kinds})
			if live := r.Live(); live.Name != rank.KindDeepFM {
				t.Fatalf("%q is adopted", live.Name)
			}
			if _, err := r.Promote(t.Context(), rank.KindDeepFM, 1); err != nil {
				t.Fatal(err)
			}
			r.stock(t, 30)
			r.clicks(t, 6)
			r.settled(t)
			rest := r.disk.Clone()
			for _, kind := range kinds[:lost] {
				for _, name := range []string{"model.bin", "manifest.json"} {
					if err := rest.Remove("models/" + kind + "/1/" + name); err != nil {
						t.Fatal(err)
					}
				}
			}
			r = newRig(t, plan{disk: rest, words: wordsOfRows, rankers: kinds})
			var want []string
			switch lost {
			case 0:
			case len(kinds):
				want = []string{"ranker.deepfm:unavailable", "ranker:fallback_recall"}
			default:
				want = []string{"ranker.deepfm:unavailable", "ranker:fallback_" + kinds[lost]}
			}
			for i := range 5 {
				s := r.slate(t, serve.Request{User: freshet.UserID(fmt.Sprintf("u-%d", i)), N: 8, Context: map[string]any{"device": "phone"}})
				if !slices.Equal(s.Degraded, want) || (s.Model == nil) != (lost == len(kinds)) || s.Model != nil && s.Model.Name != kinds[lost] {
					t.Errorf("degraded %q, model %+v, want %q", s.Degraded, s.Model, want)
				}
				if !slices.IsSortedFunc(s.Items, func(a, b serve.Placed) int {
					if a.Score > b.Score {
						return -1
					}
					return 1
				}) || s.Model != nil && s.Items[0].Score == s.Items[7].Score {
					t.Errorf("the scores are not in order, or all the same")
				}
			}
			r.settled(t)
			all := entries(t, r.disk)
			madeAgain(t, replayerOf(t, r.disk, all, wordsOfRows), all)
		})
	}
}

// TestWithdrawnIsNoSpare: what ranks when the live model is not at hand is the newest of its kind that the
// server has not itself withdrawn from a trial, also after a restart.
func TestWithdrawnIsNoSpare(t *testing.T) {
	kinds := []string{rank.KindDeepFM, rank.KindFM}
	disk := fsys.NewMem()
	keep(t, disk, rank.KindDeepFM, 1)
	keep(t, disk, rank.KindFM, 1)
	keep(t, disk, rank.KindFM, 2)
	bad, err := registry.Find(disk, rank.KindFM, 2)
	if err != nil {
		t.Fatal(err)
	}
	at := func(disk *fsys.Mem, want int) *rig {
		t.Helper()
		lost := disk.Clone()
		if err := lost.Remove("models/deepfm/1/model.bin"); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, plan{disk: lost, words: wordsOfRows, rankers: kinds})
		r.stock(t, 30)
		r.clicks(t, 6)
		if s := r.slate(t, serve.Request{User: "ada", N: 8}); s.Model == nil || s.Model.Name != rank.KindFM || s.Model.Version != want {
			t.Errorf("ranked by %+v, want version %d of fm", s.Model, want)
		}
		return r
	}
	r := newRig(t, plan{disk: disk, words: wordsOfRows, rankers: kinds})
	if _, err := r.Promote(t.Context(), rank.KindDeepFM, 1); err != nil {
		t.Fatal(err)
	}
	at(r.disk, 2)
	record, err := json.Marshal(fold.Switch{Name: bad.Model, Version: bad.Version, SHA256: bad.SHA256, By: fold.Withdrawn, Slot: fold.Challenger, Stage: fold.Ended, Code: registry.Inverted})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.stream.Switch(t.Context(), r.clock.Load(), record); err != nil {
		t.Fatal(err)
	}
	at(r.disk, 1)
}

// TestTooBigToAdopt: a server does not adopt by itself what nobody could promote.
func TestTooBigToAdopt(t *testing.T) {
	disk := fsys.NewMem()
	keep(t, disk, rank.KindFM, 1)
	keep(t, disk, rank.KindFM, 2)
	m, err := registry.Find(disk, rank.KindFM, 2)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(bytes int64) {
		t.Helper()
		m.Bytes = bytes
		_, text, err := m.Sealed()
		if err == nil {
			err = fsys.Replace(disk, "models/fm/2/manifest.json", text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		bytes int64
		want  int
	}{{256 << 20, 2}, {256<<20 + 1, 1}} {
		claim(c.bytes)
		r := newRig(t, plan{disk: disk.Clone(), words: wordsOfRows, rankers: []string{rank.KindFM}})
		if live := r.Live(); live.Version != c.want {
			t.Errorf("of %d bytes: version %d is adopted, want %d", c.bytes, live.Version, c.want)
		}
		_, err := r.Promote(t.Context(), rank.KindFM, 2)
		var p *serve.Problem
		if c.want == 1 && (!errors.As(err, &p) || p.Code != registry.TooBig) {
			t.Errorf("of %d bytes: promoted it is %v", c.bytes, err)
		}
	}
}
