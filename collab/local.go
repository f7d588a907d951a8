package collab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// LocalOptions say in which neighbourhoods TrainLocal solves.
type LocalOptions struct {
	// Users is that of RidgeOptions, for all ridges alike.
	Users float64

	// Neighbours is how many items may speak for one, in [1, 4096].
	Neighbours int

	// Choose is the power of the degree that co-occurrence is divided by when neighbours are chosen:
	// 0 chooses those that occur together most often, 1 favours rare ones. In [-4, 4].
	Choose float64

	// Workers is how many goroutines compute, at least 1. It changes no bit.
	Workers int
}

// TrainLocal solves for each item's weights among its neighbours alone: of all that occur together
// with it, the Neighbours with the most weight. It is EASE for catalogues whose items × items do not
// fit: memory is items × Neighbours, and the work for an item is that for its neighbours' users and
// a small system of equations. This is the sparse approximation of Steck, "Markov Random Fields for
// Collaborative Filtering" (NeurIPS 2019, §3.2), with neighbourhoods of one item each instead of
// shared ones, and exact within them: with Neighbours at items-1 it is EASE.
//
// Making the systems is most of the work, so it trains several models at once, one for each of
// ridges, whose own Users must be that of the options. The models' weights to an item are as many as
// it has neighbours; to how many an item speaks has no bound.
func TrainLocal(ctx context.Context, m *Matrix, o LocalOptions, ridges []RidgeOptions) ([]*ItemItem, error) {
	if o.Neighbours < 1 || o.Neighbours > 4096 {
		return nil, fmt.Errorf("ridge: %d neighbours; there are 1 to 4096", o.Neighbours)
	}
	l := newLocality(m, &o)
	for _, r := range ridges {
		if r.Users != o.Users {
			return nil, fmt.Errorf("ridge: Users is %v, and %v in the options", r.Users, o.Users)
		}
		if err := r.check(); err != nil {
			return nil, err
		}
		lambda := powers(l.degrees, r.Power)
		for i := range lambda {
			lambda[i] *= float32(r.Lambda)
		}
		l.lambdas = append(l.lambdas, lambda)
		l.targets = append(l.targets, powers(l.degrees, -r.Target))
	}
	from := make([][]uint32, m.Items)
	weights := make([][][]float32, len(ridges)) // by ridge and item
	for r := range weights {
		weights[r] = make([][]float32, m.Items)
	}
	places := make([]*localSystem, max(1, o.Workers))
	err := parallel(ctx, o.Workers, m.Items, func(worker, j int) {
		if places[worker] == nil {
			places[worker] = l.newSystem()
		}
		s := places[worker]
		s.choose(uint32(j))
		s.fill(uint32(j))
		from[j] = slices.Clone(s.items)
		for r := range ridges {
			weights[r][j] = s.solve(l.lambdas[r], l.targets[r][j])
		}
	})
	if err != nil {
		return nil, err
	}
	models := make([]*ItemItem, len(ridges))
	for r := range models {
		models[r] = itemItemOf(from, weights[r])
	}
	return models, nil
}

// locality is what all systems of one training share.
type locality struct {
	m, users *Matrix
	o        *LocalOptions
	degrees  []int     // of items
	user     []float32 // weight of each user
	divisor  []float32 // by item: what co-occurrence is multiplied by to choose
	diagonal []float32 // by item: G_ii
	lambdas  [][]float32
	targets  [][]float32
}

func newLocality(m *Matrix, o *LocalOptions) *locality {
	l := &locality{m: m, users: m.Transposed(), o: o, user: powers(m.degrees(), -o.Users), diagonal: make([]float32, m.Items)}
	l.degrees = l.users.degrees()
	l.divisor = powers(l.degrees, -o.Choose)
	for i := range m.Items {
		for _, u := range l.users.Row(i) {
			l.diagonal[i] += l.user[u]
		}
	}
	return l
}

// localSystem is the system of equations of one item after the other, and the memory for it.
type localSystem struct {
	*locality
	items  []uint32  // the neighbours, ascending
	g      []float32 // their co-occurrence with the item
	matrix []float32 // G of the neighbours
	solver conjugateGradient

	together []float32 // by item, 0 between items: co-occurrence
	place    []int32   // by item: 1 + its place among the neighbours, 0 for none
	seen     []uint32  // by user: 1 + the last item for which it was seen
	places   []int32   // of what one user took
}

func (l *locality) newSystem() *localSystem {
	return &localSystem{locality: l, together: make([]float32, l.m.Items), place: make([]int32, l.m.Items), seen: make([]uint32, l.m.Users)}
}

// choose sets items and g to the neighbours of item j.
func (s *localSystem) choose(j uint32) {
	s.items = s.items[:0]
	for _, u := range s.users.Row(int(j)) {
		x := s.user[u]
		for _, i := range s.m.Row(int(u)) {
			if s.together[i] == 0 && i != j {
				s.items = append(s.items, i)
			}
			s.together[i] += x
		}
	}
	s.together[j] = 0
	if n := s.o.Neighbours; len(s.items) > n {
		slices.SortFunc(s.items, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(s.together[b]*s.divisor[b], s.together[a]*s.divisor[a]), cmp.Compare(a, b))
		})
		for _, i := range s.items[n:] {
			s.together[i] = 0
		}
		s.items = s.items[:n]
	}
	slices.Sort(s.items)
	s.g = s.g[:0]
	for _, i := range s.items {
		s.g = append(s.g, s.together[i])
		s.together[i] = 0
	}
}

// fill sets matrix to the co-occurrences of the neighbours with each other. Each user who took one
// of them is looked at once.
func (s *localSystem) fill(j uint32) {
	n := len(s.items)
	s.matrix = slices.Grow(s.matrix[:0], n*n)[:n*n]
	clear(s.matrix)
	for a, i := range s.items {
		s.place[i] = int32(a) + 1
	}
	for _, i := range s.items {
		for _, u := range s.users.Row(int(i)) {
			if s.seen[u] == j+1 {
				continue
			}
			s.seen[u] = j + 1
			s.places = s.places[:0]
			for _, other := range s.m.Row(int(u)) {
				if at := s.place[other]; at > 0 {
					s.places = append(s.places, at-1)
				}
			}
			x := s.user[u]
			for k, a := range s.places { // ascending, as rows and neighbours are
				row := s.matrix[int(a)*n : (int(a)+1)*n]
				for _, b := range s.places[:k] {
					row[b] += x
				}
			}
		}
	}
	for a, i := range s.items {
		s.place[i] = 0
		for b := range a {
			s.matrix[b*n+a] = s.matrix[a*n+b]
		}
	}
}

// solve returns the weights of the neighbours under one ridge.
func (s *localSystem) solve(lambda []float32, target float32) []float32 {
	n := len(s.items)
	for a, i := range s.items {
		s.matrix[a*n+a] = s.diagonal[i] + lambda[i]
	}
	x := make([]float32, n)
	s.solver.solve(s.matrix, s.g, x)
	for a := range x {
		x[a] *= target
	}
	return x
}
