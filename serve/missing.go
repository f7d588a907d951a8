package serve

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/registry"
)

// A model that the journal names may not be at hand: the registry could not be read when the server began,
// or holds other bytes than were promoted. It is looked for until it is, and from then on requests go by
// it. That is no record of its own: the journal says already which model is live, and the record of each
// slate which one ranked it.

// mostRest is for how many looks, at most, files are left alone that were there and did not do: to read
// them takes a while, where a registry that cannot be read costs next to nothing to ask again.
const mostRest = 64

// missing is the search for models that are not at hand.
type missing struct {
	busy  atomic.Bool      // somebody looks for them, who has rests to himself
	rests map[string]*rest // by checksum, of those that were not at hand when they were last looked for
	found atomic.Uint64
}

// rest is for how many looks files are left alone, for how many they were the time before, and what was
// said of them last.
type rest struct {
	left, last int
	told       string
}

var errAgain = errors.New("it was not at hand, and is: what goes by it does so again")

// Regained is how many models that the journal names were not at hand, and were found since the start.
func (s *Server) Regained() uint64 { return s.missing.found.Load() }

// seek has the models looked for that the journal names and that are not at hand, and does not wait for
// that. It is called by a goroutine that Close waits for.
func (s *Server) seek() {
	if s.Disk == nil || !s.missing.busy.CompareAndSwap(false, true) {
		return
	}
	lost, definitions, ok := s.lost()
	if !ok { // the state is not to be had: the next look asks again
		s.missing.busy.Store(false)
		return
	}
	if len(lost) == 0 {
		s.missing.rests = nil
		s.missing.busy.Store(false)
		return
	}
	s.wg.Go(func() {
		defer s.missing.busy.Store(false)
		s.regain(lost, definitions)
	})
}

// lost are the models that are live, were live before or are on trial by the journal and are not at hand,
// and the definitions in force. ok is false when the state could not be read in time.
func (s *Server) lost() (list []fold.Model, definitions string, ok bool) {
	ok = s.Stream.ViewWithin(fallbackEvery, func(freshet.Position) {
		definitions = s.State.Definitions
		for _, slot := range fold.Slots {
			if !s.uses(slot) {
				continue
			}
			live := s.State.Live(slot)
			list = append(list, *live)
			if n := len(live.Past); n > 0 {
				before := fold.Model{Switch: live.Past[n-1]}
				before.Slot = slot
				list = append(list, before)
			}
		}
		list = append(list, s.State.Challenger)
	})
	return slices.DeleteFunc(list, func(m fold.Model) bool { return m.Name == "" || s.atHand(&m, definitions) }), definitions, ok
}

// regain looks once for each model that is lost.
func (s *Server) regain(lost []fold.Model, definitions string) {
	rests, ranks := map[string]*rest{}, false
	for i := range lost {
		m := &lost[i]
		r := s.missing.rests[m.SHA256]
		if r == nil {
			r = &rest{}
		}
		if r.left > 0 {
			r.left--
			rests[m.SHA256] = r
			continue
		}
		there, err := s.lookFor(m, definitions)
		if err == nil {
			ranks = ranks || slotFor(m.Slot) == fold.Ranker
			continue
		}
		rests[m.SHA256] = r
		if there {
			r.last = min(mostRest, max(1, 2*r.last))
			r.left = r.last
		}
		if r.told == "" { // Adopt has said so
			r.told = err.Error()
		} else if there && r.told != err.Error() {
			r.told = err.Error()
			s.Report(nameOfSwitch(m)+" is not at hand", err)
		}
	}
	s.missing.rests = rests
	if ranks { // so those that rank in place of others can be read again, too
		s.gating.Lock()
		s.keepSpares()
		s.gating.Unlock()
	}
	if ranks || s.untidy.Load() { // who would have let go of bundles found the lock taken
		s.tidy()
	}
}

// lookFor reads a model whose manifest says that it is the one that the journal names. there reports that
// there is a manifest, whatever it says.
func (s *Server) lookFor(m *fold.Model, definitions string) (there bool, err error) {
	var f *registry.Fault
	slot := slotFor(m.Slot)
	switch found, err := registry.Find(s.Disk, m.Name, m.Version); {
	case err != nil:
		return errors.As(err, &f), err
	case found.SHA256 != m.SHA256:
		return true, &registry.OtherError{Has: found.SHA256, Want: m.SHA256}
	case slot == fold.Ranker && found.Definitions != definitions:
		return true, &registry.Fault{Code: registry.SchemaDiffers, Text: fmt.Sprintf("it was trained on other definitions of features (%s, in force are %s)", found.Definitions, definitions)}
	}
	s.gating.Lock()
	defer s.gating.Unlock()
	if s.atHand(m, definitions) {
		return true, nil // somebody else has read it meanwhile
	}
	if _, err := s.fetch(slot, m.Name, m.Version, m.SHA256); err != nil {
		return true, err
	}
	s.missing.found.Add(1)
	s.Report("model "+nameOfSwitch(m), errAgain)
	return true, nil
}

// slotFor is the slot that a model in a slot may be live in.
func slotFor(slot fold.Slot) fold.Slot {
	if slot == fold.Challenger {
		return fold.Ranker
	}
	return slot
}
