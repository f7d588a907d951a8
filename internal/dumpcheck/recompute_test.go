package main

import (
	"math"
	"math/rand/v2"
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

func TestSumBeyondInt64AgreesWithNothing(t *testing.T) {
	f := feature{agg: "sum", field: "value"}
	got := reading{feature: f}.value([]entry{{amount: 9e12}, {amount: 9e12}})
	if same, _ := agree("sum", got, got); same {
		t.Errorf("sum %v agrees with itself", got)
	}
}

func TestAgree(t *testing.T) {
	for _, c := range []struct {
		name      string
		agg       string
		got, want result
		same      bool
	}{
		{"equal counts", "count", result{number: 3}, result{number: 3}, true},
		{"one bit off", "sum", result{number: 0.1 + 0.2}, result{number: 0.1}, false},
		{"both null", "age", result{null: true}, result{null: true}, true},
		{"null and zero", "age", result{null: true}, result{}, false},
		{"decayed within", "decayed_sum", result{number: 1 + 9e-10}, result{number: 1}, true},
		{"decayed beyond", "decayed_sum", result{number: 1 + 2e-9}, result{number: 1}, false},
		{"both tiny", "decayed_sum", result{number: 9e-13}, result{}, true},
		{"tiny beside zero", "decayed_sum", result{number: 2e-12}, result{}, false},
		{"infinite", "decayed_sum", result{number: 1}, result{number: math.Inf(1)}, false},
	} {
		if same, relative := agree(c.agg, c.got, c.want); same != c.same || relative > 2 || math.IsNaN(relative) {
			t.Errorf("%s: %v (relative %v), want %v", c.name, same, relative, c.same)
		}
	}
}

// TestIndexChangesNothing compares reads through the index with a walk over all events of
// random journals that tests each for the candidate's keys, position and tile in turn.
func TestIndexChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	users, items, categories := []string{"", "u1", "u2"}, []string{"", "a", "b", "c"}, []string{"x", "y", "z"}
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	read := 0
	for range 200 {
		j := &journal{items: catalogue{}}
		for at := int32(0); at < 60; at++ {
			if random.IntN(4) == 0 {
				given := itemRecord{ItemID: items[1+random.IntN(3)], Categories: categories[:random.IntN(4)]}
				if err := j.items.put(at, given); err != nil {
					t.Fatal(err)
				}
				continue
			}
			j.events = append(j.events, event{
				at: at, ts: random.Int64N(200) - 100, late: random.IntN(10) == 0,
				name: pick([]string{"click", "expose"}), user: pick(users), item: pick(items),
			})
		}
		f := feature{agg: "count", byUser: random.IntN(2) == 0, window: 60, hop: 20}
		f.itemWord = pick([]string{"item", "item.category", "item.categories"})
		if random.IntN(2) == 0 {
			f.on = []string{"click"}
		}
		found := gather(j, f)
		for range 20 {
			user, item, q, p := pick(users), pick(items), random.Int64N(240)-120, int32(random.IntN(60))
			one := reading{feature: f, found: found, q: q, p: p, known: map[key]result{}}
			got, want := one.read(j.items, user, item), naiveCount(j, f, user, item, q, p)
			if got.null || got.number != want {
				t.Fatalf("%+v: user %q item %q q=%d p=%d: %v, want %v", f, user, item, q, p, got, want)
			}
			if want > 0 {
				read++
			}
		}
	}
	if read < 500 {
		t.Errorf("only %d reads saw an event", read)
	}
}

// TestDecayedFactor compares both forms of a decayed sum with the formula, for half-lives
// that take each of them and for times of read before, among and after the events.
func TestDecayedFactor(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	direct := 0
	for _, halfLife := range []int64{1, 7, 400, 100_000, 1 << 40} {
		f := feature{agg: "decayed_sum", byUser: true, field: "value", halfLife: halfLife}
		j := &journal{}
		for at := range int32(300) {
			ts := 1_800_000_000_000 + random.Int64N(10_000)
			j.events = append(j.events, event{at: at, ts: ts, name: "click", user: "u", value: random.Float64()})
		}
		found := gather(j, f)
		for q := int64(1_800_000_000_000 - 2000); q < 1_800_000_020_000; q += 97 {
			p := int32(random.IntN(300))
			got := reading{feature: f, found: found, q: q, p: p, known: map[key]result{}}.read(nil, "u", "")
			want := 0.0
			for _, e := range j.events[:p+1] {
				want += e.value * math.Pow(2, -math.Max(0, float64(q-e.ts))/float64(halfLife))
			}
			if same, relative := agree(f.agg, got, result{number: want}); !same || relative > 1e-12 {
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

// naiveCount is the definition of a windowed count, word for word.
func naiveCount(j *journal, f feature, user, item string, q int64, p int32) float64 {
	if item == "" || f.byUser && user == "" {
		return 0
	}
	candidate := j.items.values(f.itemWord, item, p)
	if len(candidate) == 0 {
		return 0
	}
	total := 0
	for _, value := range candidate {
		for _, e := range j.events {
			if e.late || e.at > p || e.item == "" || f.byUser && e.user != user || f.on != nil && e.name != f.on[0] {
				continue
			}
			back := math.Floor(float64(q)/float64(f.hop)) - math.Floor(float64(e.ts)/float64(f.hop))
			if back < 0 || back >= float64(f.window/f.hop) {
				continue
			}
			for _, one := range j.items.values(f.itemWord, e.item, e.at) {
				if one == value {
					total++
				}
			}
		}
	}
	return float64(total) / float64(len(candidate))
}
