package fold_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/stream"
)

// TestCanariesAreAShare: it is as large as it says, grows without letting go of anyone, and another
// model has other ones.
func TestCanariesAreAShare(t *testing.T) {
	const names = 200_000
	var five, twenty, both float64
	for i := range names {
		name := fmt.Sprint("u:", i)
		a, b := fold.Canaries("aa", name, 5), fold.Canaries("aa", name, 20)
		if a && !b {
			t.Fatalf("%s is in the smaller share and not in the greater", name)
		}
		if a != fold.Canaries("aa", name, 5) {
			t.Fatalf("%s is in the share now and then", name)
		}
		if a {
			five++
			if fold.Canaries("bb", name, 5) {
				both++
			}
		}
		if b {
			twenty++
		}
	}
	for _, c := range []struct{ got, want float64 }{{five, 0.05 * names}, {twenty, 0.2 * names}, {both, 0.0025 * names}} {
		if math.Abs(c.got-c.want) > 5*math.Sqrt(c.want) {
			t.Errorf("%v of %d, want about %v", c.got, names, c.want)
		}
	}
	if fold.Canaries("aa", "u:1", 0) || !fold.Canaries("aa", "u:1", 100) {
		t.Error("nobody is in a share of 100, or somebody in one of 0")
	}
}

// TestArms: slates of the trial count for the side of their visitor, and each once when something of
// it was wanted while it was the visitor's last.
func TestArms(t *testing.T) {
	j := build(t)
	at := freshet.Position(1000)
	do := func(e stream.Entry) {
		at++
		e.Position = at
		j.Apply(&e)
	}
	sides := map[bool]string{}
	for i := 0; len(sides) < 2; i++ {
		name := fmt.Sprint("v", i)
		sides[fold.Canaries("bb", "u:"+name, 50)] = name
	}
	serve := func(name string) {
		do(stream.Entry{Topic: freshet.TopicServed, Served: []byte(`{"request_id":"r","visitor":"u:` + name + `","items":[{"item_id":"a"},{"item_id":"b"}]}`)})
	}
	click := func(name, item string) {
		do(stream.Entry{Event: &freshet.Event{User: freshet.UserID(name), Item: freshet.ItemID(item), Name: "click", Time: 1}})
	}
	begin := func() {
		do(stream.Entry{Topic: freshet.TopicModel, Model: []byte(`{"model":"lr","version":2,"sha256":"bb","by":"promoted","slot":"challenger","stage":"canary","percent":50}`)})
	}
	want := func(what string, live, challenger fold.Arm) {
		t.Helper()
		if j.Arms != (fold.Arms{Live: live, Challenger: challenger}) {
			t.Errorf("%s: %+v, want %+v and %+v", what, j.Arms, live, challenger)
		}
	}
	firsts := func(what string, live, challenger fold.Arm) {
		t.Helper()
		if j.Firsts.Arms != (fold.Arms{Live: live, Challenger: challenger}) {
			t.Errorf("%s: %+v, want %+v and %+v", what, j.Firsts.Arms, live, challenger)
		}
	}
	serve(sides[true])
	want("before the trial", fold.Arm{}, fold.Arm{})
	begin()
	click(sides[true], "a") // of the slate before the trial
	want("a click on what was served before", fold.Arm{}, fold.Arm{})
	serve(sides[true])
	serve(sides[false])
	click(sides[true], "z")
	want("a click on what was not shown", fold.Arm{Slates: 1}, fold.Arm{Slates: 1})
	click(sides[true], "b")
	click(sides[true], "a")
	want("two clicks on one slate", fold.Arm{Slates: 1}, fold.Arm{Slates: 1, Wanted: 1})
	serve(sides[false])
	click(sides[false], "a")
	want("a click on the second", fold.Arm{Slates: 2, Wanted: 1}, fold.Arm{Slates: 1, Wanted: 1})
	firsts("what was wanted of a first slate, and of a second", fold.Arm{Slates: 1}, fold.Arm{Slates: 1, Wanted: 1})
	serve(sides[false])
	begin()
	click(sides[false], "a")
	want("after it began anew", fold.Arm{}, fold.Arm{})
	firsts("after it began anew", fold.Arm{}, fold.Arm{})
}
