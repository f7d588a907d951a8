package expression

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/freshet-rec/freshet"
)

// TestWhereOfNothing reads an event that has nothing but its name and time: each condition on what
// is absent is not true, and neither is its opposite.
func TestWhereOfNothing(t *testing.T) {
	e := &freshet.Event{Name: "page", Time: 1}
	for _, text := range []string{
		"item.price > 3", "item.price == 0", "event.value == 0", "event.rank < 1", "event.user_id == 'u'", "item.category == 'a'",
		"'a' in item.tags", "item.tag in ['a', 3]", "user.plan", "user.id != 'a'", "context.x contains 'a'", "3 in context.list", "context.x < context.y",
		"item.price + 1 > 0 && true", "item.title < 'z'", "item.published_ms > 0", "age(item.published_ms) < 1", "log1p(event.value) >= 0",
	} {
		for _, asked := range []string{text, "!(" + text + ")", "(" + text + ") == true", "(" + text + ") != true"} {
			w, err := CompileWhere(asked)
			if err != nil {
				t.Errorf("%s: %v", asked, err)
			} else if w.True(e, nil, nil) {
				t.Errorf("%s is true of an event without anything", asked)
			}
		}
		w, err := CompileWhere("(" + text + ") == nil")
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if !w.True(e, nil, nil) {
			t.Errorf("%s has a value for an event without anything", text)
		}
	}
}

func TestVerdictTables(t *testing.T) {
	// u is a context field that is true, false or absent.
	value := map[string]map[string]any{"T": {"u": true, "v": true}, "F": {"u": false, "v": false}, "?": {}}
	answers := map[verdict]string{yes: "T", no: "F", unknown: "?"}
	for text, want := range map[string]string{ // rows T F ? by columns T F ?
		"ctx.u && ctx.v": "TF? FFF ?F?",
		"ctx.u || ctx.v": "TTT TF? T??",
		"ctx.u == ctx.v": "TF? FT? ???",
		"ctx.u != ctx.v": "FT? TF? ???",
		"ctx.u ?? ctx.v": "TTT FFF TF?",
	} {
		w, err := CompileWhere(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, u := range []string{"T", "F", "?"} {
			for _, v := range []string{"T", "F", "?"} {
				context := map[string]any{}
				if is, ok := value[u]["u"]; ok {
					context["u"] = is
				}
				if is, ok := value[v]["v"]; ok {
					context["v"] = is
				}
				got += answers[w.holds(&Row{Context: context, event: &freshet.Event{}})]
			}
			got += " "
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	kinds := map[string]Kind{"a": Number, "word": Text, "recent": List, "any": Either, "in": Number, "age": Number, "item-ctr": Number}
	for text, want := range map[string]string{
		"":                        "1:1: the expression is empty",
		"\n ":                     "1:1: the expression is empty",
		"a +":                     "1:4: the expression ends too early",
		"a\n + * 2":               `2:4: unexpected "*"`,
		"é":                       `1:1: unknown feature "é"`,
		"'é' + é":                 `1:7: unknown feature "é"`,
		"a @ 2":                   "1:3: unrecognized character: U+0040 '@'",
		"'a":                      "1:3: the text is not closed",
		"recent":                  `1:1: feature "recent" is a list; an expression reads numbers and texts`,
		"b":                       `1:1: unknown feature "b"; did you mean a?`,
		"itm.price":               `1:1: "itm" has no names to read; did you mean item.price?`,
		"item_ctr":                `1:1: unknown feature "item_ctr"; did you mean features["item-ctr"]?`,
		"item":                    "1:1: item is not a value by itself; write item.<name>",
		"event.value":             "1:1: a derived feature reads no event; event belongs to where",
		"context.a.b":             "1:1: only item, user, context and event have names to read, and those have none below them",
		"item[a]":                 `1:6: a name must be written out; write item.<name> or item["name"]`,
		"item?.price":             "1:1: ?. is not part of this language; write . instead: what is absent is no value anyway",
		"a.b":                     `1:1: "a" has no names to read; names are read of item, user and context`,
		"word + word":             "1:1: texts can not be added; write cross(a, b)",
		"word + 1":                "1:1: this is a text; it must be a number",
		"a && true":               "1:1: this is a number; it must be true or false; compare it, as in x > 0",
		"a > 1 ? word : a":        "1:16: one value is a text, the other a number; both must be of one kind",
		"a > word":                "1:5: the left side is a number, this is a text: they are never equal and have no order",
		"true > false":            "1:1: this is a truth value, which has no order",
		"nil":                     "1:1: this is nil; a derived feature is a number or a text",
		"a < nil":                 "1:5: nil has no order; == and != ask whether there is a value",
		"a == nil == true == nil": "no error",
		"nil == nil":              "1:1: nil is always nil",
		"a in [1, 'x']":           "1:10: this is a text, and what is looked for a number",
		"a in [a]":                "1:7: a list holds numbers, texts and truth values that are written out",
		"a in 3":                  "1:6: this is a number; the right side of in must be a list; write [a, b]",
		"'x' in word":             "1:8: this is a text; the right side of in must be a list; write a contains b to look into a text",
		"item.tags contains 'x'":  "1:1: a list has no contains; write x in list",
		"item.tags == 'x'":        "1:1: a list can not be compared; write x in list",
		"word == ''":              "1:9: an empty text is no value; compare with nil to ask whether there is a value",
		"a / (1 - 1)":             "1:3: division by zero; write ratio(a, b) for 0 where b is 0",
		"a / -0.0":                "1:3: division by zero; write ratio(a, b) for 0 where b is 0",
		"a % 2":                   "1:3: the operator % is not part of this language",
		"a ** 2":                  "1:3: the operator ** is not part of this language; write x * x, or exp(y * …)",
		"a < 2 < 3":               "1:5: comparisons can not be chained, and ?: needs a value between its signs; write a < b && b < c, and a ?? b",
		"a ?: 2":                  "1:1: comparisons can not be chained, and ?: needs a value between its signs; write a < b && b < c, and a ?? b",
		"let x = a; x":            "1:5: let and ; are not part of this language; make a feature of its own of it",
		"a; a":                    "1:1: let and ; are not part of this language; make a feature of its own of it",
		"if a > 1 {2} else {3}":   "1:4: if and else are not part of this language; write condition ? a : b",
		"map([1], # + 1)":         `1:1: unknown function "map"; did you mean max?`,
		"now()":                   `1:1: unknown function "now"; there are abs, age, bucketize, cross, exp, hour, log1p, max, min, ratio, sqrt and weekday`,
		"log1p":                   "1:1: log1p is a function; write log1p(…)",
		"item.foo(1)":             "1:6: methods are not part of this language",
		"min(a)":                  "1:1: min takes 2 arguments or more, not 1; write min(a, b, …)",
		"hour(1, 2)":              "1:1: hour takes at most 1, not 2; write hour() or hour(offset)",
		"hour(25)":                "1:6: the offset is 25 hours; it must be from -24 to 24",
		"bucketize(a, [])":        "1:14: the bounds must be a list that is written out; write bucketize(x, [1, 10, 100])",
		"bucketize(a, [1, a])":    "1:18: a bound must be a number that is written out",
		"bucketize(a, [1, 1])":    "1:18: bounds must ascend; 1 is not above 1",
		"max(a, nil)":             "1:8: nil is no number",
		"a + features['in'] + any + age + age(0) + log1p(any)": "no error",
		"'x' not in item.tags ? a : 2":                         "no error",
		strings.Repeat("a + ", 200) + "a":                      "1:1: the expression is more than 200 deep; move a part into a feature of its own",
		strings.Repeat("a + ", 199) + "a":                      "no error",
		strings.Repeat("(", 2000) + "a":                        "1:2002: the expression ends too early",
		strings.Repeat("a", 4097):                              "1:1: the expression has 4097 bytes; at most 4096 are read",
		"a +\xff":                                              "1:4: the expression is not valid UTF-8",
	} {
		_, err := CompileDerived(text, kinds)
		if got := errorText(err); got != want {
			t.Errorf("%s\nis   %s\nwant %s", text, got, want)
		}
	}
}

func TestUses(t *testing.T) {
	kinds := map[string]Kind{"a": Number, "b": Number, "c-d": Text, "age": Number}
	d, err := CompileDerived("(b > 1 ? a + item.a : b) +\n bucketize(age, [1]) + log1p(a) + (features['c-d'] == user.b ? 1 : 0)", kinds)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(d.Uses(), " "), "b a age c-d"; got != want {
		t.Errorf("uses %q, want %q", got, want)
	}
	if got, want := fmt.Sprint(d.parsed.Uses()), "[{b 1 2} {a 1 10} {age 2 12} {c-d 2 45}]"; got != want {
		t.Errorf("uses %s, want %s", got, want)
	}
}

func TestKinds(t *testing.T) {
	kinds := map[string]Kind{"a": Number, "word": Text, "any": Either}
	for text, want := range map[string]Kind{
		"a": Number, "a > 1": Number, "word": Text, "any": Either, "any + 1": Number, "cross(a, any)": Text, "item.price": Number,
		"item.brand": Either, "a > 1 ? any : 1": Either, "a ?? item.brand": Either, "word ?? 'x'": Text, "a > 1 ? nil : word": Text,
		"a > 1 ? 1 : a > 0": Number, "user.id": Text, "hour()": Number, "1": Number,
	} {
		d, err := CompileDerived(text, kinds)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if d.Kind() != want {
			t.Errorf("%s is %s, want %s", text, d.Kind(), want)
		}
	}
}

// TestCrossIsUnambiguous crosses values that could be taken for one another: no two results are
// equal.
func TestCrossIsUnambiguous(t *testing.T) {
	d, err := CompileDerived("cross(context.a, context.b)", nil)
	if err != nil {
		t.Fatal(err)
	}
	bound := d.Bind(nil)
	values := []any{"a", "b", "a|b", "|", `"a"`, `"`, `\`, "1", 1.0, "1.0", "1e0", "-1", -1.0, "true", true, false, "Inf", "NaN", "0x1", "+1", ".5", 0.5}
	from := map[string][2]any{}
	for _, a := range values {
		for _, b := range values {
			_, text, null := bound.Value(&Row{Context: map[string]any{"a": a, "b": b}})
			if was, twice := from[text]; twice || null {
				t.Errorf("%v and %v both give %s", was, [2]any{a, b}, text)
			}
			from[text] = [2]any{a, b}
		}
	}
}

func TestClock(t *testing.T) {
	const wednesday = 1_794_960_000_000 // 2026-11-18 00:00
	for _, tt := range []struct {
		text string
		q    int64
		want float64
	}{
		{"hour()", 0, 0}, {"weekday()", 0, 4}, {"hour()", -1, 23}, {"weekday()", -1, 3}, {"hour(-1)", 0, 23}, {"weekday(-1)", 0, 3},
		{"weekday()", wednesday, 3}, {"weekday(-0.5)", wednesday, 2}, {"weekday(24)", wednesday + 4*dayMs, 1}, {"hour(context.tz)", 0, 2},
		{"age(1000)", 3500, 2.5}, {"age(5000)", 3500, 0},
	} {
		d, err := CompileDerived(tt.text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := d.Bind(nil).Value(&Row{Time: tt.q, Context: map[string]any{"tz": 2.0}}); got != tt.want {
			t.Errorf("%s at %d is %v, want %v", tt.text, tt.q, got, tt.want)
		}
	}
	d, err := CompileDerived("hour(context.tz)", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, offset := range []any{nil, 25.0, "two"} {
		if _, _, null := d.Bind(nil).Value(&Row{Context: map[string]any{"tz": offset}}); !null {
			t.Errorf("an hour at the offset %v", offset)
		}
	}
}

func TestBirth(t *testing.T) {
	d, err := CompileDerived("age(item.published_ms)", nil)
	if err != nil {
		t.Fatal(err)
	}
	b := d.Bind(nil)
	published := &freshet.Item{Published: 4000, HasPublished: true}
	for _, tt := range []struct {
		row  Row
		want float64
		null bool
	}{
		{Row{Time: 9000, Item: published, Born: 7000}, 5, false},
		{Row{Time: 9000, Item: &freshet.Item{}, Born: 7000}, 2, false},
		{Row{Time: 9000, Item: &freshet.Item{}}, 0, true},
		{Row{Time: 9000}, 0, true},
	} {
		if got, _, null := b.Value(&tt.row); null != tt.null || !null && got != tt.want {
			t.Errorf("%+v: %v, null %v", tt.row, got, null)
		}
	}
}

// TestHostile compiles texts that make a naive compiler take time exponential in their length.
func TestHostile(t *testing.T) {
	chained, elvis, negated := "1", "a", "a"
	for len(chained) < 3900 {
		chained = "1 < (" + chained + ") < 1"
	}
	for len(elvis) < 3900 {
		elvis = "(" + elvis + " ?: a)"
	}
	for len(negated) < 3900 {
		negated += " not in [1]"
	}
	for _, text := range []string{
		chained, elvis, negated, strings.Repeat("!", 4096), strings.Repeat("-", 4000) + "a", strings.Repeat("[", 4000), strings.Repeat("a?", 2000),
		strings.Repeat("a?a:", 1000) + "a", strings.Repeat("(", 2000) + "b" + strings.Repeat(")", 2000), strings.Repeat("a|", 2000), "a" + strings.Repeat(".a", 2000),
		strings.Repeat("map(", 1000), strings.Repeat("{a:", 1000), "a" + strings.Repeat("??a", 1300), strings.Repeat("if a{", 800),
	} {
		for range 2 {
			if _, err := CompileDerived(text, map[string]Kind{"a": Number}); err == nil {
				t.Errorf("%.40s… compiles", text)
			}
		}
	}
}

// FuzzCompile checks of any text that it neither breaks nor holds the compiler, that errors point
// into the text, and that what compiles can be read.
func FuzzCompile(f *testing.F) {
	p := readPage(f)
	for _, examples := range p.blocks {
		for _, example := range examples {
			f.Add(example[0])
		}
	}
	kinds, index, row := p.world.features()
	f.Fuzz(func(t *testing.T, text string) {
		check := func(err error) {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v is no Error", err)
			}
			lines := strings.Split(text, "\n")
			if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > utf8.RuneCountInString(lines[e.Line-1])+1 {
				t.Errorf("%v is outside the text %q", err, text)
			}
			if e.Message == "" || strings.HasPrefix(e.Message, "the expression cannot be read") {
				t.Errorf("the parser panicked: %v", err)
			}
		}
		if w, err := CompileWhere(text); err != nil {
			check(err)
		} else {
			w.True(&freshet.Event{}, nil, nil)
			w.True(p.world.event(), p.world.item(), p.world.user())
		}
		d, err := CompileDerived(text, kinds)
		if err != nil {
			check(err)
			return
		}
		number, word, null := d.Bind(index).Value(row)
		if null != (number != number && word == "") || number-number != 0 && number == number {
			t.Errorf("%q is %v, %q, null %v", text, number, word, null)
		}
		again, _, _ := d.Bind(index).Value(row)
		if again != number && again == again {
			t.Errorf("%q is %v and then %v", text, number, again)
		}
	})
}

func TestNoAllocation(t *testing.T) {
	p := readPage(t)
	kinds, index, row := p.world.features()
	for _, text := range []string{"log1p(clicks) * ctr", "clicks > 5 ? bucketize(ctr, [0.1, 0.5]) : min(dwell ?? 0, 3)", "user.age + hour(5.5) + age(item.published_ms)", "item.category in ['a', 'b']"} {
		d, err := CompileDerived(text, kinds)
		if err != nil {
			t.Fatal(err)
		}
		b := d.Bind(index)
		if n := testing.AllocsPerRun(100, func() { b.Value(row) }); n != 0 {
			t.Errorf("%s allocates %v times a row", text, n)
		}
	}
	w, err := CompileWhere("event.value > 1 && item.price < 200 && 'sale' in item.categories && user.plan == 'gold'")
	if err != nil {
		t.Fatal(err)
	}
	e, item, user := p.world.event(), p.world.item(), p.world.user()
	if n := testing.AllocsPerRun(100, func() { w.True(e, item, user) }); n != 0 {
		t.Errorf("a where allocates %v times an event", n)
	}
}
