package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTile(t *testing.T) {
	for _, c := range []struct{ t, hop, want int64 }{
		{0, 10, 0}, {9, 10, 0}, {10, 10, 1}, {-1, 10, -1}, {-10, 10, -1}, {-11, 10, -2},
	} {
		if got := tile(c.t, c.hop); got != c.want {
			t.Errorf("tile(%d, %d) = %d, want %d", c.t, c.hop, got, c.want)
		}
	}
}

// TestSpanIsTheDefinition compares the bounds with the inequality they solve.
func TestSpanIsTheDefinition(t *testing.T) {
	for _, f := range []feature{{window: 6, hop: 2}, {window: 5, hop: 5}, {window: 9, hop: 3}} {
		for q := int64(-20); q < 20; q++ {
			from, to := f.span(q)
			for ts := int64(-60); ts < 60; ts++ {
				tileOf := func(t int64) int64 { return int64(math.Floor(float64(t) / float64(f.hop))) }
				want := tileOf(q)-f.window/f.hop < tileOf(ts) && tileOf(ts) <= tileOf(q)
				if got := from <= ts && ts <= to; got != want {
					t.Errorf("W=%d h=%d q=%d ts=%d: in view %v, want %v", f.window, f.hop, q, ts, got, want)
				}
			}
		}
	}
}

func TestMicroUnits(t *testing.T) {
	for _, c := range []struct {
		name   string
		amount float64
		want   int64
		ok     bool
	}{
		{"tie to even below", 0.0078125, 7812, true},
		{"tie to even above", 0.0234375, 23438, true},
		{"negative tie", -0.0078125, -7812, true},
		{"whole", 3, 3_000_000, true},
		{"smaller than half a unit", 4e-7, 0, true},
		{"too large", 1e13, 0, false},
		{"too small", -1e13, 0, false},
		{"not a number", math.NaN(), 0, false},
	} {
		if got, ok := microUnits(c.amount); got != c.want || ok != c.ok {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestSumBeyondInt64IsNotCompared(t *testing.T) {
	f := feature{agg: "sum", field: field{of: "value"}}
	for _, entries := range [][]entry{{{micro: 1 << 62}, {micro: 1 << 62}}, {{micro: -1 << 63}, {micro: -1}}, {{huge: true}}} {
		got := reading{feature: f}.value(&pile{entries: entries})
		if got.undecided == "" {
			t.Errorf("%+v: %v", entries, got)
		}
	}
}

func TestAgree(t *testing.T) {
	text := func(s string) result { return result{kind: textual, text: s} }
	list := func(picks ...pick) result { return result{kind: listed, picks: picks} }
	null := result{}
	for _, c := range []struct {
		name      string
		agg       string
		got, want result
		same      bool
	}{
		{"equal counts", "count", number(3), number(3), true},
		{"one bit off", "sum", number(0.3), number(math.Nextafter(0.3, 1)), false},
		{"both null", "age", null, null, true},
		{"null and zero", "age", null, number(0), false},
		{"zero and null", "min", number(0), null, false},
		{"decayed within", "decayed_sum", number(1 + 9e-10), number(1), true},
		{"decayed beyond", "decayed_sum", number(1 + 2e-9), number(1), false},
		{"both tiny", "decayed_sum", number(9e-13), number(0), true},
		{"tiny beside zero", "decayed_sum", number(2e-12), number(0), false},
		{"infinite", "decayed_sum", number(1), number(math.Inf(1)), false},
		{"decayed null", "decayed_sum", null, number(0), false},
		{"texts", "last", text("a"), text("a"), true},
		{"other texts", "last", text("a"), text("A"), false},
		{"a number and its text", "last", text("1"), number(1), false},
		{"lists", "last_k", list(pick{"a", 1}, pick{"b", 1}), list(pick{"a", 1}, pick{"b", 1}), true},
		{"another order", "last_k", list(pick{"a", 1}, pick{"b", 1}), list(pick{"b", 1}, pick{"a", 1}), false},
		{"another time", "last_k", list(pick{"a", 1}), list(pick{"a", 2}), false},
		{"a shorter list", "last_k", list(pick{"a", 1}), list(pick{"a", 1}, pick{"b", 1}), false},
		{"an empty list for null", "last_k", list(), null, true},
		{"null for one element", "last_k", null, list(pick{"a", 1}), false},
	} {
		if same, relative := agree(c.agg, c.got, c.want); same != c.same || relative > 2 || math.IsNaN(relative) {
			t.Errorf("%s: %v (relative %v), want %v", c.name, same, relative, c.same)
		}
	}
}

// randomJournal makes events, items and users of a small world. Half of the events lie
// within 300 ms, some have the same time, and one in ten is late.
func randomJournal(t *testing.T, random *rand.Rand, n int) *journal {
	t.Helper()
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	list := func(of ...string) scalar { return texts(of[:random.IntN(len(of)+1)]) }
	j := &journal{items: history{}, users: history{}}
	for at := range int32(n) {
		switch random.IntN(8) {
		case 0:
			item := itemRecord{ItemID: pick("a", "b", "c"), Categories: []string{"x", "y", "z"}[:random.IntN(4)], Attributes: freeData{"sizes": list("s", "m")}}
			if err := j.items.putItem(at, item); err != nil {
				t.Fatal(err)
			}
			continue
		case 1:
			user := userRecord{UserID: pick("1", "2"), Attributes: freeData{"plans": list("gold", "free")}}
			if err := j.users.putUser(at, user); err != nil {
				t.Fatal(err)
			}
			continue
		}
		e := event{
			at: at, ts: random.Int64N(600) - 300, late: random.IntN(10) == 0, id: pick("", "e1", "e2", "e3"),
			name: pick("click", "expose"), visitor: pick("", "u:1", "u:2", "a:1"), item: pick("", "a", "b", "c"), query: pick("", "q", "r"),
			hasValue: random.IntN(4) > 0, hasRank: random.IntN(4) > 0, rank: float64(1 + random.IntN(9)),
		}
		if e.hasValue {
			e.value = float64(random.IntN(2000)-500) / 128
		}
		if random.IntN(3) > 0 {
			e.context = append(e.context, member{"place", textOf(pick("p", "q"))})
		}
		if random.IntN(3) > 0 {
			e.context = append(e.context, member{"n", numberOf(float64(random.IntN(400)))})
		}
		j.events = append(j.events, e)
	}
	return j
}

// TestIndexChangesNothing compares reads through the index, its blocks included, with a
// walk over all events of random journals that goes by the definition word for word.
func TestIndexChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	keys := [][]part{
		{{of: "global"}}, {{of: "user"}}, {{of: "item"}}, {{"item.", "categories"}}, {{"user.", "plans"}}, {{"context.", "place"}},
		{{of: "user"}, {"item.", "sizes"}}, {{"item.", "categories"}, {"item.", "sizes"}, {"user.", "plans"}, {"context.", "place"}},
	}
	fields := map[string][]field{
		"sum": {{of: "value"}, {of: "rank"}, {"context.", "n"}}, "mean": {{of: "value"}, {"context.", "n"}},
		"min": {{of: "value"}}, "max": {{of: "rank"}}, "decayed_sum": {{}, {of: "rank"}},
		"last":     {{of: "value"}, {of: "item"}, {of: "query"}, {"context.", "place"}},
		"distinct": {{of: "user"}, {of: "item"}, {"item.", "categories"}, {"context.", "n"}},
	}
	filled, blocks := map[string]int{}, 0
	for _, agg := range []string{"count", "sum", "mean", "min", "max", "rate", "decayed_sum", "last", "last_time", "age", "distinct", "last_k"} {
		for round := range 60 {
			n, reads := 60, 20
			if round%20 == 19 {
				n, reads = 6*blockLength, 4
			}
			j := randomJournal(t, random, n)
			f := feature{agg: agg, parts: keys[random.IntN(len(keys))]}
			if n > 60 && round > 20 {
				f.parts = keys[0] // long enough for blocks
			}
			if of := fields[agg]; of != nil {
				f.field = of[random.IntN(len(of))]
			}
			switch {
			case agg == "decayed_sum":
				f.halfLife = 100
			case random.IntN(3) > 0:
				f.window, f.hop = 120, 40
			}
			switch {
			case agg == "rate":
				f.of, f.per, f.prior = []string{"click"}, []string{"expose", "click"}, [2]float64{1, 2}
			case agg == "last_k":
				f.k = 1 + random.IntN(5)
			}
			if agg != "rate" && random.IntN(2) == 0 {
				f.on = []string{"click"}
			}
			found, err := gather(j, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range found.byKey {
				blocks += len(p.blocks)
			}
			for range reads {
				last := int32(random.IntN(n))
				s := subject{visitor: []string{"", "u:1", "u:2"}[random.IntN(3)], item: []string{"", "a", "b"}[random.IntN(3)], at: last}
				s.context = context{{"place", textOf("p")}}
				q := random.Int64N(800) - 400
				got := reading{feature: f, journal: j, found: found, q: q, p: last, known: map[string]result{}}.read(s)
				want := naive(j, f, s, q)
				if same, _ := agree(agg, got, want); !same {
					t.Fatalf("%+v, %d records: %+v q=%d: %v, want %v", f, n, s, q, got, want)
				}
				if got.filled {
					filled[agg]++
				}
			}
		}
		if filled[agg] < 200 {
			t.Errorf("only %d reads of %s saw an event", filled[agg], agg)
		}
	}
	if blocks < 40 {
		t.Errorf("only %d blocks", blocks)
	}
}

// naive is the definition, word for word, of the value for a subject at time q.
func naive(j *journal, f feature, s subject, q int64) result {
	floor := func(t int64) float64 { return math.Floor(float64(t) / float64(f.hop)) }
	keys := j.keysOf(f.parts, s)
	if len(keys) == 0 {
		keys = []string{"nowhere"}
	}
	total, n, other := 0.0, 0.0, result{}
	for _, key := range keys {
		var seen []event
		for _, e := range j.events {
			taken := slices.Contains(f.on, e.name) || len(f.on) == 0
			if f.agg == "rate" {
				taken = slices.Contains(f.of, e.name) || slices.Contains(f.per, e.name)
			}
			inView := f.window == 0 || floor(q)-float64(f.window/f.hop) < floor(e.ts) && floor(e.ts) <= floor(q)
			if !taken || e.late || e.at > s.at || !inView || f.field.of != "" && j.fieldOf(f.field, &e).kind == none || f.agg == "last_k" && e.item == "" {
				continue
			}
			if slices.Contains(j.keysOf(f.parts, e.subject()), key) {
				seen = append(seen, e)
			}
		}
		switch one := naiveValue(j, f, seen, q); {
		case one.kind == numeric:
			total, n = total+one.number, n+1
		case other.kind == none:
			other = one
		}
	}
	if n > 0 {
		return number(total / n)
	}
	return other
}

// naiveValue aggregates the events of one key.
func naiveValue(j *journal, f feature, seen []event, q int64) result {
	slices.SortFunc(seen, func(a, b event) int { // the newest first
		return -cmp.Or(cmp.Compare(a.ts, b.ts), cmp.Compare(a.item, b.item), cmp.Compare(a.id, b.id), cmp.Compare(a.at, b.at))
	})
	sum, decayed, of, per := int64(0), 0.0, 0, 0
	low, high := math.Inf(1), math.Inf(-1)
	var picks []pick
	values := map[string]bool{}
	for i, e := range seen {
		v, amount := j.fieldOf(f.field, &e), 1.0
		for _, one := range v.values() {
			values[one.word()] = true
		}
		if f.field.of != "" {
			amount = v.number
		}
		sum += int64(math.RoundToEven(amount * 1e6))
		decayed += amount * math.Pow(2, -math.Max(0, float64(q-e.ts))/float64(max(1, f.halfLife)))
		low, high = math.Min(low, amount), math.Max(high, amount)
		if slices.Contains(f.of, e.name) {
			of++
		}
		if slices.Contains(f.per, e.name) {
			per++
		}
		if i < f.k {
			picks = append(picks, pick{e.item, e.ts})
		}
	}
	n := float64(len(seen))
	switch f.agg {
	case "count":
		return number(n)
	case "sum":
		return number(float64(sum) / 1e6)
	case "rate":
		return number(math.Min(1, (float64(of)+f.prior[0])/(float64(per)+f.prior[0]+f.prior[1])))
	case "decayed_sum":
		return number(decayed)
	case "distinct":
		if len(values) > distinctExact {
			return number(estimateOf(values))
		}
		return number(float64(len(values)))
	}
	if len(seen) == 0 {
		return result{}
	}
	switch f.agg {
	case "mean":
		return number(float64(sum) / 1e6 / n)
	case "min":
		return number(low)
	case "max":
		return number(high)
	case "last":
		v := j.fieldOf(f.field, &seen[0])
		return result{kind: v.kind, number: v.number, text: v.text}
	case "last_time":
		return number(float64(seen[0].ts))
	case "age":
		return number(math.Max(0, float64(q-seen[0].ts)) / 1000)
	}
	return result{kind: listed, picks: picks}
}

func estimateOf(words map[string]bool) float64 {
	hashes := map[uint64]bool{}
	for w := range words {
		hashes[hash(w)] = true
	}
	return estimate(hashes)
}

// TestDecayedFactor compares both forms of a decayed sum with the formula, for half-lives
// that take each of them and for times of read before, among and after the events.
func TestDecayedFactor(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	direct := 0
	for _, halfLife := range []int64{1, 7, 400, 100_000, 1 << 40} {
		f := feature{agg: "decayed_sum", parts: []part{{of: "user"}}, field: field{of: "value"}, halfLife: halfLife}
		j := &journal{}
		for at := range int32(300) {
			ts := 1_800_000_000_000 + random.Int64N(10_000)
			j.events = append(j.events, event{at: at, ts: ts, name: "click", visitor: "u:1", value: random.Float64(), hasValue: true})
		}
		found, err := gather(j, f)
		if err != nil {
			t.Fatal(err)
		}
		for q := int64(1_800_000_000_000 - 2000); q < 1_800_000_020_000; q += 97 {
			p := int32(random.IntN(300))
			got := reading{feature: f, journal: j, found: found, q: q, p: p, known: map[string]result{}}.read(subject{visitor: "u:1", at: p})
			want := 0.0
			for _, e := range j.events[:p+1] {
				want += e.value * math.Pow(2, -math.Max(0, float64(q-e.ts))/float64(halfLife))
			}
			if same, relative := agree(f.agg, got, number(want)); !same || relative > 1e-12 {
				t.Errorf("half-life %d q=%d p=%d: %v, want %v (relative %v)", halfLife, q, p, got, want, relative)
			}
			if float64(found.reference-q)/float64(halfLife) > maxFactorPower {
				direct++
			}
		}
	}
	if direct < 50 {
		t.Errorf("only %d reads took the direct form", direct)
	}
}

// TestMostNumber: what is larger than an event's value may be is a value for distinct only.
func TestMostNumber(t *testing.T) {
	for _, c := range []struct {
		agg    string
		number float64
		want   bool
	}{{"sum", 1e12, true}, {"sum", 1e13, false}, {"decayed_sum", -1.7e308, false}, {"last", 1e13, false}, {"last", -1e12, true}, {"distinct", 1e300, true}} {
		if got := (feature{agg: c.agg}).holds(numberOf(c.number)); got != c.want {
			t.Errorf("%s holds %v: %v, want %v", c.agg, c.number, got, c.want)
		}
	}
}
