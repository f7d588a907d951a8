package registry

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/rank"
)

var errDisk = errors.New("the disk is gone")

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func model(bias float32) *rank.Ranker {
	s, err := rank.NewSchema([]rank.Field{{Name: "x", Kind: rank.Spread, Knots: []float64{0}}})
	if err != nil {
		panic(err)
	}
	return rank.Single("click", &rank.LR{Fields: s, Bias: bias, Weights: []float32{0, 1}})
}

func TestSaveAndLoad(t *testing.T) {
	disk := fsys.NewMem()
	for version := 1; version <= 12; version++ {
		m, err := Save(disk, Manifest{Model: "lr", AUC: 0.7}, model(float32(version)), noon)
		if err != nil || m.Version != version {
			t.Fatalf("saved as version %d, %v, want %d", m.Version, err, version)
		}
		b, err := Load(disk, "lr", version)
		if err != nil || b.Ranker.Heads[0].Model.(*rank.LR).Bias != float32(version) || !reflect.DeepEqual(b.Manifest, m) {
			t.Fatalf("loaded %+v, %v", b, err)
		}
	}
	list, err := List(disk, "lr")
	if err != nil || len(list) != 12 || list[11].Version != 12 {
		t.Errorf("listed %d, %v", len(list), err)
	}
	if list, err := List(disk, "fm"); err != nil || len(list) != 0 {
		t.Errorf("a model that was never saved: %v, %v", list, err)
	}
	for _, name := range []string{"", "../x", "a/../b", ".", "/x"} {
		if _, err := Save(disk, Manifest{Model: name}, model(0), noon); err == nil {
			t.Errorf("saved under the name %q", name)
		}
	}
}

// Whatever write fails, or wherever the power is cut, a version is whole or not there.
func TestSaveIsWholeOrNothing(t *testing.T) {
	for step := 1; ; step++ {
		disk := fsys.NewMem()
		if _, err := Save(disk, Manifest{Model: "lr"}, model(1), noon); err != nil {
			t.Fatal(err)
		}
		left := step
		disk.Fail = func(op, name string) error {
			if left--; left == 0 {
				return errDisk
			}
			return nil
		}
		_, err := Save(disk, Manifest{Model: "lr"}, model(2), noon)
		disk.Fail = nil
		if left > 0 {
			if err != nil || step < 5 {
				t.Fatalf("step %d was never reached: %v", step, err)
			}
			return
		}
		list, lerr := List(disk, "lr")
		if lerr != nil || len(list) < 1 {
			t.Fatalf("step %d: %v, %v", step, list, lerr)
		}
		for _, m := range list {
			if _, err := Load(disk, "lr", m.Version); err != nil {
				t.Errorf("step %d: version %d is there and %v", step, m.Version, err)
			}
		}
		if m, err := Save(disk, Manifest{Model: "lr"}, model(3), noon); err != nil || m.Version < 2 {
			t.Errorf("step %d: after the failure %+v, %v", step, m, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, damage := range map[string]struct{ file, from, to string }{
		"a flipped digit":        {"model.bin", "click", "clack"},
		"another's manifest":     {"manifest.json", `"version": 1`, `"version": 2`},
		"another checksum":       {"manifest.json", `"sha256": "`, `"sha256": "0`},
		"a manifest that is cut": {"manifest.json", "}", ""},
	} {
		disk := fsys.NewMem()
		if _, err := Save(disk, Manifest{Model: "lr"}, model(1), noon); err != nil {
			t.Fatal(err)
		}
		path := "models/lr/1/" + damage.file
		text, err := fsys.ReadFile(disk, path, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		bad := strings.Replace(string(text), damage.from, damage.to, 1)
		if bad == string(text) {
			t.Fatalf("%s: nothing was changed in %s", name, text)
		}
		if err := fsys.Replace(disk, path, []byte(bad)); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(disk, "lr", 1); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestGoalDamage changes and cuts both files of a bundle; none of it may pass.
func TestGoalDamage(t *testing.T) {
	g := goal.Begin(t, "G6", "100 % of damage to models and manifests detected", goal.Sizes{Quick: 300, CI: 1500})
	disk := fsys.NewMem()
	if _, err := Save(disk, Manifest{Model: "lr", AUC: 0.7, LogLoss: 0.3, Baseline: 0.4}, model(1), noon); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(6, 6))
	for g.More() {
		name := folder("lr", 1) + "/" + []string{manifestName, modelName}[rng.IntN(2)]
		whole, err := fsys.ReadFile(disk, name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		bad, at := slices.Clone(whole), rng.IntN(len(whole))
		switch rng.IntN(4) {
		case 0:
			bad = bad[:at]
		case 1:
			bad = slices.Insert(bad, at, byte(rng.IntN(256)))
		default:
			bad[at] ^= 1 << rng.IntN(8)
		}
		image := disk.Clone()
		if err := fsys.Replace(image, name, bad); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(image, "lr", 1); err == nil {
			t.Fatalf("%s with damage at byte %d was accepted:\n%s", name, at, bad)
		}
		g.Add(1)
	}
	g.End("100 %% detected")
}

func TestNames(t *testing.T) {
	disk := fsys.NewMem()
	if names, err := Names(disk); err != nil || len(names) != 0 {
		t.Errorf("an empty directory has models %q, %v", names, err)
	}
	for _, dir := range []string{"models/lr/1", "models/fm/1.tmp", "models/empty", "models/ab/x"} {
		if err := disk.MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := Names(disk); err != nil || len(names) != 1 || names[0] != "lr" {
		t.Errorf("names %q, %v; want the one with a whole version", names, err)
	}
}

func TestLoadRefusesNames(t *testing.T) {
	disk := fsys.NewMem()
	for _, name := range []string{"", ".", "..", "../models/lr", "a/b", `a\b`, "/lr"} {
		if _, err := Load(disk, name, 1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Load(%q): %v", name, err)
		}
	}
}

func TestFaulty(t *testing.T) {
	for name, c := range map[string]struct {
		m    Manifest
		says string
	}{
		"sound":        {Manifest{LogLoss: 0.3, Baseline: 0.4}, ""},
		"as the mean":  {Manifest{LogLoss: 0.4, Baseline: 0.4}, "no better"},
		"not a number": {Manifest{LogLoss: math.NaN(), Baseline: 0.4}, "no better"},
		"permuted":     {Manifest{LogLoss: 0.3, Baseline: 0.4, Permuted: true}, "permuted"},
	} {
		if got := c.m.Faulty(); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
