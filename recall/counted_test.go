package recall

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/internal/pack"
)

// tally is the oracle of a counted window: every event kept, counted from scratch.
type tally []struct {
	item uint32
	t    int64
}

func (k tally) at(hop, q int64) (map[uint32]int64, int64) {
	counts, total := map[uint32]int64{}, int64(0)
	for _, e := range k {
		if tile, head := e.t/hop, q/hop; head-countedTiles < tile && tile <= head {
			counts[e.item]++
			total++
		}
	}
	return counts, total
}

// same fails the test unless the window at q holds what the oracle counts, no more items.
func (k tally) same(t *rapid.T, c *counted, q int64) {
	t.Helper()
	want, wantTotal := k.at(c.hop, q)
	got, total := c.at(q)
	if total != wantTotal {
		t.Fatalf("window %d, newest tile %d, at %d: %d events, want %d", c.window, c.newest, q, total, wantTotal)
	}
	for item, n := range got {
		if n != want[uint32(item)] {
			t.Fatalf("window %d, newest tile %d, at %d: item %d counted %d times, want %d", c.window, c.newest, q, item, n, want[uint32(item)])
		}
		delete(want, uint32(item))
	}
	if len(want) > 0 {
		t.Fatalf("window %d, newest tile %d, at %d: missing %v", c.window, c.newest, q, want)
	}
}

func TestCountedAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hop := rapid.Int64Range(1, 5).Draw(t, "hop")
		window := hop * countedTiles
		slack := rapid.Int64Range(0, 4*hop).Draw(t, "slack")
		c := newCounted(window, slack)
		var all tally
		newest := rapid.Int64Range(0, 3*window).Draw(t, "start")
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			var at int64
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0: // a long gap, around the whole ring
				at = newest + window + slack + rapid.Int64Range(-2*hop, 4*hop).Draw(t, "gap")
			case 1: // around the end of the window
				at = newest + window + rapid.Int64Range(-hop, hop).Draw(t, "gap")
			case 2: // behind, as far as below the ring
				at = max(0, newest-rapid.Int64Range(0, window+slack+3*hop).Draw(t, "behind"))
			case 3, 4: // on the edge of a tile
				at = max(0, (newest/hop+rapid.Int64Range(-3, 3).Draw(t, "edge"))*hop-rapid.Int64Range(0, 1).Draw(t, "before"))
			case 5: // far back in the window
				at = max(0, newest-window+rapid.Int64Range(-hop, hop).Draw(t, "tail"))
			default:
				at = newest + rapid.Int64Range(0, 2*hop).Draw(t, "ahead")
			}
			newest = max(newest, at)
			item := rapid.Uint32Range(1, 6).Draw(t, "item")
			c.add(item, at)
			all = append(all, struct {
				item uint32
				t    int64
			}{item, at})
			for _, q := range []int64{
				newest - slack, newest, newest + hop, newest + window - 1, newest + window, newest + window + hop,
				newest + rapid.Int64Range(-slack, window+2*hop).Draw(t, "q"),
			} {
				if q >= 0 {
					all.same(t, c, q)
				}
			}
		}
	})
}

// A read further back than the slack misses what has left the ring, and invents nothing.
func TestCountedReadBehindTheSlack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCounted(countedTiles, rapid.Int64Range(0, 5).Draw(t, "slack"))
		var all tally
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			item, at := rapid.Uint32Range(1, 4).Draw(t, "item"), rapid.Int64Range(0, 400).Draw(t, "at")
			c.add(item, at)
			all = append(all, struct {
				item uint32
				t    int64
			}{item, at})
		}
		q := rapid.Int64Range(0, 400).Draw(t, "q")
		most, _ := all.at(c.hop, q)
		counts, total := c.at(q)
		sum := int64(0)
		for item, n := range counts {
			if n < 0 || n > most[uint32(item)] {
				t.Fatalf("at %d item %d counted %d times, want 0 to %d", q, item, n, most[uint32(item)])
			}
			sum += n
		}
		if sum != total {
			t.Fatalf("at %d the total is %d, the counts sum to %d", q, total, sum)
		}
	})
}

// A read leaves the table as it was, wherever its time lies.
func TestCountedReadChangesNothing(t *testing.T) {
	c := newCounted(countedTiles, 10)
	for at := range int64(200) {
		c.add(uint32(1+at%3), at)
	}
	want, total := c.at(199)
	want = slices.Clone(want)
	for q := range int64(300) {
		c.at(q)
		if got, n := c.at(199); !slices.Equal(got, want) || n != total {
			t.Fatalf("after a read at %d: %v of %d, want %v of %d", q, got, n, want, total)
		}
	}
}

func TestCountedMeasures(t *testing.T) {
	tests := []struct {
		name          string
		window, slack int64
		hop           int64
		ring          int
	}{
		{"an hour, a minute of slack", 3_600_000, 60_000, 60_000, 62},
		{"slack of a part of a tile", 3_600_000, 60_001, 60_000, 63},
		{"no slack", 3_600_000, 0, 60_000, 61},
		{"shorter than its tiles", 10, 0, 1, 61},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCounted(tt.window, tt.slack)
			if c.hop != tt.hop || len(c.ring) != tt.ring {
				t.Errorf("hop %d, %d tiles; want %d, %d", c.hop, len(c.ring), tt.hop, tt.ring)
			}
			if counts, total := c.at(5); counts != nil || total != 0 {
				t.Errorf("empty it reads %v of %d", counts, total)
			}
		})
	}
}

// TestUnpackAtTheEndOfTime: the tiles of a window are counted, not waited for.
func TestUnpackAtTheEndOfTime(t *testing.T) {
	for _, newest := range []int64{0, math.MaxInt64} {
		c := newCounted(60_000, 0)
		c.begun, c.newest = true, newest
		*c.slot(newest).at(1) = 2
		var w pack.Writer
		c.pack(&w)
		again, r := newCounted(60_000, 0), pack.NewReader(w.Bytes)
		again.unpack(r, 2)
		if err := r.Done(); err != nil || again.total != 2 {
			t.Errorf("newest tile %d: %d events, %v", newest, again.total, err)
		}
	}
}
