package recall

import (
	"math/bits"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/pack"
)

func TestLedgerByHand(t *testing.T) {
	l := NewLedger([]string{"covisit", "hot"})
	l.Served(1, []ShownItem{{7, []string{"covisit", "hot"}}, {8, []string{"hot"}}, {9, nil}, {10, []string{"gone"}}})
	l.Served(1, []ShownItem{{8, []string{"covisit"}}})
	l.Clicked(1, 7)  // of the slate before
	l.Clicked(1, 8)  // of the newest
	l.Clicked(1, 8)  // again: once counts
	l.Clicked(1, 99) // was not shown
	l.Clicked(2, 7)  // of somebody who was shown nothing
	l.Clicked(0, 7)
	routes, total := l.Table()
	want := []RouteUse{{"covisit", 2, 1, 2, 1}, {"hot", 2, 1, 1, 0}}
	if !slices.Equal(routes, want) || total != (RouteUse{"", 5, 2, 2, 1}) {
		t.Errorf("table %+v, total %+v; want %+v", routes, total, want)
	}
}

// ledgerOracle keeps all slates and adds up the newest at every look.
type ledgerOracle []ledgerSlate

func (o ledgerOracle) clicked(visitor, item uint32) {
	back := 0
	for i := len(o) - 1; i >= max(0, len(o)-maxLedgerSlates) && back < ledgerBack && visitor != 0; i-- {
		if o[i].visitor != visitor {
			continue
		}
		back++
		if k := slices.IndexFunc(o[i].places, func(p ledgerPlace) bool { return p.item == item }); k >= 0 {
			o[i].places[k].clicked = true
			return
		}
	}
}

func (o ledgerOracle) table(routes []string) (uses []RouteUse, total RouteUse) {
	for i, name := range routes {
		u := RouteUse{Route: name}
		for _, s := range o[max(0, len(o)-maxLedgerSlates):] {
			for _, p := range s.places {
				if p.routes>>i&1 == 1 {
					u.add(p.clicked, bits.OnesCount64(p.routes) == 1, 1)
				}
			}
		}
		uses = append(uses, u)
	}
	for _, s := range o[max(0, len(o)-maxLedgerSlates):] {
		for _, p := range s.places {
			total.add(p.clicked, bits.OnesCount64(p.routes) == 1, 1)
		}
	}
	return uses, total
}

func TestLedgerAgreesWithOracle(t *testing.T) {
	routes := []string{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		l := NewLedger(routes)
		var o ledgerOracle
		if rapid.IntRange(0, 20).Draw(t, "full") == 0 { // so that slates leave
			for i := range maxLedgerSlates - 5 {
				visitor := uint32(i%97) % 5
				l.Served(visitor, []ShownItem{{1, []string{"b"}}})
				o = append(o, ledgerSlate{visitor: visitor, places: []ledgerPlace{{item: 1, routes: 2}}})
			}
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			visitor := rapid.Uint32Range(0, 4).Draw(t, "visitor")
			if rapid.Bool().Draw(t, "click") {
				item := rapid.Uint32Range(1, 6).Draw(t, "item")
				l.Clicked(visitor, item)
				o.clicked(visitor, item)
				continue
			}
			s := ledgerSlate{visitor: visitor}
			var shown []ShownItem
			for _, item := range rapid.SliceOfNDistinct(rapid.Uint32Range(1, 6), 0, 4, rapid.ID).Draw(t, "items") {
				p, in := ledgerPlace{item: item}, ShownItem{Item: item}
				for i, name := range routes {
					if rapid.Bool().Draw(t, name) {
						p.routes |= 1 << i
						in.Routes = append(in.Routes, name)
					}
				}
				s.places, shown = append(s.places, p), append(shown, in)
			}
			l.Served(visitor, shown)
			o = append(o, s)
		}
		check := func(l *Ledger) {
			uses, total := l.Table()
			wantUses, wantTotal := o.table(routes)
			if !slices.Equal(uses, wantUses) || total != wantTotal {
				t.Fatalf("%+v, %+v; want %+v, %+v", uses, total, wantUses, wantTotal)
			}
		}
		check(l)
		var w, again pack.Writer
		l.Pack(&w)
		restored := NewLedger(routes)
		r := pack.NewReader(w.Bytes)
		restored.Unpack(r, 7, 5)
		if err := r.Done(); err != nil {
			t.Fatal(err)
		}
		check(restored)
		restored.Pack(&again)
		if !reflect.DeepEqual(w.Bytes, again.Bytes) {
			t.Fatal("packed again, the ledger has other bytes")
		}
		l.Clicked(1, 2)
		restored.Clicked(1, 2)
		o.clicked(1, 2)
		check(l)
		check(restored)
	})
}
