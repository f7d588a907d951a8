package learn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/rank"
)

// FieldOptions say how fields are fitted to rows. The zero value of a field is its default.
type FieldOptions struct {
	Number   rank.Kind  // of fields of numbers: rank.Spread, the default, Bucket, Scaled or Log
	Knots    int        // of a number, at most; 0 is 16
	MinCount int        // of rows that a word must be in; 0 is 5
	MaxWords int        // of one vocabulary, the most frequent; 0 is a million
	Half     float64    // of sequences: places in which a word's say halves; 0 is 5
	Crosses  [][]string // lists of words whose combinations are fields of their own
	Buckets  int        // of a cross; 0 is 2^18
	Seed     uint64
}

func (o FieldOptions) withDefaults() FieldOptions {
	o.Number = cmp.Or(o.Number, rank.Spread)
	o.Knots, o.MinCount, o.MaxWords, o.Half, o.Buckets = cmp.Or(o.Knots, 16), cmp.Or(o.MinCount, 5), cmp.Or(o.MaxWords, 1_000_000), cmp.Or(o.Half, 5), cmp.Or(o.Buckets, 1<<18)
	return o
}

// Fitted are fields that were fitted to rows.
type Fitted struct {
	Fields []rank.Field
	Counts [][]uint32 // by field of words: in how many rows each of its Tokens is
	Doubts []string   // what a model cannot learn from, and what was cut
}

// countedMost is how many words of one list are counted at a time: some 200 MB.
const countedMost = 1 << 22

// FitFields fits a field to each number and each list of words of so many rows, which each visits,
// and adds the crosses that are asked for. Knots are at quantiles of a seeded sample. A list of a
// feature is a sequence, since features keep the newest first, and any other a category; their
// vocabularies are the words that are in MinCount rows. Its memory is bounded, whatever the rows are.
func FitFields(names rank.Names, n int, each func(visit func(row *rank.Row)) error, o FieldOptions) (f Fitted, err error) {
	o = o.withDefaults()
	keep := min(1, float64(sampled)/float64(max(1, n)))
	rng := rand.New(rand.NewPCG(o.Seed, 4))
	values := make([][]float64, len(names.Numbers))
	numbers := make([]extent, len(names.Numbers))
	counts := make([]*wordCount, len(names.Words))
	for i := range counts {
		counts[i] = &wordCount{of: map[rank.Token]uint32{}, most: countedMost}
	}
	err = each(func(row *rank.Row) {
		for i := range counts {
			counts[i].row(row.List(i))
		}
		sample := keep == 1 || rng.Float64() < keep
		for i, v := range row.Numbers {
			if numbers[i].add(v) && sample {
				values[i] = append(values[i], min(rank.MaxNumber, max(-rank.MaxNumber, v))) // beyond it all are alike
			}
		}
	})
	if err != nil {
		return f, err
	}
	for i, name := range names.Numbers {
		slices.Sort(values[i])
		field := rank.Field{Name: name, Kind: o.Number}
		if o.Number == rank.Spread || o.Number == rank.Bucket {
			field.Knots = quantiles(values[i], o.Knots)
		} else {
			field.Mean, field.Scale = spreadOf(values[i], o.Number == rank.Log)
		}
		switch e := numbers[i]; {
		case e.seen == 0:
			f.Doubts = append(f.Doubts, fmt.Sprintf("%s has no value in any row: nothing is learned from it", name))
		case e.least == e.most && e.missing == 0:
			f.Doubts = append(f.Doubts, fmt.Sprintf("%s is %g in every row: nothing is learned from it", name, e.least))
		}
		f.Fields, f.Counts = append(f.Fields, field), append(f.Counts, nil)
	}
	for i, name := range names.Words {
		c := counts[i]
		field := rank.Field{Name: name, Kind: rank.Category}
		if strings.HasPrefix(name, "feature.") {
			field.Kind, field.Half = rank.Sequence, o.Half
		}
		var left int
		field.Tokens, left = c.vocabulary(o.MinCount, o.MaxWords)
		switch {
		case c.constant():
			f.Doubts = append(f.Doubts, fmt.Sprintf("%s is the same in every row: nothing is learned from it", name))
		case len(field.Tokens) == 0:
			f.Doubts = append(f.Doubts, fmt.Sprintf("%s has no word that %d rows share: nothing is learned from it", name, o.MinCount))
		case c.pruned || left > 0:
			f.Doubts = append(f.Doubts, fmt.Sprintf("%s has more words than a vocabulary of %d holds: the rarest count as unknown", name, o.MaxWords))
		}
		rows := make([]uint32, len(field.Tokens))
		for k, word := range field.Tokens {
			rows[k] = c.of[word]
		}
		f.Fields, f.Counts = append(f.Fields, field), append(f.Counts, rows)
	}
	for _, of := range o.Crosses {
		f.Fields, f.Counts = append(f.Fields, rank.Field{Name: strings.Join(of, " × "), Kind: rank.Cross, Of: of, Buckets: o.Buckets}), append(f.Counts, nil)
	}
	return f, nil
}

// extent is what is seen of a number.
type extent struct {
	seen, missing int
	least, most   float64
}

// add reports whether the value is one.
func (e *extent) add(v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		e.missing++
		return false
	}
	if e.seen == 0 {
		e.least, e.most = v, v
	}
	e.seen++
	e.least, e.most = min(e.least, v), max(e.most, v)
	return true
}

// spreadOf is the mean of values, or of their logarithms as a field of rank.Log has them, and one
// over their standard deviation.
func spreadOf(values []float64, logs bool) (mean, scale float64) {
	of := func(v float64) float64 {
		if logs {
			return math.Copysign(math.Log1p(math.Abs(v)), v)
		}
		return v
	}
	n := float64(max(1, len(values)))
	for _, v := range values {
		mean += of(v) / n
	}
	variance := 0.0
	for _, v := range values {
		variance += (of(v) - mean) * (of(v) - mean) / n
	}
	if variance == 0 || math.IsInf(variance, 0) {
		return mean, 1
	}
	return mean, 1 / math.Sqrt(variance)
}

// wordCount counts words. When there are too many different ones, those seen least go, and what a word
// may have lost by it is added when it comes again: no count is too low (lossy counting: Manku and
// Motwani, "Approximate Frequency Counts over Data Streams", VLDB 2002, §4.2, with a bound on the
// words instead of on the error).
type wordCount struct {
	of     map[rank.Token]uint32
	most   int
	lost   uint32 // what a word that is not there may have counted
	pruned bool
	rows   int
	alike  int        // rows that had one word, that of the first row
	first  rank.Token // word of the first row
}

func (c *wordCount) row(words []rank.Token) {
	if len(words) == 1 && (c.rows == 0 || words[0] == c.first) {
		c.first = words[0]
		c.alike++
	}
	c.rows++
	for _, word := range words {
		c.add(word)
	}
}

// constant reports that all rows had the same one word, or none.
func (c *wordCount) constant() bool { return c.alike == c.rows || len(c.of) == 0 }

func (c *wordCount) add(word rank.Token) {
	n, ok := c.of[word]
	if !ok {
		if len(c.of) >= c.most {
			c.prune()
		}
		n = c.lost
	}
	if n < math.MaxUint32 {
		n++
	}
	c.of[word] = n
}

// prune lets go of at least half of the words.
func (c *wordCount) prune() {
	counts := make([]uint32, 0, len(c.of))
	for _, n := range c.of {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	c.lost, c.pruned = counts[len(counts)/2], true
	for word, n := range c.of {
		if n <= c.lost {
			delete(c.of, word)
		}
	}
}

// vocabulary are the words that count at least so much, at most the given number of them, ascending,
// and how many there were beyond.
func (c *wordCount) vocabulary(least, most int) (tokens []rank.Token, left int) {
	for word, n := range c.of {
		if int(n) >= least {
			tokens = append(tokens, word)
		}
	}
	if len(tokens) > most {
		slices.SortFunc(tokens, func(a, b rank.Token) int { return cmp.Or(cmp.Compare(c.of[b], c.of[a]), cmp.Compare(a, b)) })
		left = len(tokens) - most
		tokens = tokens[:most]
	}
	slices.Sort(tokens)
	return tokens, left
}
