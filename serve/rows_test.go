package serve_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
)

// TestRowsComeFromTheRecordAlone builds the row of every shown item from its record and a fold up to
// where it was read, without asking any route: with and without a model, and from the fallback list.
func TestRowsComeFromTheRecordAlone(t *testing.T) {
	if ranked, _, listed := rowsAgain(t, moodyLife(t, 23, 120).disk); ranked < 100 || listed < 100 {
		t.Errorf("%d places by a model, %d from the list: want more of each", ranked, listed)
	}
	live := newRig(t, plan{})
	live.stock(t, 40)
	for i := range 60 {
		live.clock.Add(1000)
		live.clicks(t, 1+i%30)
		live.slate(t, serve.Request{User: freshet.UserID([]string{"ada", "bob"}[i%2]), N: 20})
	}
	live.settled(t)
	if _, merged, _ := rowsAgain(t, live.disk); merged < 100 {
		t.Errorf("%d places by recall, want more", merged)
	}
}

// rowsAgain checks the rows of all slates of a journal, and counts what they were placed by.
func rowsAgain(t *testing.T, disk fsys.FS) (ranked, merged, listed int) {
	t.Helper()
	all := entries(t, disk)
	type place struct {
		at   freshet.Position
		rec  *fold.Served
		item *fold.ServedItem
	}
	var places []place
	for _, rec := range servedIn(t, all) {
		for i := range rec.Items {
			places = append(places, place{rec.RowPosition(&rec.Items[i]), rec, &rec.Items[i]})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	o := fold.Options{Kinds: freshet.BuiltinEvents(), Features: features, MaxFuture: freshet.Minute, NewTable: mem.New}
	for _, kind := range []string{"itemcf", "popular", "new"} {
		o.Routes = append(o.Routes, fold.Route{Name: "r-" + kind, Kind: kind, Window: freshet.Hour, Within: freshet.Day})
	}
	state, err := fold.New(o)
	if err != nil {
		t.Fatal(err)
	}
	weight := func(route string) float64 { return recall.Weight(strings.TrimPrefix(route, "r-")) }
	builder, at := state.NewRowBuilder(), freshet.Position(0)
	for _, p := range places {
		for ; at < p.at; at++ {
			state.Apply(&all[at])
		}
		switch {
		case len(p.item.Routes) == 0:
			listed++
		case p.rec.Model != nil:
			ranked++
		default:
			merged++
		}
		c := p.item.Candidate(state.Items.Find(p.item.Item), p.rec.Weights(weight))
		if p.rec.Model == nil && c.Score*(1-p.item.Demoted) != p.item.Score {
			t.Errorf("%s, %s: merged anew the score is %v, was %v", p.rec.Request, p.item.Item, c.Score, p.item.Score)
		}
		builder.Start(state.Visitor(p.rec.Visitor), p.rec.Time, p.rec.Context)
		if hash := fold.RowHash(builder.Row(&c)); hash != p.item.Row {
			t.Errorf("%s, %s: the row is %s, was %s", p.rec.Request, p.item.Item, hash, p.item.Row)
		}
	}
	return ranked, merged, listed
}

// TestRecordsWithoutRows: a record of an earlier release names only rows that a model ranked, and its
// slate is equal all the same.
func TestRecordsWithoutRows(t *testing.T) {
	live := moodyLife(t, 23, 30)
	all := entries(t, live.disk)
	told := 0
	for _, rec := range servedIn(t, all) {
		for i := range rec.Items {
			if rec.Model == nil || len(rec.Items[i].Routes) == 0 {
				rec.Items[i].Row = ""
			} else {
				told--
			}
		}
		past := replayer(t, live.disk, all)
		past.Rows(func(row *serve.Row) { told++ })
		again, err := past.Replay(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := serve.Differences(rec, again); diff != "" {
			t.Errorf("%s: %s", rec.Request, diff)
		}
	}
	if told != 0 {
		t.Errorf("%+d rows told that the records do not name", told)
	}
}

// BenchmarkShownRows is what the rows of ten shown items cost a slate that no model ranks.
func BenchmarkShownRows(b *testing.B) {
	live := newRig(b, plan{})
	live.stock(b, 100)
	live.clicks(b, 100)
	builder := live.state.NewRowBuilder()
	items := make([]recall.Candidate, 10)
	for i := range items {
		items[i] = recall.Candidate{Item: uint32(i + 1), Routes: []recall.Opinion{{Route: "r-popular", Rank: i + 1}}}
	}
	for b.Loop() {
		builder.Start(1, t0, nil)
		for i := range items {
			_ = fold.RowHash(builder.Row(&items[i]))
		}
	}
}
