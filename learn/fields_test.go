package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

func fitted(t testing.TB, names rank.Names, rows []rank.Row, o FieldOptions) Fitted {
	t.Helper()
	f, err := FitFields(names, len(rows), func(visit func(*rank.Row)) error {
		for i := range rows {
			visit(&rows[i])
		}
		return nil
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFitFields(t *testing.T) {
	names := rank.Names{Numbers: []string{"x", "same", "none"}, Words: []string{"word", "shop", "feature.last"}}
	var rows []rank.Row
	for i := range 200 {
		r := rank.Row{Numbers: []float64{float64(i), 7, math.NaN()}}
		r.Words = append(r.Words, rank.Token(i%4+1))
		if i == 0 {
			r.Words[0] = 99
		}
		r.End()
		r.Words = append(r.Words, 5)
		r.End()
		r.Words = append(r.Words, rank.Token(i%2+1), 3)
		r.End()
		rows = append(rows, r)
	}
	f := fitted(t, names, rows, FieldOptions{MinCount: 2, Crosses: [][]string{{"word", "shop"}}})
	if len(f.Fields) != 7 || !slices.Equal(f.Fields[3].Tokens, []rank.Token{1, 2, 3, 4}) || !slices.Equal(f.Counts[3], []uint32{49, 50, 50, 50}) {
		t.Errorf("fields %+v with counts %v", f.Fields, f.Counts)
	}
	if k := f.Fields[0].Knots; len(k) < 8 || len(k) > 16 || k[0] != 0 || k[len(k)-1] != 199 {
		t.Errorf("knots %v", k)
	}
	if f.Fields[5].Kind != rank.Sequence || f.Fields[6].Kind != rank.Cross {
		t.Errorf("a feature's list is a %s, a cross a %s", f.Fields[5].Kind, f.Fields[6].Kind)
	}
	if all := strings.Join(f.Doubts, "; "); len(f.Doubts) != 3 || !strings.Contains(all, "same is 7 in every row") || !strings.Contains(all, "none has no value") || !strings.Contains(all, "shop is the same in every row") {
		t.Errorf("doubts: %s", all)
	}
	if _, err := rank.NewSchema(f.Fields); err != nil {
		t.Error(err)
	}
	scaled := fitted(t, names, rows, FieldOptions{Number: rank.Scaled}).Fields[0]
	if math.Abs(scaled.Mean-99.5) > 1e-9 || math.Abs(scaled.Scale-1/math.Sqrt((200*200-1)/12.0)) > 1e-9 {
		t.Errorf("scaled by %v about %v", scaled.Scale, scaled.Mean)
	}
}

// TestEnormousNumbers: fields can be made of whatever numbers there are.
func TestEnormousNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	odd := []float64{math.MaxFloat64, -math.MaxFloat64, 1e308, 2e300, math.SmallestNonzeroFloat64, 0, 5}
	var rows []rank.Row
	for range 200 {
		rows = append(rows, row(odd[rng.IntN(len(odd))]))
	}
	for _, kind := range []rank.Kind{rank.Spread, rank.Bucket, rank.Scaled, rank.Log} {
		f := fitted(t, named("x"), rows, FieldOptions{Number: kind})
		schema, err := rank.NewSchema(f.Fields)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		var b rank.Batch
		for i := range rows {
			schema.Encode(&b, &rows[i])
		}
		for _, v := range b.Value {
			if !(math.Abs(float64(v)) <= 8) {
				t.Errorf("%s: a value is encoded as %v", kind, v)
			}
		}
	}
}

// TestVocabularyIsBounded counts more words than are counted at a time: the frequent ones stay.
func TestVocabularyIsBounded(t *testing.T) {
	c := &wordCount{of: map[rank.Token]uint32{}, most: 1000}
	rng := rand.New(rand.NewPCG(1, 1))
	exact := map[rank.Token]uint32{}
	for range 300_000 {
		word := rank.Token(rng.IntN(100_000) + 100)
		if rng.IntN(4) == 0 {
			word = rank.Token(rng.IntN(50)) // about 1,500 times each
		}
		exact[word]++
		c.row([]rank.Token{word})
		if len(c.of) > 1000 {
			t.Fatalf("%d words are counted", len(c.of))
		}
	}
	tokens, _ := c.vocabulary(1, 50)
	for i, word := range tokens {
		if word != rank.Token(i) {
			t.Fatalf("the 50 most frequent words are %v", tokens)
		}
		if c.of[word] < exact[word] {
			t.Errorf("word %d counts %d, and was there %d times", word, c.of[word], exact[word])
		}
	}
	if !c.pruned {
		t.Error("nothing was let go of")
	}
}

// TestHiding looks at how often words become unknown.
func TestHiding(t *testing.T) {
	schema, err := rank.NewSchema([]rank.Field{{Name: "x", Kind: rank.Scaled, Scale: 1}, {Name: "w", Kind: rank.Category, Tokens: []rank.Token{1, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	h, rng := newHiding(schema, [][]uint32{nil, {1, 100}}), rand.New(rand.NewPCG(1, 1))
	hidden := map[rank.Token]int{}
	for range 20_000 {
		for word := range rank.Token(3) { // 0 is unknown as it is
			var b rank.Batch
			schema.Encode(&b, &rank.Row{Numbers: []float64{1}, Words: []rank.Token{word}, Ends: []uint32{1}})
			number := b.Index[0]
			h.hide(&b, rng)
			if b.Index[0] != number {
				t.Fatal("a number was hidden")
			}
			if b.Index[1] == uint32(schema.Unknown(1)) {
				hidden[word]++
			}
		}
	}
	if hidden[0] != 20_000 || math.Abs(float64(hidden[1])/20_000-0.2) > 0.02 || hidden[2] == 0 || hidden[2] > 200 {
		t.Errorf("hidden of 20,000: %v", hidden)
	}
}
