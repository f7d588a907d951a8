package fold

import "maps"

// MaxLately is how many of the newest slates a Lately looks back on.
const MaxLately = 1000

// Lately sums up the slates served last: how much of them was made for their visitor, and what
// was missing. The zero Lately is empty and ready to use.
type Lately struct {
	ring []look
	next int
	sum  SlateCount
	lack map[string]int
}

// SlateCount is the sum over some slates.
type SlateCount struct {
	Slates    int // how many
	Nameless  int // of Slates, those asked for nobody, and with nothing to go by
	Strangers int // of Slates, those asked for a visitor of whom no event had come, likewise
	Degraded  int // of Slates, those that missed something

	Places   int // items shown
	Own      int // of Places, those that a route proposed for what the visitor did
	Fallback int // of Places, those that no route proposed
}

// look is what one slate adds to the sum.
type look struct {
	SlateCount
	lacks []string
}

// note takes in the next slate. knows says whether an event of its visitor had come; own names
// the routes that go by what the visitor did.
func (l *Lately) note(record *Served, knows bool, own map[string]bool) {
	n := look{SlateCount: SlateCount{Slates: 1, Places: len(record.Items), Fallback: record.Fallback}, lacks: record.Degraded}
	switch {
	case len(record.Recent)+len(record.Seeds) > 0, knows:
	case record.Visitor == "":
		n.Nameless = 1
	default:
		n.Strangers = 1
	}
	if len(record.Degraded) > 0 {
		n.Degraded = 1
	}
	for _, item := range record.Items {
		for _, score := range item.Routes {
			if own[score.Route] {
				n.Own++
				break
			}
		}
	}
	if len(l.ring) < MaxLately {
		l.ring = append(l.ring, n)
	} else {
		l.add(&l.ring[l.next], -1)
		l.ring[l.next] = n
		l.next = (l.next + 1) % MaxLately
	}
	l.add(&n, 1)
}

// add adds a slate's share to the sum, sign times.
func (l *Lately) add(n *look, sign int) {
	l.sum.Slates += sign * n.Slates
	l.sum.Nameless += sign * n.Nameless
	l.sum.Strangers += sign * n.Strangers
	l.sum.Degraded += sign * n.Degraded
	l.sum.Places += sign * n.Places
	l.sum.Own += sign * n.Own
	l.sum.Fallback += sign * n.Fallback
	if l.lack == nil {
		l.lack = map[string]int{}
	}
	for _, what := range n.lacks {
		if l.lack[what] += sign; l.lack[what] == 0 {
			delete(l.lack, what)
		}
	}
}

// Sum returns the sum over the slates served last, at most [MaxLately].
func (l *Lately) Sum() SlateCount { return l.sum }

// Lacks counts those slates by what they missed, in the words of the reply's degraded. The
// caller owns the map.
func (l *Lately) Lacks() map[string]int {
	lacks := map[string]int{}
	maps.Copy(lacks, l.lack)
	return lacks
}
