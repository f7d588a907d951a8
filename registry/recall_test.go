package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
)

// rows are ids of so many rows.
func rowIDs(t testing.TB, n int) *recall.IDs {
	t.Helper()
	var ids []freshet.ItemID
	for i := range n {
		ids = append(ids, freshet.ItemID(fmt.Sprintf("item %03d", i)))
	}
	names, ok := recall.NewIDs(ids)
	if !ok {
		t.Fatal("the ids are none")
	}
	return names
}

// smallModels are one of each kind that proposes, over 30 items.
func smallModels(t testing.TB) map[Kind]Model {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	users := make([][]uint32, 40)
	neighbours, weights := make([][]uint32, 30), make([][]float32, 30)
	for u := range users {
		for range 6 {
			users[u] = append(users[u], uint32(u%3*10+rng.IntN(10)))
		}
	}
	for i := range neighbours {
		neighbours[i], weights[i] = []uint32{uint32((i + 1) % 30), uint32((i + 7) % 30)}, []float32{1, 0.5}
	}
	matrix, err := collab.NewMatrix(users, 30)
	if err != nil {
		t.Fatal(err)
	}
	ials, err := collab.TrainIALS(t.Context(), matrix, collab.IALSOptions{Dim: 8, Epochs: 3})
	if err != nil {
		t.Fatal(err)
	}
	index, _, err := NewIndex(t.Context(), ials, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	linear, err := collab.NewItemItem(neighbours, weights, 5)
	if err != nil {
		t.Fatal(err)
	}
	return map[Kind]Model{Embedding: &Vectors{IDs: rowIDs(t, 30), Model: ials, Index: index}, ItemItems: &ItemItem{IDs: rowIDs(t, 30), Model: linear}}
}

// TestModelsOfRecall: what is loaded says what was saved, and Find and the shelf know it.
func TestModelsOfRecall(t *testing.T) {
	disk := fsys.NewMem()
	for kind, model := range smallModels(t) {
		m, err := Save(disk, Manifest{Model: string(kind), Kind: kind, Recall: Recall{Method: "by hand", Pairs: 7, At20: 0.2, Popular20: 0.1}}, model, noon)
		if err != nil || m.Faulty() != "" {
			t.Fatal(m, err)
		}
		if found, err := Find(disk, string(kind), 1); err != nil || found != m {
			t.Errorf("found %+v, %v; want %+v", found, err, m)
		}
		b, err := Load(disk, string(kind), 1)
		if err != nil || b.Manifest != m || (b.Vectors != nil) != (kind == Embedding) || (b.Linear != nil) != (kind == ItemItems) {
			t.Fatalf("%s: %+v, %v", kind, b, err)
		}
		for _, lazy := range []bool{false, true} {
			s := NewShelf(disk, lazy)
			there := func() bool { return s.Vectors(m.Model, 1, m.SHA256) != nil || s.Linear(m.Model, 1, m.SHA256) != nil }
			if there() != lazy {
				t.Errorf("%s: a shelf that is lazy %v has it at hand: %v", kind, lazy, !lazy)
			}
			if _, err := s.Load(m.Model, 1, m.SHA256); err != nil || !there() {
				t.Errorf("%s: after it was loaded: %v", kind, err)
			}
			if _, err := s.Load(m.Model, 1, "other"); err == nil {
				t.Errorf("%s: another checksum was taken", kind)
			}
			if s.Vectors(m.Model, 1, "other") != nil || s.Linear(m.Model, 2, "more") != nil {
				t.Errorf("%s: there is one of another checksum", kind)
			}
		}
	}
	want := smallModels(t)[Embedding].(*Vectors)
	b, err := Load(disk, "embedding", 1)
	if err != nil {
		t.Fatal(err)
	}
	got, user := make([]float32, 8), make([]float32, 8)
	if err := b.Vectors.Model.FoldIn(got, []uint32{3, 12, 4}, []float32{1, 0.5, 2}); err != nil {
		t.Fatal(err)
	}
	if err := want.Model.NewFolder().Fold(user, []uint32{3, 12, 4}, []float32{1, 0.5, 2}); err != nil || !slices.Equal(got, user) {
		t.Errorf("folded in %v, want %v, %v", got, user, err)
	}
	if hits := b.Vectors.Index.Search(nil, user, 9, nil); !slices.Equal(hits, want.Index.Search(nil, user, 9, nil)) || len(hits) != 9 {
		t.Errorf("found %v", hits)
	}
}

// TestAShelfIsBounded keeps the newest few.
func TestAShelfIsBounded(t *testing.T) {
	disk := fsys.NewMem()
	s := NewShelf(disk, false)
	var sums []string
	for i := range 9 {
		neighbours := make([][]uint32, 3)
		neighbours[0] = []uint32{1}
		model, err := collab.NewItemItem(neighbours, [][]float32{{float32(i + 1)}, nil, nil}, 5)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Save(disk, Manifest{Model: "itemitem", Kind: ItemItems}, &ItemItem{rowIDs(t, 3), model}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load("itemitem", m.Version, ""); err != nil {
			t.Fatal(err)
		}
		sums = append(sums, m.SHA256)
	}
	for i, sum := range sums {
		if there := s.Linear("itemitem", i+1, sum) != nil; there != (i >= 3) {
			t.Errorf("version %d of 9 is at hand: %v", i+1, there)
		}
	}
}

// FuzzLoad: a file of whatever bytes, with the checksum of these bytes, is a model or an error.
func FuzzLoad(f *testing.F) {
	for kind, model := range smallModels(f) {
		data, err := model.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(kind), data)
		for _, at := range []int{3, 30, len(data) / 2, len(data) - 3} {
			bent := slices.Clone(data)
			bent[at] ^= 0x55
			f.Add(string(kind), bent)
			f.Add(string(kind), data[:at])
		}
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		if kind != string(Embedding) && kind != string(ItemItems) {
			return
		}
		disk := fsys.NewMem()
		sum := sha256.Sum256(data)
		m := Manifest{Model: "m", Version: 1, Kind: Kind(kind), SHA256: hex.EncodeToString(sum[:])}
		_, text, err := m.Sealed()
		if err != nil {
			t.Fatal(err)
		}
		if err := disk.MkdirAll("models/m/1"); err != nil {
			t.Fatal(err)
		}
		for name, bytes := range map[string][]byte{manifestName: text, modelName: data} {
			if err := fsys.Replace(disk, "models/m/1/"+name, bytes); err != nil {
				t.Fatal(err)
			}
		}
		b, err := Load(disk, "m", 1)
		if err != nil {
			return
		}
		if v := b.Vectors; v != nil && v.IDs.Len() > 0 { // what is loaded works
			user := make([]float32, v.Model.Dim())
			if err := v.Model.FoldIn(user, []uint32{0}, []float32{1}); err == nil {
				v.Index.Search(nil, user, 3, nil)
			}
		}
		if l := b.Linear; l != nil && l.IDs.Len() > 0 {
			l.Model.Neighbours(0)
		}
	})
}
