package feature

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet/store"
)

// Export writes what is known under every key in a form that does not depend on how it came
// about: one line a key,
//
//	feature TAB visitor TAB other TAB state
//
// sorted by name and then by bytes; visitor is quoted, and so is other, the item or the value
// of the attribute, both "" where the key has none. The state is what a read at any time not
// before the newest event can find: counts of the tiles that are not zero, sums, the newest
// event time, decayed sums at the newest event as hexadecimal floats. Keys under which nothing
// can be found are left out. visitors and items give the texts of numbers. It stops at the
// first error of write.
func (g *Engine) Export(visitors, items func(uint32) string, write func(line string) error) error {
	columns := slices.Clone(g.columns)
	slices.SortFunc(columns, func(a, b *column) int { return strings.Compare(a.def.Name, b.def.Name) })
	for _, c := range columns {
		other := items
		if c.byAttr != nil {
			other = c.byAttr.numbers.Name
		}
		var lines []string
		c.table.Each(func(k store.Key, cell []uint64) {
			if state := c.export(k, cell, g.newest); state != "" {
				user, what := uint32(k>>32), uint32(k)
				line := c.def.Name + "\t" + strconv.Quote(text(user, visitors)) + "\t" + strconv.Quote(text(what, other)) + "\t" + state + "\n"
				lines = append(lines, line)
			}
		})
		slices.Sort(lines)
		for _, line := range lines {
			if err := write(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func text(number uint32, name func(uint32) string) string {
	if number == 0 {
		return ""
	}
	return name(number)
}

// export is the state of a cell, "" when no read at newest or later finds anything in it.
func (c *column) export(k store.Key, cell []uint64, newest int64) string {
	state := cell[headWords:]
	switch {
	case c.decay != nil:
		sum := c.decay.Read(state, c.pending[k], newest)
		return fmt.Sprintf("n=%d t=%d sum=%s", cell[0], cell[1], strconv.FormatFloat(sum, 'x', -1, 64))
	case c.hopping != nil:
		var b strings.Builder
		lanes := c.hopping.Lanes
		c.hopping.Each(state, newest, func(tile int64, values []uint64) {
			fmt.Fprintf(&b, " %d:", tile)
			for lane := range lanes {
				if lane > 0 {
					b.WriteByte(',')
				}
				b.WriteString(strconv.FormatInt(int64(values[lane]), 10))
			}
		})
		return strings.TrimPrefix(b.String(), " ")
	case c.total != nil:
		var b strings.Builder
		fmt.Fprintf(&b, "n=%d t=%d", cell[0], cell[1])
		for lane := range c.total.Lanes {
			fmt.Fprintf(&b, " %d", c.total.Sum(state, lane))
		}
		return b.String()
	}
	return fmt.Sprintf("n=%d t=%d", cell[0], cell[1])
}
