package main

import (
	"cmp"
	"math"
	"slices"
)

// entry is one event as one feature takes it under one key.
type entry struct {
	ts      int64
	amount  float64 // its field, 1 without one
	micro   int64   // the field in millionths
	weight  float64 // of a decayed_sum: its weight at the index's reference time
	at      int32
	event   int32 // in journal.events
	of, per bool  // counted in the numerator, in the denominator of a rate
	huge    bool  // micro would be beyond an int64
}

// index holds the events of one feature, by key.
type index struct {
	byKey     map[string]*pile
	reference int64 // the newest event time of the journal
}

// pile is what stands under one key. The entries are in journal order; of a distinct they
// are apart by value instead.
type pile struct {
	entries []entry
	blocks  []block // of the entries from the first on, see chop
	values  map[string][]entry
}

// takes tells whether f takes an event of this name at all, and on which side of a rate.
func (f feature) takes(name string) (taken, of, per bool) {
	if f.agg == "rate" {
		of, per = slices.Contains(f.of, name), slices.Contains(f.per, name)
		return of || per, of, per
	}
	return len(f.on) == 0 || slices.Contains(f.on, name), false, false
}

// holds tells whether a field is one that the aggregate takes: a number, for a last also a
// text, for a distinct anything. Of numbers those beyond mostNumber are none.
func (f feature) holds(v scalar) bool {
	switch f.agg {
	case "distinct":
		return v.kind != none
	case "last":
		return v.kind == numeric && math.Abs(v.number) <= mostNumber || v.kind == textual
	}
	return v.kind == numeric && math.Abs(v.number) <= mostNumber
}

// mostNumber is the largest number that is aggregated, as it is the largest value of an event.
const mostNumber = 1e12

// gather builds the index of a feature from all events that are not late. Attributes are
// those that the item and the user had at the event's own record. The error says why the
// feature cannot be recomputed over this journal.
func gather(j *journal, f feature) (index, error) {
	found := index{byKey: map[string]*pile{}, reference: math.MinInt64}
	for i := range j.events {
		found.reference = max(found.reference, j.events[i].ts)
	}
	for i := range j.events {
		e := &j.events[i]
		taken, of, per := f.takes(e.name)
		if !taken || e.late || f.agg == "last_k" && e.item == "" {
			continue
		}
		one := entry{ts: e.ts, amount: 1, at: e.at, event: int32(i), of: of, per: per}
		var value scalar
		if f.field.of != "" {
			if value = j.fieldOf(f.field, e); !f.holds(value) {
				continue
			}
			one.amount = value.number
			micro, ok := microUnits(one.amount)
			one.micro, one.huge = micro, !ok
		}
		if f.where != nil {
			counts, err := f.where.decide(scope{journal: j, event: e, subject: e.subject()})
			if err != nil {
				return index{}, err
			}
			if !counts {
				continue
			}
		}
		if f.agg == "decayed_sum" {
			one.weight = f.weight(found.reference, e.ts)
		}
		for _, key := range j.keysOf(f.parts, e.subject()) {
			found.put(f, key, one, value)
		}
	}
	for _, p := range found.byKey {
		p.chop(j, f)
	}
	return found, nil
}

// put adds an entry under a key.
func (x index) put(f feature, key string, one entry, value scalar) {
	p := x.byKey[key]
	if p == nil {
		p = &pile{}
		x.byKey[key] = p
	}
	if f.agg != "distinct" {
		p.entries = append(p.entries, one)
		return
	}
	if p.values == nil {
		p.values = map[string][]entry{}
	}
	for _, v := range value.values() {
		word := v.word()
		p.values[word] = append(p.values[word], one)
	}
}

// newer orders entries: by time, then the item's id, then the event's id, as bytes, then
// position.
func (j *journal) newer(a, b entry) int {
	if a.ts != b.ts {
		return cmp.Compare(a.ts, b.ts)
	}
	x, y := &j.events[a.event], &j.events[b.event]
	return cmp.Or(cmp.Compare(x.item, y.item), cmp.Compare(x.id, y.id), cmp.Compare(a.at, b.at))
}
