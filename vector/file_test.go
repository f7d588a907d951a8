package vector

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// saved returns an index of each kind, and its bytes.
func saved(t testing.TB, metric Metric, rows, dim int) ([]Index, [][]byte) {
	t.Helper()
	vectors, queries := clustered(11, rows, 3, dim)
	exact, err := NewExact(vectors, dim, metric)
	if err != nil {
		t.Fatal(err)
	}
	small, err := NewExactInt8(vectors, dim, metric)
	if err != nil {
		t.Fatal(err)
	}
	file, err := NewIVF(context.Background(), vectors, dim, metric, IVFOptions{Lists: 7, Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	graph, err := NewHNSW(context.Background(), vectors, dim, HNSWOptions{Metric: metric, Links: 4, Ef: 10})
	if err != nil {
		t.Fatal(err)
	}
	indexes, files := []Index{exact, small, file, graph}, [][]byte{}
	for _, index := range indexes {
		var b bytes.Buffer
		if err := Save(&b, index); err != nil {
			t.Fatal(err)
		}
		files = append(files, b.Bytes())
	}
	return indexes, files
}

func loadBytes(b []byte) (Index, error) {
	return Load(context.Background(), bytes.NewReader(b), int64(len(b)))
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	for _, metric := range []Metric{InnerProduct, Cosine} {
		indexes, files := saved(t, metric, 500, 9)
		_, queries := clustered(12, 1, 20, 9)
		for i, index := range indexes {
			loaded, err := loadBytes(files[i])
			if err != nil {
				t.Fatal(err)
			}
			for q := range 20 {
				query := queries[q*9:][:9]
				if got, want := loaded.Search(nil, query, 30, nil), index.Search(nil, query, 30, nil); !slices.Equal(got, want) {
					t.Fatalf("%T finds %v after loading, and before it %v", index, got, want)
				}
			}
			var again bytes.Buffer
			if err := Save(&again, loaded); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Bytes(), files[i]) {
				t.Errorf("%T makes other bytes after loading", index)
			}
		}
	}
	if err := Save(new(bytes.Buffer), strange{}); err == nil || !strings.Contains(err.Error(), "vector.strange has no form in a file") {
		t.Errorf("an index from elsewhere is saved: %v", err)
	}
}

type strange struct{ Index }

// TestEveryDamagedByteIsFound flips bits of every byte, and cuts files off everywhere.
func TestEveryDamagedByteIsFound(t *testing.T) {
	_, files := saved(t, Cosine, 40, 3)
	for _, file := range files {
		for i := range file {
			damaged := bytes.Clone(file)
			damaged[i] ^= 1 << (i % 8)
			if _, err := loadBytes(damaged); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d of %d is damaged: %v", i, len(file), err)
			}
			if _, err := loadBytes(file[:i]); !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut off after %d of %d bytes: %v", i, len(file), err)
			}
			if _, err := Load(context.Background(), bytes.NewReader(file[:i]), int64(len(file))); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%d of %d bytes are there: %v", i, len(file), err)
			}
		}
		if _, err := loadBytes(append(bytes.Clone(file), 0)); !errors.Is(err, ErrDamaged) {
			t.Errorf("a byte too many: %v", err)
		}
	}
}

// signed gives bytes the checksum that fits.
func signed(b []byte) []byte {
	n := max(0, len(b)-4)
	return binary.LittleEndian.AppendUint32(b[:n:n], crc32.Checksum(b[:n], castagnoli))
}

// TestLiesAreFound changes what a file says and signs it.
func TestLiesAreFound(t *testing.T) {
	_, files := saved(t, Cosine, 40, 3)
	put := func(file []byte, at int, v uint32) []byte {
		b := bytes.Clone(file)
		binary.LittleEndian.PutUint32(b[at:], v)
		return signed(b)
	}
	ivf, graph := files[2], files[3]
	layers := 44 + 40*12 // where those of the rows begin, behind links, ef and entry
	for want, file := range map[string][]byte{
		"version is 2":            put(ivf, 8, 2),
		"kind 9":                  put(ivf, 12, 9),
		"metric 2":                put(ivf, 16, 2),
		"a length of 0":           put(ivf, 20, 0),
		"a length of 65537":       put(ivf, 20, MaxDim+1),
		"cut off: 4000000 times":  put(ivf, 24, 4_000_000),
		"rows":                    put(ivf, 28, 1<<31),
		"is NaN":                  put(ivf, 32, math.Float32bits(float32(math.NaN()))),
		"has a length of":         put(ivf, 32, math.Float32bits(2)),
		"41 lists for 40 rows":    put(ivf, 32+40*12, 41),
		"its reach is -1":         put(ivf, 36+40*12, math.Float32bits(-1)),
		"row 0 is in list 7 of 7": put(ivf, 40+40*12+7*12, 7),
		"its rows have 65 links":  put(graph, layers-12, 65),
		"keep 0 rows":             put(graph, layers-8, 0),
		"its entry is row 40 of":  put(graph, layers-4, 40),
		"on 31 layers":            put(graph, layers, 31),
		"linked to row 77":        put(graph, layers+40*4, 77),
		"beyond":                  put(ivf, 40+40*12, math.Float32bits(1e30)),
	} {
		if _, err := loadBytes(file); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzLoad gives bytes as they are, and signed: an error or an index that can be searched, never a panic.
func FuzzLoad(f *testing.F) {
	for _, metric := range []Metric{InnerProduct, Cosine} {
		_, files := saved(f, metric, 20, 3)
		for _, file := range files {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		for _, file := range [][]byte{b, signed(b)} {
			index, err := loadBytes(file)
			if err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Fatal(err)
				}
				continue
			}
			query := world(rand.New(rand.NewPCG(1, 1)), 1, index.Dim())
			if hits := index.Search(nil, query, 10, nil); len(hits) != min(10, index.Len()) {
				t.Fatalf("%d hits of %d rows", len(hits), index.Len())
			}
		}
	})
}
