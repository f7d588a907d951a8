package main

import (
	"math"
	"slices"
)

// entry is one event as one feature takes it under one key.
type entry struct {
	ts      int64
	amount  float64
	weight  float64 // of a decayed_sum: its weight at the index's reference time
	at      int32
	of, per bool // counted in the numerator, in the denominator of a rate
}

// key is what a feature's events are gathered under. A side the feature lacks is "".
type key struct{ user, item string }

// index holds the events of one feature, by key, in journal order.
type index struct {
	byKey     map[key][]entry
	reference int64 // the newest event time of the journal
}

// keysOf lists the keys of f that a user and an item belong to as the catalogue stood at
// a record: where an event adds, and where a request reads. There are none when a side
// that f asks for is missing.
func (f feature) keysOf(items catalogue, user, item string, at int32) []key {
	if f.byUser && user == "" {
		return nil
	}
	if !f.byUser {
		user = ""
	}
	if f.itemWord == "" {
		return []key{{user: user}}
	}
	var keys []key
	for _, value := range items.values(f.itemWord, item, at) {
		keys = append(keys, key{user: user, item: value})
	}
	return keys
}

// takes tells whether f takes an event of this name at all, and on which side of a rate.
func (f feature) takes(name string) (taken, of, per bool) {
	if f.agg == "rate" {
		of, per = slices.Contains(f.of, name), slices.Contains(f.per, name)
		return of || per, of, per
	}
	return len(f.on) == 0 || slices.Contains(f.on, name), false, false
}

// amountOf is what an event adds to a sum or a decayed sum.
func (f feature) amountOf(e event) float64 {
	switch f.field {
	case "value":
		return e.value
	case "rank":
		return e.rank
	}
	return 1
}

// gather builds the index of a feature from all events that are not late. Attributes are
// those the item had at the event's own record.
func gather(j *journal, f feature) index {
	found := index{byKey: map[key][]entry{}, reference: math.MinInt64}
	for _, e := range j.events {
		found.reference = max(found.reference, e.ts)
	}
	for _, e := range j.events {
		taken, of, per := f.takes(e.name)
		if !taken || e.late {
			continue
		}
		one := entry{ts: e.ts, amount: f.amountOf(e), at: e.at, of: of, per: per}
		if f.agg == "decayed_sum" {
			one.weight = f.weight(found.reference, e.ts)
		}
		for _, k := range f.keysOf(j.items, e.user, e.item, e.at) {
			found.byKey[k] = append(found.byKey[k], one)
		}
	}
	return found
}
