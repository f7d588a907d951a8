package fold_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// rowWords are lists of every source.
var rowWords = []string{"item.id", "user.id", "item.categories", "context.place", "item.category", "feature.query", "user.plan", "feature.trail", "item.author", "item.tags", "feature.gone", "context.q", "user.age"}

// naive are the words of a list as its name says, from the state's entries alone.
func naive(s *fold.State, name string, visitor, item uint32, context map[string]any, values []feature.Value) []string {
	free := func(v any) (words []string) {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, element := range list {
			if word := fmt.Sprint(element); element != nil && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
		return words
	}
	of, name, _ := strings.Cut(name, ".")
	switch of {
	case "context":
		return free(context[name])
	case "user":
		if name == "id" {
			return []string{s.Visitors.Name(visitor)}
		}
		if doc := s.Users.Entry(visitor); doc != nil {
			return free(doc.Attributes[name])
		}
		return nil
	case "feature":
		at := slices.Index(s.Features.Names(), name)
		switch {
		case at < 0 || values[at].Null:
			return nil
		case values[at].IsText:
			return []string{values[at].Text}
		}
		var words []string
		for _, entry := range values[at].List {
			words = append(words, string(s.Items.ID(entry.Item)))
		}
		return words
	}
	if name == "id" {
		return []string{string(s.Items.ID(item))}
	}
	doc := s.Items.Entry(item)
	switch {
	case doc == nil:
		return nil
	case name == "category":
		return doc.Categories[:min(1, len(doc.Categories))]
	case name == "categories":
		return slices.Compact(slices.Clone(doc.Categories))
	case name == "tags":
		return doc.Tags
	}
	return free(doc.Attributes[name])
}

// TestWordsAreThoseOfTheEntries: whatever happened, one entry at a time or many, the words of a row
// are those that its lists are named after, as items and users stand.
func TestWordsAreThoseOfTheEntries(t *testing.T) {
	for seed := range uint64(4) {
		s := whole(t)
		p := &player{rng: rand.New(rand.NewPCG(seed, 5)), now: t0}
		builder, found := s.NewRowBuilder(), map[string]int{}
		for range 40 {
			var entries []stream.Entry
			for range 1 + p.rng.IntN(60) {
				entries = append(entries, *p.next(t))
			}
			s.ApplyAll(entries, &stream.Stretch{})
			if s.Items.Len() < 3 || s.Visitors.Len() < 2 {
				continue
			}
			visitor := uint32(1 + p.rng.IntN(s.Visitors.Len()-1))
			context := map[string]any{"place": []any{json.Number("2"), "home", "home", true}[:p.rng.IntN(5)], "q": "boats"}
			builder.Start(visitor, s.Newest, context)
			for range 20 {
				item := uint32(1 + p.rng.IntN(s.Items.Len()-1))
				row := builder.Row(&recall.Candidate{Item: item})
				for l, name := range s.RowNames().Words {
					var want []rank.Token
					for _, word := range naive(s, name, visitor, item, context, builder.Values()) {
						want = append(want, rank.TokenOf(word))
					}
					if !slices.Equal(row.List(l), want) {
						t.Fatalf("seed %d: %s of item %s for %s is %v, want %v", seed, name, s.Items.ID(item), s.Visitors.Name(visitor), row.List(l), want)
					}
					found[name] += len(want)
				}
			}
		}
		for _, name := range rowWords {
			if (found[name] == 0) != (name == "feature.gone" || name == "item.tags") {
				t.Errorf("seed %d: %d words of %s", seed, found[name], name)
			}
		}
	}
}

// TestWordsOfNobody: nobody and an item without an entry have no words but the item's id, a list in
// which something stands twice has it once, and one that is too long is cut.
func TestWordsOfNobody(t *testing.T) {
	s := whole(t)
	many := make([]any, 2*fold.MaxWords)
	for i := range many {
		many[i] = json.Number(fmt.Sprint(i / 2))
	}
	s.Apply(&stream.Entry{Item: &freshet.Item{ID: "i", Categories: []string{"a", "b", "a"}, Attributes: map[string]any{"author": append(many, "last")}}})
	s.Apply(&stream.Entry{Event: &freshet.Event{User: "u", Item: "seen", Name: "click", Time: t0}, Received: t0})
	b := s.NewRowBuilder()
	b.Start(0, t0, nil)
	row := b.Row(&recall.Candidate{Item: s.Items.Find("i")})
	if n := len(row.List(2)); n != 2 {
		t.Errorf("%d categories, want 2", n)
	}
	if n := len(row.List(8)); n != fold.MaxWords {
		t.Errorf("%d authors, want %d", n, fold.MaxWords)
	}
	row = b.Row(&recall.Candidate{Item: s.Items.Find("seen")})
	if row.List(0)[0] != rank.TokenOf("seen") || len(row.Words) != 2 { // feature.trail is everybody's
		t.Errorf("the words are %v", row)
	}
	if row = b.Row(&recall.Candidate{}); len(row.Words) != 1 {
		t.Errorf("no item has the words %v", row)
	}
}

// TestRowHashOfWords: a row without words has the hash of earlier releases, and every word, its place
// and the list it is in count.
func TestRowHashOfWords(t *testing.T) {
	numbers := []float64{1, math.NaN(), -0.5}
	if hash := fold.RowHash(&rank.Row{Numbers: numbers}); hash != "23e7001f2046fe51" {
		t.Errorf("the hash of numbers is %s", hash)
	}
	seen := map[string]string{}
	for _, words := range [][][]rank.Token{nil, {{}}, {{}, {}}, {{1}}, {{1}, {}}, {{}, {1}}, {{1, 2}}, {{2, 1}}, {{1}, {2}}, {{1, 2}, {}}, {{1, 1}}} {
		row := &rank.Row{Numbers: numbers}
		for _, list := range words {
			row.Words = append(row.Words, list...)
			row.End()
		}
		hash := fold.RowHash(row)
		if other, ok := seen[hash]; ok {
			t.Errorf("%v and %s have the same hash", words, other)
		}
		seen[hash] = fmt.Sprint(words)
	}
}

// BenchmarkRowsOfASlate is what the rows of 300 candidates cost, without words and with five lists.
func BenchmarkRowsOfASlate(b *testing.B) {
	for _, c := range []struct {
		name  string
		words []string
	}{{"numbers", nil}, {"words", []string{"item.id", "item.categories", "item.author", "user.id", "user.plan"}}} {
		b.Run(c.name, func(b *testing.B) {
			o := wholeOptions()
			o.Watch, o.Words, o.NewTable = 0, c.words, mem.New
			o.Features = o.Features[:5]
			s, err := fold.New(o)
			if err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range 20_000 {
				s.Apply(&stream.Entry{Item: &freshet.Item{ID: freshet.ItemID(fmt.Sprintf("item-%d", i)), Categories: []string{fmt.Sprint("c", i%40), fmt.Sprint("d", i%7)}, Attributes: map[string]any{"author": fmt.Sprint("a", i%900)}}, Received: t0})
			}
			for i := range 1000 {
				s.Apply(&stream.Entry{Event: &freshet.Event{User: "u", Item: freshet.ItemID(fmt.Sprintf("item-%d", i)), Name: "click", Time: t0 + int64(i)}, Received: t0})
			}
			candidates := make([]recall.Candidate, 300)
			for i := range candidates {
				candidates[i] = recall.Candidate{Item: uint32(1 + rng.IntN(20_000)), Routes: []recall.Opinion{{Route: "hot", Rank: i + 1}}}
			}
			builder := s.NewRowBuilder()
			b.ReportAllocs()
			for b.Loop() {
				builder.Start(1, s.Newest, nil)
				for i := range candidates {
					builder.Row(&candidates[i])
				}
			}
		})
	}
}
