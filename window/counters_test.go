package window

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/internal/slab"
)

// TestSumBytes holds the sums of neighbours against a loop, over every part of some words.
func TestSumBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 40; n++ {
		words := make([]uint64, (n+7)/8)
		for i := range words {
			words[i] = []uint64{rng.Uint64(), 1<<64 - 1, 0, 0xff00ff00ff00ff00}[rng.IntN(4)]
		}
		for first := range n + 1 {
			for end := first; end <= n; end++ {
				want := int64(0)
				for i := first; i < end; i++ {
					want += int64(words[i/8] >> (i % 8 * 8) & 0xff)
				}
				if got := sumBytes(words, first, end); got != want {
					t.Fatalf("bytes %d to %d of %x are %d together, want %d", first, end, words, got, want)
				}
				if first == end {
					continue
				}
				rest := append([]uint64{}, words...)
				clearBytes(rest, first, end)
				for i := range len(words) * 8 {
					want := words[i/8] >> (i % 8 * 8) & 0xff
					if first <= i && i < end {
						want = 0
					}
					if got := rest[i/8] >> (i % 8 * 8) & 0xff; got != want {
						t.Fatalf("of %x without %d to %d byte %d is %#x, want %#x", words, first, end, i, got, want)
					}
				}
			}
		}
	}
}

// TestCountersLikeHopping plays streams in which tiles get 200 to 400 events: counts outgrow their
// byte, alone and all at once, stay wide over turns of the ring, and get narrow again in pauses. The
// tiles are as many as end before, at and behind the borders of words.
func TestCountersLikeHopping(t *testing.T) {
	met := map[string]int{}
	for _, tiles := range []int64{1, 2, 6, 7, 8, 9, 15, 16, 17, 60, 64} {
		for _, slackTiles := range []int64{0, 1, 3} {
			for _, rate := range []*Rate{nil, {Prior: [2]float64{1, 20}}} {
				t.Run(fmt.Sprintf("%d tiles, slack %d, rate %v", tiles, slackTiles, rate != nil), func(t *testing.T) {
					likeHopping(t, tiles, slackTiles, rate, met)
				})
			}
		}
	}
	for _, what := range []string{"narrow", "widened", "wide over a turn", "narrow again"} {
		if met[what] == 0 {
			t.Errorf("nothing was %s", what)
		}
	}
}

func likeHopping(t *testing.T, tiles, slackTiles int64, rate *Rate, met map[string]int) {
	const hop = 1000
	slack := slackTiles * hop
	var pieces slab.Slab
	c := NewCounters(rate, tiles*hop, hop, slack, &pieces)
	var a Aggregate = Count{}
	if rate != nil {
		a = rate
	}
	h := NewHopping(a, tiles*hop, hop, slack)
	cell, plain := make([]uint64, c.Words()), make([]uint64, h.Words())
	rng := rand.New(rand.NewPCG(uint64(tiles), uint64(slackTiles)))
	now := int64(1_000_000)
	widened := int64(0)
	compare := func(q int64) {
		var got, want Value
		c.Read(&got, cell, q)
		h.Read(&want, plain, q)
		same(t, got, want, "at newest%+d ms", q-now)
		if x := c.Number(cell, q); x != want.Value {
			t.Fatalf("Number at newest%+d ms is %v, want %v", q-now, x, want.Value)
		}
		if (pieces.Len() == 1) != (c.wide(cell) != nil) || pieces.Len() > 1 {
			t.Fatalf("%d pieces of a cell that is wide: %t", pieces.Len(), c.wide(cell) != nil)
		}
	}
	busy := 0
	for step := range 12_000 {
		switch rng.IntN(1200) {
		case 0: // a pause: around the ring, or only nearly
			now += (tiles+slackTiles)*hop + rng.Int64N(3*hop)
		case 1: // a hot key from here on, or a cold one
			busy = 1 - busy
		}
		now += rng.Int64N(int64([]int{400, 8}[busy]))
		at := now
		if slack > 0 && rng.IntN(4) == 0 {
			at -= rng.Int64N(slack)
		}
		s := Sample{Time: at, Number: 1, Lanes: uint8(1 + rng.IntN(3)), Horizon: now - slack}
		was := c.wide(cell) != nil
		c.Add(cell, &s)
		h.Add(plain, &s)
		switch is := c.wide(cell) != nil; {
		case is && !was:
			met["widened"]++
			widened = now
		case was && !is:
			met["narrow again"]++
		case is && now > widened+(tiles+slackTiles)*hop:
			met["wide over a turn"]++
		case !is:
			met["narrow"]++
		}
		if step%10 == 0 || was != (c.wide(cell) != nil) {
			for _, q := range []int64{now - slack, now, now + hop, now + rng.Int64N((tiles+2)*hop)} {
				compare(q)
			}
		}
	}
	if c.Clear(cell); pieces.Len() != 0 || !zero(cell) {
		t.Errorf("%d pieces are in use after all, and the cell is %v", pieces.Len(), cell)
	}
}

// TestCountsAround256 goes over the border of a byte one event at a time, in each lane and at
// each place of a tile in its word.
func TestCountsAround256(t *testing.T) {
	for at := range int64(17) {
		for lanes := uint8(1); lanes <= 3; lanes++ {
			var pieces slab.Slab
			c := NewCounters(&Rate{}, 17, 1, 0, &pieces)
			cell := make([]uint64, c.Words())
			c.AddEvent(cell, at, LaneOf) // neighbours, which must stay as they are
			c.AddEvent(cell, at+1, LanePer)
			for n := int64(1); n <= 300; n++ {
				c.AddEvent(cell, at, lanes)
				want := [2]int64{1, 1}
				for lane := range 2 {
					if lanes>>lane&1 != 0 {
						want[lane] += n
					}
				}
				if got := countsAt(c, cell, at+1); got != want {
					t.Fatalf("tile %d, lanes %b, after %d events: %v, want %v", at, lanes, n, got, want)
				}
				most := n + int64(lanes&LaneOf)
				if wide := pieces.Len() == 1; wide != (most > 255) {
					t.Fatalf("tile %d, lanes %b, after %d events: wide is %t", at, lanes, n, wide)
				}
			}
			c.AddEvent(cell, at+1000, LanePer) // narrow again
			if got := countsAt(c, cell, at+1000); got != [2]int64{0, 1} || pieces.Len() != 0 {
				t.Fatalf("after a pause: %v, %d pieces in use", got, pieces.Len())
			}
		}
	}
}

// TestCountersRoom is what a cell takes: an eighth of words, with whole words a lane.
func TestCountersRoom(t *testing.T) {
	for _, c := range []struct {
		window, hop, slack int64
		rate               *Rate
		want               int
	}{
		{7, 7, 0, nil, 1 + 1},
		{300, 30, 30, nil, 1 + 2},    // 12 tiles
		{300, 30, 60, nil, 1 + 2},    // 13
		{300, 20, 0, nil, 1 + 2},     // 16
		{300, 20, 1, nil, 1 + 3},     // 17
		{60, 1, 60, &Rate{}, 1 + 32}, // 121 tiles in two lanes
	} {
		if got := NewCounters(c.rate, c.window, c.hop, c.slack, &slab.Slab{}).Words(); got != c.want {
			t.Errorf("%+v takes %d words, want %d", c, got, c.want)
		}
	}
}

// TestNothingAllocatesForCounts pins what every event does.
func TestNothingAllocatesForCounts(t *testing.T) {
	var pieces slab.Slab
	c := NewCounters(nil, 300_000, 30_000, 60_000, &pieces)
	cell := make([]uint64, c.Words())
	now := int64(1_700_000_000_000)
	for range 300 {
		c.AddEvent(cell, now, 1)
	}
	if n := testing.AllocsPerRun(100, func() {
		now += 7000
		c.AddEvent(cell, now, 1)
		if c.Number(cell, now) < 1 {
			t.Error("the event is not there")
		}
	}); n != 0 {
		t.Errorf("%v allocations an event and read", n)
	}
}

// countsAt are the sums that a read at q finds.
func countsAt(c *Counters, cell []uint64, q int64) [2]int64 {
	var when When
	when.Set(c, q)
	return c.counts(cell, &when)
}
