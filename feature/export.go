package feature

import (
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet/store"
)

// Export writes what is known under every key in a form that does not depend on how it came
// about: one line a feature and key,
//
//	feature TAB part TAB part … TAB state
//
// sorted by name and then by bytes; the values of the key's parts are quoted, those of attributes
// and contexts marked by a letter for their kind (s text, n number, b truth value). The state is what a read at any
// time not before the newest event can find: of a window the tiles in which there is something, each
// with its number. States under which nothing can be found are left out. visitors and items give
// the texts of numbers. It stops at the first error of write.
func (g *Engine) Export(visitors, items func(uint32) string, write func(line string) error) error {
	type place struct {
		group  *group
		column *column
	}
	var places []place
	for _, gr := range g.groups {
		for _, c := range gr.columns {
			places = append(places, place{gr, c})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return strings.Compare(a.column.def.Name, b.column.def.Name) })
	for _, p := range places {
		var lines []string
		p.group.table.Each(func(k store.Key, record []uint64) bool {
			if state := p.column.cells.Export(p.column.cell(record), g.newest); state != "" {
				line := p.column.def.Name + "\t"
				for i, number := range p.group.split(k) {
					line += strconv.Quote(p.group.parts[i].text(number, visitors, items)) + "\t"
				}
				lines = append(lines, line+state+"\n")
			}
			return true
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

// text is the value of a part by its number.
func (p *part) text(number uint32, visitors, items func(uint32) string) string {
	switch p.of {
	case theUser:
		return visitors(number)
	case theItem:
		return items(number)
	case ofContext:
		return p.texts.Name(number)
	}
	return p.attr.numbers.Name(number)
}
