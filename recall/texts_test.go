package recall

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// library is the oracle of Texts: the entries themselves, read anew for every question.
type library map[uint32]*freshet.Item

func (s library) count(item uint32, token string) (n float64) {
	in := func(text string, weight float64) {
		tokens(text, true, func(t string) bool {
			if t == token {
				n += weight
			}
			return true
		})
	}
	doc := s[item]
	in(doc.Title, 3)
	in(doc.Text, 1)
	for _, tag := range doc.Tags {
		in(tag, 3)
	}
	for _, category := range doc.Categories {
		in(category, 2)
	}
	return n
}

// vocabulary are the tokens of the worlds here.
var vocabulary = []string{"milk", "powder", "red", "router", "tide", "奶粉", "奶", "粉"}

func (s library) length(item uint32) (n float64) {
	for _, token := range vocabulary {
		n += s.count(item, token)
	}
	return n
}

func (s library) mean() float64 {
	sum, n := 0.0, 0.0
	for item := range s {
		if l := s.length(item); l > 0 {
			sum, n = sum+l, n+1
		}
	}
	return sum / n
}

func (s library) idf(token string) float64 {
	n, has := 0.0, 0.0
	for item := range s {
		if s.length(item) > 0 {
			n++
		}
		if s.count(item, token) > 0 {
			has++
		}
	}
	return math.Log(1 + (n-has+0.5)/(has+0.5))
}

// f is f/(k1 + f).
func (s library) f(item uint32, token string) float64 {
	f := s.count(item, token) / (1 - 0.75 + 0.75*s.length(item)/s.mean())
	return f / (1.2 + f)
}

// anyDoc draws an entry out of the vocabulary.
func anyDoc(t *rapid.T, item uint32) *freshet.Item {
	some := func(what string, most int) []string {
		return rapid.SliceOfN(rapid.SampledFrom(vocabulary[:6]), 0, most).Draw(t, what)
	}
	text := func(what string) (s string) {
		for _, w := range some(what, 4) {
			s += w + " "
		}
		return s
	}
	return &freshet.Item{ID: freshet.ItemID(fmt.Sprint(item)), Title: text("title"), Text: text("text"), Tags: some("tags", 2), Categories: some("categories", 2)}
}

func equalTo(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestTextsAgreeWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, s := NewTexts(), library{}
		for range rapid.IntRange(1, 30).Draw(t, "entries") {
			item := rapid.Uint32Range(1, 8).Draw(t, "item")
			s[item] = anyDoc(t, item)
			x.Entry(item, s[item])
		}
		var asked []word
		weights := map[string]float64{}
		for _, token := range rapid.SliceOfN(rapid.SampledFrom(vocabulary), 1, 5).Draw(t, "query") {
			weights[token]++
			asked = append(asked, word{tokenHash(token), 1})
		}
		got := map[uint32]float64{}
		if _, err := x.match(context.Background(), x.weigh(asked), maxPostings, func(item uint32, v float64) { got[item] += v }); err != nil {
			t.Fatal(err)
		}
		for item := range s {
			want := 0.0
			for token, q := range weights {
				if s.count(item, token) > 0 {
					want += q * s.idf(token) * s.f(item, token)
				}
			}
			if !equalTo(got[item], want) {
				t.Fatalf("%v scores %v for %v, want %v", s[item], got[item], weights, want)
			}
		}
	})
}

// The same entries make the same index, whatever came before and in whichever order.
func TestTextsGoByTheNewestEntriesAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lived, told, docs := NewTexts(), NewTexts(), library{}
		for range rapid.IntRange(1, 60).Draw(t, "entries") {
			item := rapid.Uint32Range(1, 9).Draw(t, "item")
			docs[item] = anyDoc(t, item)
			lived.Entry(item, docs[item])
		}
		for _, item := range slices.Sorted(maps.Keys(docs)) {
			told.Entry(item, docs[item])
		}
		if lived.count != told.count || lived.length != told.length || len(lived.lists) != len(told.lists) {
			t.Fatalf("%d entries of %d in %d lists, want %d of %d in %d", lived.count, lived.length, len(lived.lists), told.count, told.length, len(told.lists))
		}
		for h, list := range told.lists {
			if !slices.Equal(lived.lists[h], list) {
				t.Fatalf("list %v, want %v", lived.lists[h], list)
			}
		}
	})
}

func TestTextsAreBounded(t *testing.T) {
	x := NewTexts()
	long := ""
	for i := range 1000 {
		long += fmt.Sprintf("w%d ", i)
	}
	x.Entry(1, &freshet.Item{ID: "a", Title: "milk", Text: long})
	if len(x.lists) != maxDocTokens || int(x.docs[1].tokens) != maxDocTokens {
		t.Errorf("%d tokens of one entry, want %d", len(x.lists), maxDocTokens)
	}
	x.Entry(1, &freshet.Item{ID: "a"})
	if len(x.lists) != 0 || x.count != 0 || x.length != 0 {
		t.Errorf("an entry that says nothing leaves %+v", x)
	}
	for item := range uint32(maxPostings + 500) {
		x.Entry(item+1, &freshet.Item{Title: "milk"})
	}
	first, n := uint32(math.MaxUint32), 0
	room, err := x.match(t.Context(), x.weigh([]word{{tokenHash("milk"), 1}}), maxPostings, func(item uint32, _ float64) { first, n = min(first, item), n+1 })
	if err != nil || n != maxPostings || room != 0 || first != 501 {
		t.Errorf("%d postings read from item %d on, %d left, %v; want the last %d", n, first, room, err, maxPostings)
	}
}

// A token of nearly all entries decides nothing while a rarer one is asked for.
func TestCommonTokensArePassedOver(t *testing.T) {
	x := NewTexts()
	for item := range uint32(2000) {
		title := "book"
		if item%500 == 0 {
			title = "book tide"
		}
		x.Entry(item+1, &freshet.Item{Title: title})
	}
	for _, c := range []struct {
		asked []string
		want  int
	}{{[]string{"book", "tide"}, 4}, {[]string{"book"}, 2000}, {[]string{"book", "unknown"}, 2000}} {
		var words []word
		for _, token := range c.asked {
			words = append(words, word{tokenHash(token), 1})
		}
		n := 0
		if _, err := x.match(t.Context(), x.weigh(words), maxPostings, func(uint32, float64) { n++ }); err != nil || n != c.want {
			t.Errorf("%q reads %d postings, %v; want %d", c.asked, n, err, c.want)
		}
	}
}
