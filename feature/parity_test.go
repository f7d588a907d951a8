package feature

import (
	"os"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/source/globo"
	"github.com/freshet-rec/freshet/store/mem"
)

// click is one of the published clicks, who and what as numbers.
type click struct {
	visitor, item uint32
	time          int64
}

// clicks reads the four days of Globo.com beside the repository, in the order of their times.
func clicks(t *testing.T) []click {
	t.Helper()
	dir := "../../shared/data/globo-4d"
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the test data is missing, and CI must not pass without it: %v", err)
		}
		t.Skipf("the test data is not here: %v", err)
	}
	im, err := globo.Read(t.Context(), os.DirFS(dir), 1_800_000_000_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	visitors, items := map[freshet.UserID]uint32{}, map[freshet.ItemID]uint32{}
	list := make([]click, len(im.Events))
	for i, e := range im.Events {
		if visitors[e.User] == 0 {
			visitors[e.User] = uint32(len(visitors) + 1)
		}
		if items[e.Item] == 0 {
			items[e.Item] = uint32(len(items) + 1)
		}
		list[i] = click{visitors[e.User], items[e.Item], e.Time}
	}
	if !slices.IsSortedFunc(list, func(a, b click) int { return int(a.time - b.time) }) || len(list) < 900_000 {
		t.Fatalf("%d clicks, want the 901,032 of four days by time", len(list))
	}
	return list
}

// track is one key as the sliding window sees it: its clicks, of which those before first are
// over and those before last have come.
type track struct {
	visitor, item uint32
	times         []int64
	first, last   int
	active        bool
}

// slide counts the clicks in [from, to), of bounds that never go back.
func (k *track) slide(from, to int64) int {
	for k.last < len(k.times) && k.times[k.last] < to {
		k.last++
	}
	for k.first < k.last && k.times[k.first] < from {
		k.first++
	}
	return k.last - k.first
}

// TestHoppingIsSlidingOnRealClicks: a count over a window W in hops, read one millisecond before a
// hop's boundary E, is the number of events of the sliding window [E − W, E), which is Flink's
// HOP: at every boundary, for every key whose count is not 0 there or has just become 0. It is read
// as the clicks come, when the next one is past the boundary, and from an engine that can look back
// over all four days once more when all have come.
func TestHoppingIsSlidingOnRealClicks(t *testing.T) {
	all := clicks(t)
	for _, c := range []struct {
		name  string
		def   Definition
		oneIn uint32 // keys read once more at the end; each takes room for all four days
		least int
	}{
		{"5m in 30s by user and article", Definition{Key: []string{"user", "item"}, Window: 5 * freshet.Minute, Hop: 30 * freshet.Second}, 256, 9_900_000},
		{"1h in 1m by article", Definition{Key: []string{"item"}, Window: freshet.Hour, Hop: freshet.Minute}, 16, 4_200_000},
		{"24h in 1h by article", Definition{Key: []string{"item"}, Window: freshet.Day, Hop: freshet.Hour}, 1, 600_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.def.Name, c.def.Agg, c.def.On = "clicks", Count, []string{"click"}
			cells := parity(t, c.def, all, 1, true)
			if cells < c.least {
				t.Errorf("%d cells compared as the clicks came, want %d", cells, c.least)
			}
			again := parity(t, c.def, all, c.oneIn, false)
			if again*int(c.oneIn) < c.least/2 {
				t.Errorf("%d cells of one key in %d compared at the end", again, c.oneIn)
			}
			t.Logf("%d cells compared as the clicks came, %d of one key in %d after all of them; 0 differ", cells, again, c.oneIn)
		})
	}
}

// parity compares one key in oneIn at every boundary that matters, as the clicks come or after all
// of them, and returns how many cells it compared.
func parity(t *testing.T, def Definition, all []click, oneIn uint32, live bool) int {
	t.Helper()
	window, hop := int64(def.Window), int64(def.Hop)
	o := Options{Slack: freshet.Minute, NewTable: mem.New}
	if !live {
		o.Slack = freshet.Duration(all[len(all)-1].time-all[0].time) + def.Window
	}
	engine := New([]Definition{def}, o)
	reader, row := engine.Reader(), make([]Value, 1)

	type key struct{ visitor, item uint32 }
	tracks := map[key]*track{}
	byClick := make([]*track, len(all)) // nil: not one of those compared
	for i, c := range all {
		k := key{c.visitor, c.item}
		if len(def.Key) == 1 {
			k.visitor = 0
		}
		if (k.visitor*2654435761+k.item*2246822519)>>8%oneIn != 0 {
			continue
		}
		if tracks[k] == nil {
			tracks[k] = &track{visitor: k.visitor, item: k.item}
		}
		tracks[k].times = append(tracks[k].times, c.time)
		byClick[i] = tracks[k]
	}
	apply := func(c click) {
		engine.Apply(c.visitor, c.item, &freshet.Event{Name: "click", Time: c.time})
	}
	if !live {
		for i, c := range all {
			if byClick[i] != nil {
				apply(c)
			}
		}
	}
	var active []*track
	cells := 0
	boundary := (all[0].time/hop + 1) * hop // the next one
	at := func(end int64) {
		kept := active[:0]
		for _, k := range active {
			want := k.slide(end-window, end)
			reader.Start(k.visitor, end-1, nil)
			reader.Row(k.item, row)
			if cells++; row[0].Value != float64(want) || row[0].Events != int64(want) {
				t.Fatalf("visitor %d, item %d: %v (%d events) at %d, want the %d of [%d, %d)", k.visitor, k.item, row[0].Value, row[0].Events, end-1, want, end-window, end)
			}
			if k.active = want > 0; k.active {
				kept = append(kept, k)
			}
		}
		active = kept
	}
	for i, c := range all {
		for ; boundary <= c.time && len(active) > 0; boundary += hop {
			at(boundary)
		}
		boundary = max(boundary, (c.time/hop+1)*hop)
		if k := byClick[i]; k != nil && !k.active {
			k.active = true
			active = append(active, k)
		}
		if live {
			apply(c)
		}
	}
	for ; len(active) > 0; boundary += hop {
		at(boundary)
	}
	return cells
}
