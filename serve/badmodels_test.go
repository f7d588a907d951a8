package serve_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
)

// verbatim is a model of whatever bytes.
type verbatim []byte

func (v verbatim) Bytes() ([]byte, error) { return v, nil }

// golden are rows with what the ranker makes of them, off by so much.
func golden(t testing.TB, r *rank.Ranker, off float64) *registry.Golden {
	t.Helper()
	disk := fsys.NewMem()
	save(t, disk, good(), r)
	b, err := registry.Load(disk, "lr", 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Example.Odds {
		b.Example.Odds[i] += off
	}
	return b.Example
}

// patched are the bytes of a sound ranker with one weight replaced.
func patched(t testing.TB, by float32) registry.Model {
	t.Helper()
	const mark = 12.34567
	l := sound
	l.clicks = mark
	data, err := l.ranker(t).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	from, to := make([]byte, 4), make([]byte, 4)
	binary.LittleEndian.PutUint32(from, math.Float32bits(mark))
	binary.LittleEndian.PutUint32(to, math.Float32bits(by))
	if n := strings.Count(string(data), string(from)); n != 1 {
		t.Fatalf("the weight stands %d times in the file", n)
	}
	return &registry.Exemplified{Model: verbatim(strings.Replace(string(data), string(from), string(to), 1)), Golden: golden(t, sound.ranker(t), 0)}
}

// named is a ranker over other fields.
func named(t testing.TB, change func(names []string) []string) registry.Model {
	return modeltest.LR(t, change(rowNames(t)), []float64{0, 100}, -2, func(name string) []float32 {
		if name == "feature.item.clicks" {
			return []float32{0, 0, 20}
		}
		return nil
	})
}

// wide is a ranker whose network takes a hundred times as long as others.
func wide(t testing.TB) registry.Model {
	t.Helper()
	s := sound.ranker(t).Schema()
	const dim, width = 16, 2048
	rng := rand.New(rand.NewPCG(1, 1))
	small := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64()) / 100
		}
		return list
	}
	m := &rank.DeepFM{FM: rank.FM{LR: rank.LR{Fields: s, Weights: small(s.Weights())}, Dim: dim, Vectors: small(dim * s.Weights())}}
	in := dim * len(s.Fields)
	for _, out := range []int{width, width, width, 1} {
		m.Layers = append(m.Layers, rank.Layer{In: in, Out: out, Weights: small(in * out), Bias: small(out)})
		in = out
	}
	return rank.Single("click", m)
}

// spoil writes version 2 as a sound one and changes one of its files.
func spoil(name string, change func(data []byte) []byte) func(*testing.T, *fsys.Mem) {
	return func(t *testing.T, disk *fsys.Mem) {
		save(t, disk, good(), sound.ranker(t))
		file := "models/lr/2/" + name
		data, err := fsys.ReadFile(disk, file, 1<<24)
		if err == nil {
			err = fsys.Replace(disk, file, change(slices.Clone(data)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// worse is an order that is better than the model's by more than chance.
var worse = registry.Against{NDCG: 0.4, Ahead: -0.2, Bound: 0.02}

// artefacts are models that must not be live, each as version 2.
func artefacts(live *registry.Manifest) []struct {
	name, code string
	write      func(t *testing.T, disk *fsys.Mem)
} {
	saved := func(m registry.Manifest, model func(t testing.TB) registry.Model) func(*testing.T, *fsys.Mem) {
		return func(t *testing.T, disk *fsys.Mem) { save(t, disk, m, model(t)) }
	}
	of := func(l linear) func(t testing.TB) registry.Model {
		return func(t testing.TB) registry.Model { return l.ranker(t) }
	}
	told := func(change func(*registry.Manifest)) func(*testing.T, *fsys.Mem) {
		return func(t *testing.T, disk *fsys.Mem) {
			m, l := good(), sound
			l.clicks++ // not the bytes that are live
			change(&m)
			save(t, disk, m, l.ranker(t))
		}
	}
	raw := func(text string) func(*testing.T, *fsys.Mem) {
		return saved(good(), func(t testing.TB) registry.Model {
			return &registry.Exemplified{Model: verbatim(text), Golden: golden(t, sound.ranker(t), 0)}
		})
	}
	return []struct {
		name, code string
		write      func(t *testing.T, disk *fsys.Mem)
	}{
		{"a model of 0 bytes", registry.Checksum, spoil("model.bin", func([]byte) []byte { return nil })},
		{"a model that is cut", registry.Checksum, spoil("model.bin", func(d []byte) []byte { return d[:len(d)/2] })},
		{"one bit flipped", registry.Checksum, spoil("model.bin", func(d []byte) []byte { d[len(d)-5] ^= 4; return d })},
		{"more behind it", registry.Checksum, spoil("model.bin", func(d []byte) []byte { return append(d, 0) })},
		{"a manifest of 0 bytes", registry.Checksum, spoil("manifest.json", func([]byte) []byte { return nil })},
		{"a bit of the manifest", registry.Checksum, spoil("manifest.json", func(d []byte) []byte { d[len(d)/2] ^= 1; return d })},
		{"a manifest of another version", registry.Checksum, spoil("manifest.json", func(d []byte) []byte {
			return []byte(strings.Replace(string(d), `"version": 2`, `"version": 3`, 1))
		})},
		{"a weight that is NaN", registry.NonFinite, saved(good(), func(t testing.TB) registry.Model { return patched(t, float32(math.NaN())) })},
		{"a weight that is infinite", registry.NonFinite, saved(good(), func(t testing.TB) registry.Model { return patched(t, float32(math.Inf(1))) })},
		{"a weight that is denormal", registry.NonFinite, saved(good(), func(t testing.TB) registry.Model { return patched(t, 1e-40) })},
		{"a huge weight", registry.Range, saved(good(), func(t testing.TB) registry.Model { return patched(t, 1e30) })},
		{"one field missing", registry.SchemaDiffers, saved(good(), func(t testing.TB) registry.Model { return named(t, func(n []string) []string { return n[1:] }) })},
		{"one field more", registry.SchemaDiffers, saved(good(), func(t testing.TB) registry.Model {
			return named(t, func(n []string) []string { return append(n, "feature.gone") })
		})},
		{"fields in another order", registry.SchemaDiffers, saved(good(), func(t testing.TB) registry.Model {
			return named(t, func(n []string) []string { slices.Reverse(n); return n })
		})},
		{"other definitions", registry.SchemaDiffers, told(func(m *registry.Manifest) { m.Definitions = "of another shop" })},
		{"golden rows off by 1e-3", registry.NotGolden, saved(good(), func(t testing.TB) registry.Model {
			return &registry.Exemplified{Model: sound.ranker(t), Golden: golden(t, sound.ranker(t), 1e-3)}
		})},
		{"golden rows that are cut", registry.NotGolden, spoil("golden.bin", func(d []byte) []byte { return d[:len(d)-9] })},
		{"golden rows of another model", registry.NotGolden, saved(good(), func(t testing.TB) registry.Model {
			return &registry.Exemplified{Model: sound.ranker(t), Golden: golden(t, linear{1, 3, 2}.ranker(t), 0)}
		})},
		{"pickle", registry.Format, raw("\x80\x04\x95pickle")},
		{"a program", registry.Format, raw("\x7fELF\x02\x01\x01")},
		{"a script", registry.Format, raw("#!/bin/sh\nexit 0\n")},
		{"a constant", registry.Constant, saved(good(), of(linear{-2, 0, 0}))},
		{"an inverted one", registry.Inverted, saved(good(), of(linear{-2, -20, -10}))},
		{"a shifted one", registry.Shifted, saved(good(), of(linear{3, 20, 10}))},
		{"a slow one", registry.TooSlow, saved(good(), wide)},
		{"permuted labels", registry.Unfit, told(func(m *registry.Manifest) { m.Permuted = true })},
		{"no better than the mean", registry.Unfit, told(func(m *registry.Manifest) { m.LogLoss = m.Baseline })},
		{"worse than popularity", registry.WorseThanPopularity, told(func(m *registry.Manifest) {
			m.Ranking = registry.Ranking{K: 10, Questions: 500, NDCG: 0.2, Popular: worse}
		})},
		{"worse than recall", registry.WorseThanRecall, told(func(m *registry.Manifest) {
			m.Ranking = registry.Ranking{K: 10, Questions: 500, NDCG: 0.2, Recall: worse}
		})},
		{"worse than what is live", registry.WorseThanLive, told(func(m *registry.Manifest) {
			m.Ranking = registry.Ranking{K: 10, Questions: 500, NDCG: 0.2, Live: worse}
			m.Ranking.Live.Model, m.Ranking.Live.Version, m.Ranking.Live.SHA256 = live.Model, live.Version, live.SHA256
		})},
	}
}

// TestGoalBadModels promotes bad models: each is refused with its code, whatever the power does at
// each step, and version 1 goes on; after a start nothing else ranks.
func TestGoalBadModels(t *testing.T) {
	g := goal.Begin(t, "G23", "25 of 25 refused, serving never interrupted, active version unchanged", goal.Sizes{Quick: 30, CI: 30})
	began := time.Now()
	rng := rand.New(rand.NewPCG(g.Seed(), 23))
	images := 0
	for _, c := range artefacts(&registry.Manifest{Model: "lr", Version: 1, SHA256: liveSum(t)}) {
		r := shop(t, 40, func() time.Duration { return time.Since(began) })
		c.write(t, r.disk)
		stands := func(what string, disk *fsys.Mem) {
			again := newRig(t, plan{disk: disk})
			if live := again.Live(); live.Version != 1 {
				t.Errorf("%s, %s: version %d is live", c.name, what, live.Version)
			}
			if s := again.slate(t, serve.Request{User: "ada", N: 5, DryRun: true}); s.Model == nil || s.Model.Version != 1 || len(s.Degraded) > 0 {
				t.Errorf("%s, %s: %+v ranks, %q", c.name, what, s.Model, s.Degraded)
			}
			images++
		}
		before := r.disk.Crash(rng)
		var p *serve.Problem
		if _, err := r.Promote(t.Context(), "lr", 2); !errors.As(err, &p) || p.Code != c.code || p.Hint == "" || !strings.Contains(p.Message, "lr version 2") {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
		if s := r.slate(t, serve.Request{User: "ada", N: 5}); s.Model == nil || s.Model.Version != 1 || len(s.Degraded) > 0 {
			t.Errorf("%s: after it was refused %+v ranks", c.name, s.Model)
		}
		if g.Quick() && g.N()%5 != 0 {
			g.Add(1)
			continue
		}
		stands("cut before", before)
		stands("cut after", r.disk.Crash(rng))
		g.Add(1)
	}
	g.End("%d of %d refused, %d starts", g.N(), g.N(), images)
}

// liveSum is the checksum of the model that is live in a shop.
func liveSum(t *testing.T) string {
	t.Helper()
	return save(t, fsys.NewMem(), good(), sound.ranker(t)).SHA256
}

// TestActivationIsOldOrNew cuts the power at each step of a promotion: the old version is live after
// it or the new one, never none.
func TestActivationIsOldOrNew(t *testing.T) {
	disk := fsys.NewMem()
	save(t, disk, good(), sound.ranker(t))
	rng := rand.New(rand.NewPCG(1, 12))
	var images []*fsys.Mem
	taking := false
	disk.Fail = func(op, name string) error {
		if taking && !strings.Contains(name, "LOCK") {
			images = append(images, disk.Crash(rng))
		}
		return nil
	}
	r := newRig(t, plan{disk: disk})
	if _, err := r.Promote(t.Context(), "lr", 1); err != nil {
		t.Fatal(err)
	}
	r.stock(t, 6)
	r.settled(t)
	l := sound
	l.clicks = 21
	taking = true
	save(t, disk, good(), l.ranker(t))
	if _, err := r.Promote(t.Context(), "lr", 2); err != nil {
		t.Fatal(err)
	}
	r.settled(t)
	taking = false
	seen := map[int]int{}
	for i, image := range append(images, disk.Crash(rng)) {
		again := newRig(t, plan{disk: image})
		live := again.Live()
		seen[live.Version]++
		if s := again.slate(t, serve.Request{User: "ada", DryRun: true}); s.Model == nil || s.Model.Version != live.Version || live.Version == 0 {
			t.Errorf("cut %d: version %d is live and %+v ranks", i, live.Version, s.Model)
		}
	}
	if len(images) < 10 || seen[1] == 0 || seen[2] == 0 || len(seen) != 2 {
		t.Errorf("%d cuts found the versions %v live", len(images), fmt.Sprint(seen))
	}
}

// TestAVersionIsNeverChanged: other bytes under a version that was live are refused.
func TestAVersionIsNeverChanged(t *testing.T) {
	r := shop(t, 0, nil)
	other := fsys.NewMem()
	save(t, other, good(), linear{-2, 21, 10}.ranker(t))
	for _, file := range []string{"model.bin", "manifest.json", "golden.bin"} {
		data, err := fsys.ReadFile(other, "models/lr/1/"+file, 1<<24)
		if err == nil {
			err = fsys.Replace(r.disk, "models/lr/1/"+file, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var p *serve.Problem
	if _, err := r.Promote(t.Context(), "lr", 1); !errors.As(err, &p) || p.Code != "version_exists" {
		t.Errorf("%v", err)
	}
}
