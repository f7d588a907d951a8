package trial

import (
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// Online is a Ranker that goes on learning from what became of the slates it ordered.
type Online interface {
	Ranker
	// Shown is called after Score with the same moment and candidates, and the indexes of those
	// that were shown, best first. It reads what it needs of the moment at once, and returns what
	// brings the outcome into the weights; that is called once, when all is known, with
	// wanted[i] saying whether the visitor wanted candidate shown[i], after any number of other
	// calls, or never when the trial ends first. A nil function is nothing to learn. Its error
	// ends the trial. shown must not be kept.
	Shown(m *Moment, candidates []recall.Candidate, shown []int) (learn func(wanted []bool) error)
}

// attribution is how long after a slate was shown what is wanted counts as its outcome; then an
// Online learns of it.
const attribution = 30 * freshet.Minute

// outcomes are slates whose outcome is not known yet, oldest first. The zero value is empty.
type outcomes struct{ waiting []outcome }

type outcome struct {
	due    int64
	wanted []bool
	learn  func(wanted []bool) error
}

// add notes a slate shown at time t and what its visitor did, by the truth.
func (o *outcomes) add(t int64, slate []freshet.ItemID, reaction []freshet.Event, kinds freshet.EventKinds, learn func([]bool) error) {
	this := outcome{due: t + int64(attribution), wanted: make([]bool, len(slate)), learn: learn}
	for _, e := range reaction {
		if i := slices.Index(slate, e.Item); i >= 0 && e.Time <= this.due && kinds.Of(e.Name).Signal.Positive() {
			this.wanted[i] = true
		}
	}
	o.waiting = append(o.waiting, this)
}

// learn brings in what is known at time t.
func (o *outcomes) learn(t int64) error {
	n := 0
	for ; n < len(o.waiting) && o.waiting[n].due <= t; n++ {
		if err := o.waiting[n].learn(o.waiting[n].wanted); err != nil {
			return err
		}
	}
	o.waiting = append(o.waiting[:0], o.waiting[n:]...)
	return nil
}
