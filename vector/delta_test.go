package vector

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/pack"
)

// TestDeltaIsTheIndexOfWhatThereIs puts and removes rows in any order, and holds the search of an
// old index and its Delta against a table of what there is, and against the Delta after packing.
func TestDeltaIsTheIndexOfWhatThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		metric := Metric(rapid.IntRange(0, 1).Draw(t, "metric"))
		const base, dim, rows = 30, 5, 50
		vectors := world(rng, base, dim)
		index, err := NewExactInt8(vectors, dim, metric)
		if err != nil {
			t.Fatal(err)
		}
		delta, err := NewDelta(base, dim, metric, rows)
		if err != nil {
			t.Fatal(err)
		}
		there := map[uint32][]float32{}
		for row := range base {
			there[uint32(row)] = vectors[row*dim:][:dim]
		}
		for range rapid.IntRange(0, 80).Draw(t, "changes") {
			row := uint32(rng.IntN(rows))
			if rng.IntN(3) == 0 {
				err = delta.Remove(row)
				delete(there, row)
			} else {
				v := world(rng, 1, dim)
				err = delta.Put(row, v)
				there[row] = slices.Clone(v)
				clear(v) // a Delta keeps a copy
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var w pack.Writer
		delta.Pack(&w)
		unpacked, err := NewDelta(base, dim, metric, rows)
		if err != nil {
			t.Fatal(err)
		}
		r := pack.NewReader(w.Bytes)
		if unpacked.Unpack(r); r.Done() != nil {
			t.Fatal(r.Done())
		}
		var again pack.Writer
		if unpacked.Pack(&again); !bytes.Equal(w.Bytes, again.Bytes) {
			t.Fatal("a Delta packs to other bytes after unpacking")
		}

		all := make([]float32, rows*dim)
		for row, v := range there {
			copy(all[int(row)*dim:], v)
		}
		query, n := world(rng, 1, dim), rapid.IntRange(0, 60).Draw(t, "n")
		odd := rapid.Bool().Draw(t, "skip")
		skip := func(row uint32) bool { return odd && row%3 == 1 }
		want := oracle(all, dim, metric, query, n, func(row uint32) bool { return there[row] == nil || skip(row) })
		for _, d := range []*Delta{delta, unpacked} {
			got := d.Search(nil, index, query, n, skip)
			if !slices.Equal(got, want) {
				t.Fatalf("%d rows added, %d gone: %v, want %v", d.Added(), d.Gone(), got, want)
			}
		}
	})
}

func TestDeltaHasBounds(t *testing.T) {
	delta, err := NewDelta(10, 2, Cosine, 3)
	if err != nil {
		t.Fatal(err)
	}
	for row := range uint32(3) {
		if err := delta.Put(20+row, []float32{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	if err := delta.Put(7, []float32{1, 2}); !errors.Is(err, ErrFull) {
		t.Errorf("a fourth row is added: %v", err)
	}
	if err := delta.Put(21, []float32{2, 1}); err != nil {
		t.Errorf("an added row is not replaced: %v", err)
	}
	for row := range uint32(3) {
		if err := delta.Remove(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := delta.Remove(3); !errors.Is(err, ErrFull) {
		t.Errorf("a fourth row of the index goes: %v", err)
	}
	if err := delta.Remove(1); err != nil {
		t.Errorf("a row that is gone goes again: %v", err)
	}
	if err := delta.Put(20, []float32{0, 0}); !errors.Is(err, ErrBadVector) {
		t.Errorf("zeros are put: %v", err)
	}
	if delta.Added() != 3 || delta.Gone() != 3 {
		t.Errorf("%d rows are added and %d gone, want 3 and 3", delta.Added(), delta.Gone())
	}
	for _, bad := range []func() (*Delta, error){
		func() (*Delta, error) { return NewDelta(-1, 2, Cosine, 3) },
		func() (*Delta, error) { return NewDelta(1, 0, Cosine, 3) },
		func() (*Delta, error) { return NewDelta(1, 2, 9, 3) },
		func() (*Delta, error) { return NewDelta(1, 2, Cosine, -3) },
	} {
		if _, err := bad(); err == nil {
			t.Error("a delta that cannot be is made")
		}
	}
}

// packedDelta is one with two rows added, one of them for a row of the index, and two gone.
func packedDelta(t testing.TB) []byte {
	delta, err := NewDelta(10, 2, Cosine, 3)
	if err == nil {
		err = errors.Join(delta.Put(4, []float32{3, 4}), delta.Put(12, []float32{1, 0}), delta.Remove(6))
	}
	if err != nil {
		t.Fatal(err)
	}
	var w pack.Writer
	delta.Pack(&w)
	return w.Bytes
}

func unpackDelta(t testing.TB, b []byte) (*Delta, error) {
	delta, err := NewDelta(10, 2, Cosine, 3)
	if err != nil {
		t.Fatal(err)
	}
	r := pack.NewReader(b)
	delta.Unpack(r)
	return delta, r.Done()
}

func TestDeltaRefusesOtherBytes(t *testing.T) {
	good := packedDelta(t)
	if _, err := unpackDelta(t, good); err != nil {
		t.Fatal(err)
	}
	bits := math.Float32bits(float32(math.Inf(1)))
	for want, change := range map[string]func(b []byte) []byte{
		"a delta of 11 rows of 2": func(b []byte) []byte { b[1] = 11; return b },
		"metric 0, where":         func(b []byte) []byte { b[0] = 0; return b },
		"not in order":            func(b []byte) []byte { b[4], b[5] = b[5], b[4]; return b },
		"number 30 where":         func(b []byte) []byte { b[5] = 30; return b },
		"replaced and not gone":   func(b []byte) []byte { b[4] = 3; return b },
		"5 rows are gone":         func(b []byte) []byte { b[3] = 5; return b },
		"is -Inf":                 func(b []byte) []byte { b[8], b[9], b[10], b[11] = 0, 0, byte(bits>>16), 0xff; return b },
		"instead of 1":            func(b []byte) []byte { b[11] = 0x40; return b },
		"cut off":                 func(b []byte) []byte { return b[:len(b)-1] },
		"1 bytes too many":        func(b []byte) []byte { return append(b, 0) },
	} {
		_, err := unpackDelta(t, change(bytes.Clone(good)))
		if !errors.Is(err, pack.ErrDamaged) || !strings.Contains(err.Error(), want) && want != "cut off" {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzUnpackDelta(f *testing.F) {
	f.Add(packedDelta(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		delta, err := unpackDelta(t, b)
		if err != nil {
			return
		}
		index, err := NewExact(world(rand.New(rand.NewPCG(1, 1)), 10, 2), 2, Cosine)
		if err != nil {
			t.Fatal(err)
		}
		if hits := delta.Search(nil, index, []float32{1, 1}, 20, nil); len(hits) != 10-delta.Gone()+delta.Added() {
			t.Fatalf("%d hits: %d rows are added and %d gone of 10", len(hits), delta.Added(), delta.Gone())
		}
	})
}
