package feature

// Cost is what one feature takes.
type Cost struct {
	Name  string
	Keys  int   // under which it has a state
	Bytes int64 // of its states, and its share of the table they stand in
}

// Costs lists what each feature takes, in the order of a row. A derived one takes nothing. A table is
// shared by the features of one key: each takes of it by the words of its cells.
func (g *Engine) Costs() []Cost {
	costs := make([]Cost, len(g.columns))
	for i := range g.definitions {
		costs[i].Name = g.definitions[i].Name
	}
	for _, gr := range g.groups {
		bytes, words := gr.table.Bytes(), 0
		for _, c := range gr.columns {
			words += c.to - c.from
		}
		for _, c := range gr.columns {
			costs[c.place].Keys = c.live
			costs[c.place].Bytes = bytes*int64(c.to-c.from)/int64(words) + c.slab.Bytes() + int64(cap(c.waiting.list))*16
		}
	}
	return costs
}

// Bytes is the memory of the state of all features, without the catalogue's attributes.
func (g *Engine) Bytes() int64 {
	n := int64(0)
	for _, c := range g.Costs() {
		n += c.Bytes
	}
	return n
}
