package expression

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
)

// page is the reference page: its world and its examples by block.
type page struct {
	world  world
	blocks map[string][][2]string // expression and result
}

// world is what the examples of the page read.
type world struct {
	Event struct {
		Name   string         `json:"name"`
		User   freshet.UserID `json:"user_id"`
		Item   freshet.ItemID `json:"item_id"`
		Value  float64        `json:"value"`
		Rank   int            `json:"rank"`
		TimeMs int64          `json:"ts_ms"`
	} `json:"event"`
	Item struct {
		ID         freshet.ItemID `json:"id"`
		Title      string         `json:"title"`
		Categories []string       `json:"categories"`
		Tags       []string       `json:"tags"`
		Price      float64        `json:"price"`
		Attributes map[string]any `json:"attributes"`
	} `json:"item"`
	User struct {
		ID         freshet.UserID `json:"id"`
		Attributes map[string]any `json:"attributes"`
	} `json:"user"`
	Context  map[string]any `json:"context"`
	Features map[string]any `json:"features"`
	Q        int64          `json:"q"`
	Born     int64          `json:"born"`
}

func (w *world) event() *freshet.Event {
	e := w.Event
	return &freshet.Event{Name: e.Name, User: e.User, Item: e.Item, Value: e.Value, HasValue: true, Rank: e.Rank, Time: e.TimeMs, Context: w.Context}
}

func (w *world) item() *freshet.Item {
	i := w.Item
	return &freshet.Item{ID: i.ID, Title: i.Title, Categories: i.Categories, Tags: i.Tags, Price: i.Price, HasPrice: true, Attributes: i.Attributes}
}

func (w *world) user() *freshet.User {
	return &freshet.User{ID: w.User.ID, Attributes: w.User.Attributes}
}

// features are the kinds and the row.
func (w *world) features() (kinds map[string]Kind, index func(string) int, row *Row) {
	kinds, places := map[string]Kind{}, map[string]int{}
	row = &Row{Item: w.item(), User: w.user(), Context: w.Context, Time: w.Q, Born: w.Born}
	for name, v := range w.Features {
		number, text := math.NaN(), ""
		switch v := v.(type) {
		case json.Number:
			number, _ = v.Float64()
		case string:
			text = v
		}
		if kinds[name] = Number; text != "" {
			kinds[name] = Text
		}
		places[name] = len(row.Numbers)
		row.Numbers, row.Texts = append(row.Numbers, number), append(row.Texts, text)
	}
	return kinds, func(name string) int { return places[name] }, row
}

func readPage(t testing.TB) page {
	t.Helper()
	text, err := os.ReadFile("../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	p := page{blocks: map[string][][2]string{}}
	for i, block := range strings.Split(string(text), "```") {
		if i%2 == 0 {
			continue
		}
		name, body, _ := strings.Cut(block, "\n")
		switch name {
		case "yaml": // read by the tests of config
		case "json":
			decoder := json.NewDecoder(strings.NewReader(body))
			decoder.UseNumber()
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&p.world); err != nil {
				t.Fatal(err)
			}
		default:
			for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
				example, result, ok := strings.Cut(line, "→ ")
				if !ok {
					t.Fatalf("%q has no result", line)
				}
				p.blocks[name] = append(p.blocks[name], [2]string{strings.TrimSpace(example), result})
			}
		}
	}
	return p
}

func TestPage(t *testing.T) {
	p := readPage(t)
	for block, examples := range p.blocks {
		for _, example := range examples {
			if got := p.result(t, block, example[0]); got != example[1] {
				t.Errorf("%s %s\nis   %s\nwant %s", block, example[0], got, example[1])
			}
		}
	}
	if len(p.blocks) != 4 {
		t.Errorf("%d kinds of examples, want 4", len(p.blocks))
	}
}

func (p *page) result(t *testing.T, block, text string) string {
	t.Helper()
	kinds, index, row := p.world.features()
	switch block {
	case "where":
		w, err := CompileWhere(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return ""
		}
		row.event = p.world.event()
		got := w.holds(row)
		if w.True(p.world.event(), p.world.item(), p.world.user()) != (got == yes) {
			t.Errorf("%s: True does not agree with verdict %v", text, got)
		}
		return [...]string{"false", "true", "no value"}[got]
	case "derived":
		d, err := CompileDerived(text, kinds)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return ""
		}
		number, word, null := d.Bind(index).Value(row)
		switch {
		case null:
			return "null"
		case word != "":
			return strconv.Quote(word)
		}
		return strconv.FormatFloat(number, 'g', -1, 64)
	case "error-where":
		_, err := CompileWhere(text)
		return errorText(err)
	case "error-derived":
		_, err := CompileDerived(text, kinds)
		return errorText(err)
	}
	t.Fatalf("unknown block %q", block)
	return ""
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}
