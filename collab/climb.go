package collab

// axis is one setting of a search and the values it may have.
type axis struct {
	name   string
	values []float64
	start  int // where the search begins, an index of values
}

// climb searches for the point whose worth is greatest, one axis at a time: along each it goes to
// the neighbouring values as long as that gains, and goes round all axes until none does. No point is
// asked twice. It is deterministic, and finds a maximum that no single step leaves.
func climb(axes []axis, worth func(point []float64) (float64, error)) (best []float64, value float64, err error) {
	at := make([]int, len(axes))
	for k, a := range axes {
		at[k] = a.start
	}
	known := map[string]float64{}
	ask := func(at []int) (float64, error) {
		key := ""
		point := make([]float64, len(axes))
		for k, i := range at {
			key += string(rune(i + 1))
			point[k] = axes[k].values[i]
		}
		if w, ok := known[key]; ok {
			return w, nil
		}
		w, err := worth(point)
		known[key] = w
		return w, err
	}
	if value, err = ask(at); err != nil {
		return nil, 0, err
	}
	for moved := true; moved; {
		moved = false
		for k, a := range axes {
			for _, step := range []int{1, -1} {
				went := false
				for at[k]+step >= 0 && at[k]+step < len(a.values) {
					at[k] += step
					w, err := ask(at)
					if err != nil {
						return nil, 0, err
					}
					if w <= value {
						at[k] -= step
						break
					}
					value, moved, went = w, true, true
				}
				if went {
					break
				}
			}
		}
	}
	for k, i := range at {
		best = append(best, axes[k].values[i])
	}
	return best, value, nil
}
