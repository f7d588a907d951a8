package window

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// Counters is Hopping for Count and Rate in an eighth of the room: a count a tile, in one byte
// until one of the cell's counts outgrows it. Then all of them move to words in a slab, until
// the cell has had no events for so long that all of its tiles are gone.
//
// A cell is: word 0, the newest event time plus one, and wideFlag; then the tiles of the first
// lane, a byte each, eight a word, the first in the lowest byte, and those of the second, from
// a word of their own. Of a wide cell word 1 is the piece of the slab, a word a tile.
type Counters struct {
	Rate  *Rate // nil: a Count
	ring  ring
	lanes int
	words int // of a lane
	slab  *slab.Slab
	kept  kept
}

// NewCounters returns the cells of counts in windows, of a rate's unless rate is nil; see NewHopping.
func NewCounters(rate *Rate, window, hop, slack int64, s *slab.Slab) *Counters {
	c := &Counters{Rate: rate, ring: newRing(window, hop, slack), lanes: 1, slab: s}
	if rate != nil {
		c.lanes = 2
	}
	c.words = int(c.ring.tiles+7) / 8
	c.kept.tile = -1
	return c
}

// Words implements Cells.
func (c *Counters) Words() int { return 1 + c.lanes*c.words }

// Add implements Cells.
func (c *Counters) Add(cell []uint64, s *Sample) { c.AddEvent(cell, s.Time, s.Lanes) }

// AddEvent is Add of an event at a time; lanes are those of a rate.
func (c *Counters) AddEvent(cell []uint64, t int64, lanes uint8) {
	in := c.ring.locate(t)
	newest := int64(cell[0]&^wideFlag) - 1
	switch {
	case newest >= in.from && newest < in.to: // the tile that was written last
	case newest < 0: // an empty cell
	case newest < in.from:
		c.advance(cell, newest, in)
	case in.tile <= newest/c.ring.hop-c.ring.tiles:
		return
	}
	if t > newest {
		cell[0] = cell[0]&wideFlag | uint64(t+1)
	}
	if c.Rate == nil {
		lanes = 1
	}
	c.increment(cell, in, lanes)
}

// AddRun is AddEvent of each event of a run, to the cells that begin at word from of its records. It
// returns how many of them were empty. Events of one tile that come one after the other are counted
// together.
func (c *Counters) AddRun(run *Run, from int) (made int) {
	for times, at := run.Times, 0; at < len(times); {
		in := c.ring.locate(times[at])
		start, hop, end := in.from, uint64(c.ring.hop), at+1
		for end < len(times) && uint64(times[end]-start) < hop {
			end++
		}
		made += c.addTile(run, at, end, from, in)
		at = end
	}
	return made
}

// addTile is AddRun of the events from first on up to end, all of one tile. Where the newest event of a
// cell is in that tile too, or the cell is empty, one byte counts an event. No branch hangs on which it is,
// since nobody can foresee it: what is not so is left to AddEvent. Within a tile the order of events does
// not matter.
func (c *Counters) addTile(run *Run, first, end, from int, in *near) (made int) {
	var others uint64 // what is left, as bits
	start, hop := uint64(in.from)+1, uint64(c.ring.hop)
	at, shift := from+1+int(uint(in.at)/8), uint(in.at)%8*8
	second := 0 // how far behind the first lane's word that of the second is
	if c.Rate != nil {
		second = c.words
	}
	records, times := run.Records[:end], run.Times[:end]
	for i := first; i < end; i++ {
		record, newest := records[i], uint64(times[i])+1
		was, word := record[from], at
		switch lanes := run.lanes(i); {
		case lanes == 0:
			continue
		case lanes > LanePer: // in both
			others |= 1 << (i & 63)
			if was == 0 {
				made++
				record[from] = newest
			}
			continue
		case lanes == LanePer:
			word += second
		}
		if was == 0 { // runs have those one after the other
			made++
			record[from], record[word] = newest, 1<<(shift&63)
			continue
		}
		count := record[word]
		_, same := bits.Sub64(was-start, hop, 0)            // 1 when it is less, not of a wide cell
		same &^= (count>>(shift&63)&math.MaxUint8 + 1) >> 8 // the byte is full
		others |= (same ^ 1) << (i & 63)
		record[word] = count + same<<(shift&63)
		record[from] = was + (max(newest, was)-was)&-same
	}
	for ; others != 0; others &= others - 1 {
		i := bits.TrailingZeros64(others)
		c.AddEvent(records[i][from:][:c.Words()], times[i], run.lanes(i))
	}
	return made
}

// increment counts an event in a tile of a cell.
func (c *Counters) increment(cell []uint64, in *near, lanes uint8) {
	if cell[0]&wideFlag != 0 {
		c.incrementWide(cell, in, lanes)
		return
	}
	word, shift := 1+int(in.at)/8, in.at%8*8
	for ; lanes != 0; lanes >>= 1 {
		if lanes&1 != 0 {
			if cell[word]>>shift&0xff == 0xff {
				c.widen(cell)
				c.incrementWide(cell, in, lanes<<((word-1)/c.words))
				return
			}
			cell[word] += 1 << shift
		}
		word += c.words
	}
}

func (c *Counters) incrementWide(cell []uint64, in *near, lanes uint8) {
	wide := c.slab.At(slab.Ref(cell[1]))
	for at := int(in.at); lanes != 0; lanes >>= 1 {
		if lanes&1 != 0 {
			wide[at]++
		}
		at += int(c.ring.tiles)
	}
}

// advance clears the tiles after that of the newest event up to the one that is in.
func (c *Counters) advance(cell []uint64, newest int64, in *near) {
	tiles := int(c.ring.tiles)
	gone := int(c.ring.since(newest, in))
	if gone >= tiles {
		c.Clear(cell)
		return
	}
	if cell[0]&wideFlag == 0 && c.words <= keptWords {
		masks := c.kept.after(in, gone, tiles)[:c.words]
		for lane := 1; lane < len(cell); lane += c.words {
			counts := cell[lane : lane+c.words]
			for i, mask := range masks {
				counts[i] &= mask
			}
		}
		return
	}
	wide := c.wide(cell)
	first := int(in.at) - gone + 1 // of those to clear; below 0 they begin at the ring's end
	for lane := range c.lanes {
		if wide != nil {
			counts := wide[lane*tiles : (lane+1)*tiles]
			clear(counts[max(first, 0) : in.at+1])
			if first < 0 {
				clear(counts[first+tiles:])
			}
			continue
		}
		clearRing(cell[1+lane*c.words:1+(lane+1)*c.words], first, int(in.at)+1, tiles)
	}
}

// keptWords is how many words a lane may have for kept.
const keptWords = 8

// kept are masks of the counts that stay when a ring advances to one tile: they are asked for again
// and again as long as events are in it.
type kept struct {
	tile  int64  // to which
	known uint64 // for which numbers of tiles, as bits
	masks [keptWords * 8][keptWords]uint64
}

// after is the mask for a lane when the last gone tiles, up to the one that is in, are cleared.
func (k *kept) after(in *near, gone, tiles int) *[keptWords]uint64 {
	if k.tile != in.tile {
		k.tile, k.known = in.tile, 0
	}
	mask := &k.masks[gone]
	if k.known>>gone&1 == 0 {
		k.known |= 1 << gone
		for i := range mask {
			mask[i] = math.MaxUint64
		}
		clearRing(mask[:], int(in.at)-gone+1, int(in.at)+1, tiles)
	}
	return mask
}

// clearRing makes bytes first to end-1 of a ring 0; below 0 they begin at its end.
func clearRing(words []uint64, first, end, tiles int) {
	clearBytes(words, max(first, 0), end)
	if first < 0 {
		clearBytes(words, first+tiles, tiles)
	}
}

// clearBytes makes bytes first to end-1 of little-endian words 0.
func clearBytes(words []uint64, first, end int) {
	from, to := first/8, (end-1)/8
	low := uint64(1)<<(first%8*8) - 1              // those before first stay
	high := ^uint64(0) << ((end - 1) % 8 * 8) << 8 // those from end on
	if from == to {
		words[from] &= low | high
		return
	}
	words[from] &= low
	clear(words[from+1 : to])
	words[to] &= high
}

// wide are the counts of a wide cell, nil for another.
func (c *Counters) wide(cell []uint64) []uint64 {
	if cell[0]&wideFlag == 0 {
		return nil
	}
	return c.slab.At(slab.Ref(cell[1]))
}

func (c *Counters) widen(cell []uint64) {
	tiles := int(c.ring.tiles)
	piece := c.slab.Make(c.lanes * tiles)
	wide := c.slab.At(piece)
	for lane := range c.lanes {
		for at := range tiles {
			wide[lane*tiles+at] = cell[1+lane*c.words+at/8] >> (at % 8 * 8) & 0xff
		}
	}
	clear(cell[1:])
	cell[0] |= wideFlag
	cell[1] = uint64(piece)
}

// Clear implements Cells.
func (c *Counters) Clear(cell []uint64) {
	if cell[0]&wideFlag != 0 {
		c.slab.Free(slab.Ref(cell[1]))
	}
	clear(cell)
}

// When is a time of reading, as Counters see it. The zero When is to be Set; one is for one goroutine
// and for the Counters that it was first Set by.
type When struct {
	near  near // the tile of the time
	known uint64
	masks [][keptWords]uint64 // of the counts that are read, by how many tiles the newest event is behind; those that are known
}

// Set prepares a time for NumberAt and SweepAt.
func (w *When) Set(c *Counters, q int64) {
	if q < w.near.from || q >= w.near.to {
		tile := q / c.ring.hop
		w.near, w.known = near{tile * c.ring.hop, (tile + 1) * c.ring.hop, tile, tile % c.ring.tiles}, 0
	}
}

// mask is of the counts of a lane that a read covers where the newest event is so many tiles behind,
// less than the window has.
func (w *When) mask(c *Counters, behind int) []uint64 {
	if w.masks == nil {
		w.masks = make([][keptWords]uint64, c.ring.window)
	}
	mask := w.masks[behind][:c.words]
	if w.known>>behind&1 == 0 {
		w.known |= 1 << behind
		tiles := int(c.ring.tiles)
		clear(mask)
		for n := int(c.ring.window) - 1; n >= behind; n-- {
			at := int(w.near.at) - n
			if at < 0 {
				at += tiles
			}
			mask[at/8] |= 0xff << (at % 8 * 8)
		}
	}
	return mask
}

// counts are the sums over a read's tiles.
func (c *Counters) counts(cell []uint64, when *When) (sums [2]int64) {
	if cell == nil || cell[0] == 0 {
		return sums
	}
	// Of the tiles from head − window + 1 to head those after the newest event's hold what was
	// there before.
	n := int(c.ring.window)
	tiles := int(c.ring.tiles)
	if newest := Newest(cell); newest < when.near.from {
		if newest < when.near.from-(c.ring.window-1)*c.ring.hop {
			return sums
		}
		n -= int(c.ring.since(newest, &when.near))
	}
	first := int(when.near.at) - int(c.ring.window) + 1
	if first < 0 {
		first += tiles
	}
	end := first + n
	wide := c.wide(cell)
	for lane := range c.lanes {
		if wide != nil {
			counts := wide[lane*tiles : (lane+1)*tiles]
			sums[lane] = sumWords(counts[first:min(end, tiles)]) + sumWords(counts[:max(0, end-tiles)])
			continue
		}
		counts := cell[1+lane*c.words : 1+(lane+1)*c.words]
		sums[lane] = sumBytes(counts, first, min(end, tiles))
		if end > tiles {
			sums[lane] += sumBytes(counts, 0, end-tiles)
		}
	}
	return sums
}

func sumWords(words []uint64) (sum int64) {
	for _, word := range words {
		sum += int64(word)
	}
	return sum
}

// sumBytes is the sum of bytes first to end-1 of little-endian words: eight at a time, by adding
// neighbours.
func sumBytes(words []uint64, first, end int) int64 {
	if first >= end {
		return 0
	}
	var sum uint64
	from, to := first/8, (end-1)/8
	for i, word := range words[from : to+1] {
		if i == 0 {
			word = word >> (first % 8 * 8) << (first % 8 * 8)
		}
		if i == to-from {
			cut := (7 - (end-1)%8) * 8
			word = word << cut >> cut
		}
		const low = 0x00ff00ff00ff00ff
		pairs := word&low + word>>8&low
		sum += pairs * 0x0001000100010001 >> 48
	}
	return int64(sum)
}

// Read implements Cells.
func (c *Counters) Read(v *Value, cell []uint64, q int64) {
	var when When
	when.Set(c, q)
	sums := c.counts(cell, &when)
	*v = Value{Value: c.value(sums), Events: sums[0] + sums[1]}
	if v.Events > 0 {
		v.Updated = Newest(cell)
	}
}

// Number implements Cells.
func (c *Counters) Number(cell []uint64, q int64) float64 {
	var when When
	when.Set(c, q)
	return c.NumberAt(cell, &when)
}

// NumberAt is Number at a time that was prepared, for who reads many cells at it.
func (c *Counters) NumberAt(cell []uint64, when *When) float64 { return c.value(c.counts(cell, when)) }

func (c *Counters) value(sums [2]int64) float64 {
	if c.Rate != nil {
		return c.Rate.ratio(sums[0], sums[1])
	}
	return float64(sums[0])
}

// Beyond implements Cells.
func (c *Counters) Beyond(t, horizon int64) bool { return c.ring.beyond(t, horizon) }

// Pack implements Cells.
func (c *Counters) Pack(w *pack.Writer, cell []uint64) {
	w.Uint(cell[0] &^ wideFlag)
	wide := c.wide(cell)
	if w.Bool(wide != nil); wide != nil {
		packWords(w, wide[:c.lanes*int(c.ring.tiles)])
		return
	}
	packWords(w, cell[1:])
}

// Unpack implements Cells.
func (c *Counters) Unpack(r *pack.Reader, cell []uint64) {
	cell[0] = r.Uint()
	if cell[0]&wideFlag != 0 {
		r.Fail("a time of %d", cell[0])
		cell[0] = 0
		return
	}
	if !r.Bool() {
		unpackWords(r, cell[1:])
		return
	}
	piece := c.slab.Make(c.lanes * int(c.ring.tiles))
	unpackWords(r, c.slab.At(piece)[:c.lanes*int(c.ring.tiles)])
	cell[0] |= wideFlag
	cell[1] = uint64(piece)
}

// Export implements Cells: the tiles in which something was counted, oldest first.
func (c *Counters) Export(cell []uint64, newest int64) string {
	if cell[0] == 0 {
		return ""
	}
	var parts []string
	wide := c.wide(cell)
	tiles := c.ring.tiles
	for tile, last := c.ring.first(Newest(cell), newest), Newest(cell)/c.ring.hop; tile <= last; tile++ {
		at := int(tile % tiles)
		var texts []string
		some := false
		for lane := range c.lanes {
			n := cell[1+lane*c.words+at/8] >> (at % 8 * 8) & 0xff
			if wide != nil {
				n = wide[lane*int(tiles)+at]
			}
			some = some || n > 0
			texts = append(texts, strconv.FormatUint(n, 10))
		}
		if some {
			parts = append(parts, fmt.Sprintf("%d:%s", tile, strings.Join(texts, ",")))
		}
	}
	return joined(parts)
}
