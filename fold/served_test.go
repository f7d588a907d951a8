package fold_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

func (j *journal) served(t *testing.T, visitor freshet.Visitor, request string, items ...freshet.ItemID) {
	t.Helper()
	record := fold.Served{Request: request, Visitor: visitor}
	for _, id := range items {
		record.Items = append(record.Items, fold.ServedItem{Item: id})
	}
	text, err := json.Marshal(&record)
	if err != nil {
		t.Fatal(err)
	}
	j.apply(stream.Entry{Served: text})
}

func TestShown(t *testing.T) {
	j := build(t)
	if _, ok := j.Shown(0); ok {
		t.Error("nobody was shown something")
	}
	j.served(t, "u:ada", "r-1", "a", "b")
	j.served(t, "a:ada", "r-2", "c")
	j.served(t, "", "r-3", "d") // to nobody known
	j.apply(stream.Entry{Served: []byte(`{"request_id":`)})
	j.apply(stream.Entry{Served: []byte(`{"visitor":"u:ada","items":"of another release"}`)})
	for visitor, want := range map[freshet.Visitor]fold.Shown{"u:ada": {Request: "r-1", Items: []freshet.ItemID{"a", "b"}}, "a:ada": {Request: "r-2", Items: []freshet.ItemID{"c"}}} {
		if got, ok := j.Shown(j.Visitor(visitor)); !ok || got.Request != want.Request || !slices.Equal(got.Items, want.Items) {
			t.Errorf("%s was shown %+v, want %+v", visitor, got, want)
		}
	}
	if _, ok := j.Shown(0); ok {
		t.Error("a slate for nobody was kept")
	}
	j.served(t, "u:ada", "r-4")
	if got, ok := j.Shown(j.Visitor("u:ada")); !ok || got.Request != "r-4" || len(got.Items) != 0 {
		t.Errorf("after an empty slate %+v, %v", got, ok)
	}
	if j.Items.Len() != 1 || j.Newest != 0 {
		t.Errorf("served slates made %d items, newest %d", j.Items.Len()-1, j.Newest)
	}
}

func TestShownIsBounded(t *testing.T) {
	const most, over = 100_000, 10
	j := build(t)
	name := func(i int) freshet.Visitor { return freshet.Visitor(fmt.Sprintf("u:%d", i)) }
	for i := range most + over {
		j.apply(stream.Entry{Served: fmt.Appendf(nil, `{"request_id":"r-%d","visitor":"u:%d"}`, i, i)})
	}
	j.served(t, name(most), "again")
	for i := range most + over {
		if _, ok := j.Shown(j.Visitor(name(i))); ok != (i >= over) {
			t.Fatalf("slate of visitor %d kept: %v", i, ok)
		}
	}
}
