package feature

// Cost is what one feature takes.
type Cost struct {
	Name  string
	Keys  int   // live
	Bytes int64 // of its state; 0 while it is not measured
}

// Costs lists what each feature takes, in the order of a row. A derived one takes nothing.
func (g *Engine) Costs() []Cost {
	costs := make([]Cost, len(g.columns))
	for i, c := range g.columns {
		costs[i].Name = g.definitions[i].Name
		if c != nil {
			costs[i].Keys = c.live
		}
	}
	return costs
}
