package main

import (
	"strings"
	"testing"
)

func place(rank, was int, id, title string, score float64, because string, routes ...string) placed {
	return placed{ID: id, Rank: rank, Was: was, Score: score, Fields: titleField{title}, Why: explanation{Text: because, Routes: routes}}
}

func ms(x float64) *float64 { return &x }

// sea is a slate with every kind of move.
func sea() *slateReply {
	return &slateReply{
		RequestID: "r-01", Previous: "r-00", TookMS: 5.8,
		Items: []placed{
			place(1, 9, "b-0933", "Salt in the Rigging", 0.184, "like b-0417, clicked 3 s ago", "covisit", "embedding"),
			place(2, 2, "b-0102", "The Quiet Lighthouse", 0.1712, "you read this author", "embedding"),
			place(3, 0, "b-1288", "Tide Tables for Two", 0.16, "like b-0417, clicked 3 s ago", "covisit"),
			place(4, 1, "b-7", "", 0.0164, "from the catalogue"),
		},
		Freshness: freshness{Reflected: true, Last: &lastEvent{Event: "click", Position: "61207", EffectMS: ms(4.02)}},
	}
}

func checkPage(t *testing.T, page slatePage, want string) {
	t.Helper()
	if got := page.String(); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.TrimPrefix(want, "\n"))
	}
}

func TestSlateWithDiff(t *testing.T) {
	checkPage(t, slatePage{reply: sea(), n: 4, diff: true, columns: 80}, `
 #   was  item                          score    because
 1   ▲ 9  Salt in the Rigging   b-0933  0.184    like b-0417, clicked 3 s ago  [covisit, embedding]
 2   =    The Quiet Lighthouse  b-0102  0.171    you read this author          [embedding]
 3   new  Tide Tables for Two   b-1288  0.160    like b-0417, clicked 3 s ago  [covisit]
 4   ▼ 1                        b-7     0.0164   from the catalogue
click reflected: yes (position 61207, applied 4 ms after arrival) · request r-01 · 5.8 ms
`)
}

func TestSlateWithoutDiff(t *testing.T) {
	checkPage(t, slatePage{reply: sea(), n: 10, columns: 80}, `
 #   item                          score    because
 1   Salt in the Rigging   b-0933  0.184    like b-0417, clicked 3 s ago  [covisit, embedding]
 2   The Quiet Lighthouse  b-0102  0.171    you read this author          [embedding]
 3   Tide Tables for Two   b-1288  0.160    like b-0417, clicked 3 s ago  [covisit]
 4                         b-7     0.0164   from the catalogue
request r-01 · reflected: yes · 4 of 10 places · 5.8 ms
`)
}

// TestWhySaysNothingOfWords: a reply has null for words and for no value, so neither is claimed.
func TestWhySaysNothingOfWords(t *testing.T) {
	got := spoke([]contribution{{Feature: "item.id", Adds: 0.257}, {Feature: "feature.item_ctr", Value: ms(0.5), Adds: 0.1}})
	if want := "item.id (+0.257) · feature.item_ctr = 0.500 (+0.100)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSlateColumnsAlignByWhatPeopleSee(t *testing.T) {
	reply := &slateReply{RequestID: "r-1", TookMS: 12.4, Items: []placed{
		place(9, 10, "書-1", "紅樓夢", 12.34, "像 西遊記", "covisit"),
		place(10, 9, "b\x1b[2J", "Cafe\u0301 👩‍🚀\x07", 1.5, "popular", "hot"),
		place(100, 100, "b-3", "A", 0, "new"),
	}, Freshness: freshness{Reflected: true, Last: &lastEvent{Event: "like it", Position: "7"}}}
	checkPage(t, slatePage{reply: reply, n: 3, diff: true, columns: 80}, `
  #   was   item                  score   because
  9   ▲ 10  紅樓夢    書-1        12.3    像 西遊記  [covisit]
 10   ▼ 9   Café 👩‍🚀�  "b\x1b[2J"   1.50   popular    [hot]
100   =     A         b-3          0      new
like it reflected: yes (position 7) · request r-1 · 12 ms
`)
}

func TestSlateWithoutTitles(t *testing.T) {
	reply := &slateReply{RequestID: "r-1", Items: []placed{place(1, 0, "x", "", 1, "new", "new")}, Freshness: freshness{Reflected: true}}
	checkPage(t, slatePage{reply: reply, n: 1, diff: true, columns: 80}, `
 #   was  item  score   because
 1   new  x     1.00    new      [new]
no events from this user yet · request r-1 · 0 ms
`)
}

func TestTitlesGiveWayToTheTerminal(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("long title ", 10))
	reply := &slateReply{RequestID: "r-1", Items: []placed{place(1, 0, "x", long, 1, "new", "new")}}
	for _, tt := range []struct {
		name     string
		columns  int
		terminal bool
		width    int // of the row
	}{
		{"wide terminal, room for all", 200, true, 32 + 109},
		{"usual terminal", 80, true, 80},
		{"narrow terminal", 60, true, 60},
		{"very narrow terminal", 20, true, 32 + leastTitle},
		{"no terminal", 80, false, 80},
		{"no terminal and narrow", 60, false, 32 + leastTitlePlain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page := slatePage{reply: reply, n: 1, columns: tt.columns, terminal: tt.terminal}
			row := strings.Split(page.String(), "\n")[1]
			if whole := strings.Contains(row, long); whole != (tt.columns == 200) || whole == strings.Contains(row, "…") {
				t.Errorf("whole title %v in %q", whole, row)
			}
			if width(row) != tt.width {
				t.Errorf("%q is %d wide, want %d", row, width(row), tt.width)
			}
		})
	}
}

func TestColourOnlyAroundWhatMoved(t *testing.T) {
	page := slatePage{reply: sea(), n: 4, diff: true, columns: 80, colour: true}
	got := page.String()
	for _, want := range []string{green + "▲ 9" + reset, cyan + "new" + reset, red + "▼ 1" + reset, "   =    The", faint + " #   was"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%q", want, got)
		}
	}
	for _, code := range []string{green, red, cyan, faint, reset} {
		got = strings.ReplaceAll(got, code, "")
	}
	page.colour = false
	if want := page.String(); got != want {
		t.Errorf("colour changes the text:\n%s\nwant:\n%s", got, want)
	}
}

func TestLastLine(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fresh freshness
		diff  bool
		want  string
	}{
		{"effect not known any more", freshness{Reflected: true, Last: &lastEvent{Event: "cart", Position: "5"}}, true, "cart reflected: yes (position 5) · request r-1 · 1 ms"},
		{"never seen", freshness{Reflected: true}, true, "no events from this user yet · request r-1 · 1 ms"},
		{"not yet", freshness{Last: &lastEvent{Event: "view", Position: "5"}}, true, "newest event reflected: no (position 9 is not applied yet) · request r-1 · 1 ms"},
		{"not yet, never seen", freshness{}, true, "newest event reflected: no (position 9 is not applied yet) · request r-1 · 1 ms"},
		{"not yet, no diff", freshness{}, false, "request r-1 · reflected: no · 0 of 3 places · 1 ms"},
	} {
		page := slatePage{reply: &slateReply{RequestID: "r-1", TookMS: 1, Freshness: tt.fresh}, n: 3, diff: tt.diff, minPosition: "9"}
		if got := page.last(); got != tt.want {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.name, got, tt.want)
		}
	}
}

func TestScoreHasThreeSignificantDigits(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want string
	}{
		{0, "0"}, {0.184, "0.184"}, {0.16, "0.160"}, {0.01639344, "0.0164"}, {0.0999951, "0.100"}, {0.999, "0.999"}, {0.9999, "1.00"},
		{1, "1.00"}, {12.34, "12.3"}, {123.4, "123"}, {1234.5, "1234"}, {-0.5, "-0.500"}, {1e-9, "1.00e-09"}, {2.5e12, "2.50e+12"},
	} {
		if got := score(tt.x); got != tt.want {
			t.Errorf("score(%v) = %s, want %s", tt.x, got, tt.want)
		}
	}
}

func TestMillis(t *testing.T) {
	for _, tt := range []struct {
		ms   float64
		want string
	}{{0, "0 ms"}, {0.01, "<0.1 ms"}, {0.559, "0.6 ms"}, {4.02, "4 ms"}, {5.8, "5.8 ms"}, {9.96, "10 ms"}, {21.4, "21 ms"}, {999, "999 ms"}, {999.9, "1 s"}, {2140, "2.1 s"}} {
		if got := millis(tt.ms); got != tt.want {
			t.Errorf("millis(%v) = %s, want %s", tt.ms, got, tt.want)
		}
	}
}
