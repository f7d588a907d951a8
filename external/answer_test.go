package external

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/recall"
)

func TestReadAnswer(t *testing.T) {
	a, b := recall.External{Item: "a", Score: 1}, recall.External{Item: "b", Score: -0.5}
	for text, c := range map[string]struct {
		said []recall.External
		says string // of the error, "" for none
	}{
		`{"items":[]}`: {nil, ""},
		`{"items":[{"id":"a","score":1},{"id":"b","score":-5e-1}]}`:                     {[]recall.External{a, b}, ""},
		` {"v":[{"x":null}],"items":[{"id":"a","score":1,"why":{}}],"took":3} trailing`: {[]recall.External{a}, ""},

		`{"items":[{"id":"a","score":1},{"id":7,"score":1}]}`:                                          {[]recall.External{a}, "1 of 2"},
		`{"items":[{"id":"a"},{"score":1},null,5,"x",[],{"id":"","score":1},{"id":"b","score":-0.5}]}`: {[]recall.External{b}, "7 of 8"},
		`{"items":[{"id":"a","score":"1"},{"id":"a","score":1e999},{"id":"a\u0000","score":1}]}`:       {nil, "3 of 3"},
		`{"items":[{"id":"a","score":1}` + strings.Repeat(`,{}`, 7) + `,{"id":"b","score":-0.5}]}`:     {[]recall.External{a}, "more than the 8"},

		`{"items":[{"id":"a","score":1},{"id":"b","score":NaN}]}`: {nil, "not JSON"},
		`{"items":[{"id":"a","score":1}`:                          {nil, "not JSON"},
		`{"items":[{"id":"a","score":1}]`:                         {nil, "not JSON"},
		`{"items":{}}`:                                            {nil, "where [ is due"}, `{"items":null}`: {nil, "where [ is due"}, `{}`: {nil, "no items"}, `{"item":[]}`: {nil, "no items"},
		``: {nil, "not JSON"}, `[]`: {nil, "where { is due"}, `null`: {nil, "where { is due"}, `<html>`: {nil, "not JSON"}, "\x00\xff": {nil, "not JSON"},
		`{"v":` + strings.Repeat("[", 20_000): {nil, "not JSON"},
	} {
		said, err := readAnswer(strings.NewReader(text), 8)
		if len(said)+len(c.said) > 0 && !reflect.DeepEqual(said, c.said) {
			t.Errorf("%.80q: %v, want %v", text, said, c.said)
		}
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, recall.ErrGarbage) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%.80q: %v, want %q", text, err, c.says)
		}
	}
}

// Whatever is answered, it is read within its bound and no item comes of it that is none.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(`{"items":[{"id":"a","score":1}]}`), 3)
	f.Add([]byte(`{"items":[{"id":"a","score":"1"}],"x":1}`), 1)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		n = 1 + (n&0xff)%200
		body := &bounded{strings.NewReader(string(text)), maxBytes(n)}
		said, err := readAnswer(body, n)
		if len(said) > n {
			t.Fatalf("%d items of at most %d", len(said), n)
		}
		for _, one := range said {
			if one.Item == "" || math.IsNaN(one.Score) || math.IsInf(one.Score, 0) {
				t.Fatalf("item %+v", one)
			}
		}
		if err != nil && !errors.Is(err, recall.ErrGarbage) {
			t.Fatalf("%v is no fault of the answer", err)
		}
	})
}
