package window

import "math"

// Sweep is some records of which one kind of cells is read after the other, at one time: what a
// Number costs beside the arithmetic is paid once for all of them.
type Sweep struct {
	Records [][]uint64 // in which the cells are; nil has none
	Rows    []float64  // Width numbers for each record
	Width   int
	Time    int64 // of the read
}

// Sweeping is Cells that take sweeps: Sweep sets number place of each row to the Number of the cell
// that begins at word from of its record.
type Sweeping interface {
	Cells
	Sweep(s *Sweep, from, place int)
}

// Sweep implements Sweeping.
func (l Latest) Sweep(s *Sweep, from, place int) {
	_, age := l.Aggregate.(Age)
	at := place
	for _, record := range s.Records {
		number := math.NaN()
		if record != nil && record[from] != 0 {
			newest := Newest(record[from : from+1])
			if number = float64(newest); age {
				number = float64(max(0, s.Time-newest)) / 1000
			}
		}
		s.Rows[at] = number
		at += s.Width
	}
}

// Sweep implements Sweeping.
func (d *decayedSum) Sweep(s *Sweep, from, place int) {
	at := place
	for _, record := range s.Records {
		number := 0.0
		if record != nil && record[from] != 0 {
			cell := record[from : from+4 : from+4]
			if newest := int64(cell[0] - 1); s.Time >= newest {
				number = float64(math.Float64frombits(cell[2]) * d.weight(s.Time-newest))
			} else {
				number = d.Number(cell, s.Time)
			}
		}
		s.Rows[at] = number
		at += s.Width
	}
}

// SweepAt is Sweep of counts at a time that was prepared.
func (c *Counters) SweepAt(s *Sweep, from, place int, when *When) {
	to, at := from+c.Words(), place
	none := c.value([2]int64{})
	first, oldest := when.near.from, when.near.from-(c.ring.window-1)*c.ring.hop
	for _, record := range s.Records {
		number := none
		if record != nil && record[from] != 0 {
			cell := record[from:to:to]
			newest := Newest(cell)
			switch {
			case cell[0]&wideFlag != 0 || c.words > keptWords:
				number = c.NumberAt(cell, when)
			case newest >= oldest:
				behind := 0
				if newest < first {
					behind = int(c.ring.since(newest, &when.near))
				}
				mask := when.mask(c, behind)
				if sum := sumMasked(cell[1:], mask); c.Rate == nil {
					number = float64(sum)
				} else {
					number = c.Rate.ratio(sum, sumMasked(cell[1+len(mask):], mask))
				}
			}
		}
		s.Rows[at] = number
		at += s.Width
	}
}

// sumMasked is the sum of the bytes of at most keptWords words that a mask lets through: neighbours are
// added up to 16 bits, which as many words do not fill.
func sumMasked(words, mask []uint64) int64 {
	const low = 0x00ff00ff00ff00ff
	var pairs uint64
	words = words[:len(mask)]
	for i, m := range mask {
		word := words[i] & m
		pairs += word&low + word>>8&low
	}
	return int64(pairs * 0x0001000100010001 >> 48)
}
