package codec

import (
	"encoding/json"
	"math"
	"math/rand"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"pgregory.net/rapid"
)

var (
	drawID   = rapid.StringOfN(rapid.Rune(), 1, 40, 256).Filter(func(s string) bool { return freshet.CheckID(s) == nil })
	drawText = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00\x1f\"\\/\u2028\u007f<>&", "日本語😀"}))
)

// some draws a value or its zero.
func some[T any](t *rapid.T, gen *rapid.Generator[T], label string) T {
	var zero T
	return rapid.OneOf(rapid.Just(zero), gen).Draw(t, label)
}

// drawFree draws free data of bounded depth and size.
func drawFree(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 7
		if depth == 0 {
			kinds = 5
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return plainZero(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number"))
		case 3, 4:
			return drawText.Draw(t, "text")
		case 5:
			return rapid.SliceOfN(drawFree(depth-1), 0, 4).Draw(t, "list")
		}
		return drawObject(depth-1).Draw(t, "object")
	})
}

func drawObject(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOfN(drawText, drawFree(depth), 0, 4)
}

func drawEvent(t *rapid.T) freshet.Event {
	e := freshet.Event{
		ID:        some(t, drawID, "event_id"),
		User:      freshet.UserID(some(t, drawID, "user_id")),
		Anonymous: some(t, drawID, "anonymous_id"),
		Session:   drawID.Draw(t, "session_id"),
		Item:      freshet.ItemID(drawID.Draw(t, "item_id")),
		Name:      rapid.OneOf(drawID, rapid.Just("click")).Draw(t, "event"),
		Time:      rapid.Int64Range(oldestEvent, yearMost).Draw(t, "ts"),
		TimeUnset: rapid.Bool().Draw(t, "unset"),
		HasValue:  rapid.Bool().Draw(t, "has value"),
		Request:   some(t, drawID, "request_id"),
		Rank:      rapid.IntRange(0, 1_000_000).Draw(t, "rank"),
		Query:     some(t, drawText, "query"),
		Context:   some(t, drawObject(3), "context"),
	}
	if e.HasValue {
		e.Value = rapid.Float64Range(-freshet.MaxValue, freshet.MaxValue).Draw(t, "value")
	}
	return e
}

func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawEvent(t)
		text := AppendEvent(nil, &want)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		got, problems := DecodeEvent(text, &Rules{Now: want.Time, Kinds: freshet.BuiltinEvents()})
		if len(problems) > 0 || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %#v %v\nwant %#v", text, got, problems, want)
		}
		if again := AppendEvent([]byte("x"), &got); string(again) != "x"+string(text) {
			t.Fatalf("written as %s, then as %s", text, again)
		}
		if Fingerprint(&got) != Fingerprint(&want) {
			t.Fatal("equal events with other prints")
		}
	})
}

func TestItemRoundTrip(t *testing.T) {
	labels := rapid.SliceOfN(drawID, 1, 5)
	rapid.Check(t, func(t *rapid.T) {
		want := freshet.Item{
			ID:           freshet.ItemID(drawID.Draw(t, "item_id")),
			Title:        some(t, drawText, "title"),
			Categories:   some(t, labels, "categories"),
			Unavailable:  rapid.Bool().Draw(t, "unavailable"),
			HasPublished: rapid.Bool().Draw(t, "has published"),
			HasPrice:     rapid.Bool().Draw(t, "has price"),
			Tags:         some(t, labels, "tags"),
			Text:         some(t, drawText, "text"),
			Embedding:    some(t, rapid.SliceOfN(rapid.Float32Range(-math.MaxFloat32, -math.SmallestNonzeroFloat32), 1, 8), "embedding"),
			Attributes:   some(t, drawObject(3), "attributes"),
		}
		if want.HasPublished {
			want.Published = rapid.Int64Range(yearOne, yearMost).Draw(t, "published_at")
		}
		if want.HasPrice {
			want.Price = rapid.Float64Range(0, MaxPrice).Draw(t, "price")
		}
		text := AppendItem(nil, &want)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		got, problems := DecodeItem(text)
		if len(problems) > 0 || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %#v %v\nwant %#v", text, got, problems, want)
		}
	})
}

func TestAppendEvent(t *testing.T) {
	e := freshet.Event{ID: "e", User: "u", Anonymous: "a", Session: "s", Item: "i\"\\\u00e9", Name: "click", Time: 1700000000123,
		Value: 19.9, HasValue: true, Request: "r", Rank: 2, Query: "\x01\n",
		Context: map[string]any{"b": []any{json.Number("1.0"), nil}, "a": map[string]any{"z": true, "y": "x"}}}
	const want = `{"event_id":"e","user_id":"u","anonymous_id":"a","session_id":"s","item_id":"i\"\\é","event":"click","ts":1700000000123,` +
		`"value":19.9,"request_id":"r","rank":2,"query":"\u0001\n","context":{"a":{"y":"x","z":true},"b":[1.0,null]}}`
	if got := string(AppendEvent(nil, &e)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for v, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", 3: "3", 1e12: "1000000000000", 1e-7: "1e-07", -0.5: "-0.5"} {
		if got := string(appendFloat(nil, v, 64)); got != want {
			t.Errorf("%g is written as %s, want %s", v, got, want)
		}
	}
}

// TestAppendFloat: numbers of few digits, which have a way of their own, are what strconv writes.
func TestAppendFloat(t *testing.T) {
	random := rand.New(rand.NewSource(5))
	check := func(v float64) {
		t.Helper()
		format := byte('f')
		switch abs := math.Abs(v); {
		case v == 0:
			v = 0 // not −0
		case abs < 1e-6 || abs >= 1e21:
			format = 'e'
		}
		if got, want := string(appendFloat(nil, v, 64)), strconv.FormatFloat(v, format, -1, 64); got != want {
			t.Fatalf("%b is written as %s, want %s", v, got, want)
		}
	}
	for _, v := range []float64{1e-6, 1.5e-6, 9.99999e-7, 0.000011, 1e9, 999999999.999999, 999999999.9999999, 123456789.000001, 5e-324, 1e15, 1e21, 1 << 53} {
		for _, near := range []float64{v, math.Nextafter(v, 0), math.Nextafter(v, 2*v)} {
			check(near)
			check(-near)
		}
	}
	for range 300_000 {
		digits := math.Pow(10, float64(random.Intn(17)))
		v := math.Trunc(random.Float64()*digits) / math.Pow(10, float64(random.Intn(9)))
		check(v)
		check(-math.Nextafter(v, v+1))
		check(random.NormFloat64() * v)
	}
}

// What is not valid is not made valid by writing it.
func TestAppendInvalid(t *testing.T) {
	good := freshet.Event{User: "u", Item: "i", Name: "click", Time: noon}
	for name, spoil := range map[string]func(*freshet.Event){
		"small time":  func(e *freshet.Event) { e.Time = 1_700_000_000 },
		"NaN":         func(e *freshet.Event) { e.Value, e.HasValue = math.NaN(), true },
		"huge":        func(e *freshet.Event) { e.Value, e.HasValue = math.Inf(1), true },
		"bad text":    func(e *freshet.Event) { e.Query = "\xff" },
		"no identity": func(e *freshet.Event) { e.User = "" },
		"bad number":  func(e *freshet.Event) { e.Context = map[string]any{"a": json.Number("one")} },
		"rank":        func(e *freshet.Event) { e.Rank = -1 },
	} {
		e := good
		spoil(&e)
		if got, problems := DecodeEvent(AppendEvent(nil, &e), testRules()); len(problems) == 0 {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

// Go's own types in free data are written as JSON has them.
func TestAppendFreeTypes(t *testing.T) {
	free := map[string]any{"a": 1, "b": int64(2), "c": 2.5, "d": float32(0.1), "e": []string{"x"}}
	const want = `{"a":1,"b":2,"c":2.5,"d":0.1,"e":["x"]}`
	if got := string(appendFree(nil, free)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("a channel is written")
		}
	}()
	appendFree(nil, make(chan int))
}

func TestFingerprint(t *testing.T) {
	base := freshet.Event{ID: "e", User: "u", Item: "i", Name: "click", Time: noon}
	const golden = 0xb1073202723420db
	if got := Fingerprint(&base); got != golden {
		t.Errorf("the print of a fixed event is %#x, want %#x: stored prints would no longer match", got, uint64(golden))
	}
	unset := base
	unset.TimeUnset = true
	later := unset
	later.Time++
	if Fingerprint(&unset) != Fingerprint(&later) {
		t.Error("the time of receipt changes the print of an event without ts")
	}
	prints := map[uint64]string{Fingerprint(&base): "base", Fingerprint(&unset): "unset"}
	for name, change := range map[string]func(*freshet.Event){
		"id": func(e *freshet.Event) { e.ID = "f" }, "user": func(e *freshet.Event) { e.User = "v" },
		"user as session": func(e *freshet.Event) { e.User, e.Session = "", "u" }, "item": func(e *freshet.Event) { e.Item = "j" },
		"name": func(e *freshet.Event) { e.Name = "view" }, "time": func(e *freshet.Event) { e.Time++ },
		"value 0": func(e *freshet.Event) { e.HasValue = true }, "value 1": func(e *freshet.Event) { e.Value, e.HasValue = 1, true },
		"rank": func(e *freshet.Event) { e.Rank = 1 }, "query": func(e *freshet.Event) { e.Query = "q" },
		"request": func(e *freshet.Event) { e.Request = "q" }, "context": func(e *freshet.Event) { e.Context = map[string]any{"a": nil} },
	} {
		e := base
		change(&e)
		p := Fingerprint(&e)
		if other, taken := prints[p]; taken {
			t.Errorf("%s has the print of %s", name, other)
		}
		prints[p] = name
	}
}

// plainZero is a number as free data keeps it: a negative zero is zero.
func plainZero(lit string) json.Number {
	if v, err := strconv.ParseFloat(lit, 64); err == nil && v == 0 && lit[0] == '-' {
		return "0"
	}
	return json.Number(lit)
}

// TestFingerprintsOf: side by side they are what they are one by one.
func TestFingerprintsOf(t *testing.T) {
	var text []byte
	var ends []int
	for i := range 30 {
		text = append(text, strings.Repeat(string(rune('a'+i%7)), i*i%41)...)
		ends = append(ends, len(text))
	}
	for n := range ends {
		prints := make([]uint64, n)
		FingerprintsOf(prints, text, ends[:n])
		begin := 0
		for i, got := range prints {
			if want := FingerprintOf(text[begin:ends[i]]); got != want {
				t.Errorf("%d of %d: %x, want %x", i, n, got, want)
			}
			begin = ends[i]
		}
	}
}
