package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
)

// Golden is rows and what a ranker made of them when it was trained: what it makes of them where it
// is to rank must be the same.
type Golden struct {
	Names rank.Names
	Rows  []rank.Row
	Odds  []float64 // log-odds, by row
}

// Exemplified is a ranker that is kept with its golden rows.
type Exemplified struct {
	Model
	Golden *Golden
}

const (
	goldenName     = "golden.bin"
	goldenMagic    = "freshet golden 1"
	maxGoldenBytes = 16 << 20
	maxGoldenRows  = 1024
)

// goldenTolerance is how far log-odds may be from the golden ones, in parts of them where they are
// beyond ±1. Kernels differ by some 1e-5; a model that is off by 1e-3 is another one.
const goldenTolerance = 2e-4

func (g *Golden) bytes() ([]byte, error) {
	if len(g.Rows) == 0 || len(g.Rows) > maxGoldenRows || len(g.Odds) != len(g.Rows) {
		return nil, fmt.Errorf("%d golden rows with %d outputs; 1 to %d with as many are kept", len(g.Rows), len(g.Odds), maxGoldenRows)
	}
	var w pack.Writer
	w.Text(goldenMagic)
	for _, names := range [][]string{g.Names.Numbers, g.Names.Words} {
		w.Len(len(names))
		for _, name := range names {
			w.Text(name)
		}
	}
	w.Len(len(g.Rows))
	for i := range g.Rows {
		row := &g.Rows[i]
		if len(row.Numbers) != len(g.Names.Numbers) || len(row.Ends) != len(g.Names.Words) {
			return nil, fmt.Errorf("golden row %d has %d numbers and %d lists for %d and %d names", i, len(row.Numbers), len(row.Ends), len(g.Names.Numbers), len(g.Names.Words))
		}
		for _, v := range row.Numbers {
			w.Float(v)
		}
		for list := range row.Ends {
			words := row.List(list)
			w.Len(len(words))
			for _, token := range words {
				w.Word(uint64(token))
			}
		}
		w.Float(g.Odds[i])
	}
	if len(w.Bytes) > maxGoldenBytes {
		return nil, fmt.Errorf("the golden rows take %d bytes; at most %d are kept", len(w.Bytes), maxGoldenBytes)
	}
	return w.Bytes, nil
}

func readGolden(data []byte) (*Golden, error) {
	r := pack.NewReader(data)
	if magic := r.Text(); magic != goldenMagic {
		return nil, fmt.Errorf("they begin with %.40q, not with %q", magic, goldenMagic)
	}
	g := &Golden{}
	for _, names := range []*[]string{&g.Names.Numbers, &g.Names.Words} {
		for range r.Len(1) {
			*names = append(*names, r.Text())
		}
	}
	n := r.Len(8*len(g.Names.Numbers) + len(g.Names.Words) + 8)
	if n == 0 || n > maxGoldenRows {
		r.Fail("%d rows; 1 to %d are kept", n, maxGoldenRows)
	}
	for range n {
		row := rank.Row{}
		for range g.Names.Numbers {
			row.Numbers = append(row.Numbers, r.Float())
		}
		for range g.Names.Words {
			for range r.Len(8) {
				row.Words = append(row.Words, rank.Token(r.Word()))
			}
			row.End()
		}
		g.Rows, g.Odds = append(g.Rows, row), append(g.Odds, r.Float())
		if r.Err() != nil {
			break
		}
	}
	return g, r.Done()
}

// exampleOf reads the golden rows that the manifest names, nil when it names none.
func exampleOf(disk fsys.FS, m *Manifest) (*Golden, error) {
	if m.Golden == "" {
		return nil, nil
	}
	data, err := fsys.ReadFile(disk, folder(m.Model, m.Version)+"/"+goldenName, maxGoldenBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, faultf(NotGolden, "the golden rows that the manifest names are not there (%s)", goldenName)
	case err != nil:
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.Golden {
		return nil, faultf(NotGolden, "the golden rows are not those that the manifest names (%s)", goldenName)
	}
	g, err := readGolden(data)
	if err != nil {
		return nil, faultf(NotGolden, "the golden rows do not read: %v", err)
	}
	return g, nil
}

// Checked says what is wrong with what the ranker makes of its golden rows, nil for nothing. A bundle
// of a release that kept none has nothing to be held against.
func (b *Bundle) Checked() *Fault {
	g := b.Example
	if g == nil {
		if b.needsGolden() {
			return faultf(NotGolden, "it was kept without golden rows: train it again with this release")
		}
		return nil
	}
	names := b.Names()
	if !slices.Equal(names.Numbers, g.Names.Numbers) || !slices.Equal(names.Words, g.Names.Words) {
		return faultf(NotGolden, "the golden rows have other fields than the model")
	}
	odds := make([]float64, len(g.Rows))
	b.Odds(g.Rows, odds)
	for i, want := range g.Odds {
		if got := odds[i]; !(math.Abs(got-want) <= goldenTolerance*max(1, math.Abs(want))) {
			return faultf(NotGolden, "of golden row %d it makes the log-odds %.6f, at its training they were %.6f", i, got, want)
		}
	}
	return nil
}
