package fold

import (
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// Arm counts the slates of one side of a trial since it began, and those of them that something was
// wanted of before the visitor's next one came. A visitor's side is that of Canaries, whatever ranked
// the slate in the end, so that the sides stay comparable.
type Arm struct{ Slates, Wanted uint64 }

// Arms are the sides of a trial.
type Arms struct{ Live, Challenger Arm }

// of is the side of those whom the model on trial ranks for, or of the others.
func (a *Arms) of(canaried bool) *Arm {
	if canaried {
		return &a.Challenger
	}
	return &a.Live
}

// mostFirsts bounds the visitors of Firsts, some 2 MB: whoever comes later counts for neither side.
const mostFirsts = 100_000

// Firsts are Arms of which each visitor has one slate, the first: the slates of one visitor are alike, so
// together they say less than as many of different ones, and a bound for independent ones does not hold
// for them. It is what a trial is decided by, and no part of a packed state: it begins with the trial, or
// where the state was read from a snapshot since. The zero Firsts is empty and ready.
type Firsts struct {
	Arms
	open map[uint32]bool // by visitor who counts: nothing else was shown since, and nothing wanted
}

// Slate notes a slate of a visitor.
func (f *Firsts) Slate(visitor uint32, canaried bool) {
	if _, counts := f.open[visitor]; counts {
		f.open[visitor] = false
		return
	}
	if len(f.open) == mostFirsts {
		return
	}
	if f.open == nil {
		f.open = map[uint32]bool{}
	}
	f.open[visitor] = true
	f.of(canaried).Slates++
}

// Wanted notes that something was wanted of a visitor's last slate.
func (f *Firsts) Wanted(visitor uint32, canaried bool) {
	if f.open[visitor] {
		f.open[visitor] = false
		f.of(canaried).Wanted++
	}
}

// Canaries reports that a canary of these bytes ranks for a visitor, or for a request that has none,
// by its id: a share of percent of all names, the same ones for as long as the trial goes on, and a
// greater share holds the smaller one. Which names they are differs from one model to the next.
//
// The hash is FNV-1a over the checksum and the name, 64 bits, mixed by the finaliser of SplitMix64
// (Steele et al., OOPSLA 2014, §3).
func Canaries(sha256, name string, percent float64) bool {
	h := uint64(14695981039346656037)
	for _, text := range [...]string{sha256, "\x00", name} {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * 1099511628211
		}
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11)/(1<<53) < percent/100
}

// Canaried reports that the model on trial ranks for this name.
func (m *Model) Canaried(name string) bool {
	return m.Stage == Canary && Canaries(m.SHA256, name, m.Percent)
}

// slate notes a slate of a visitor and returns the trial in whose Arms it is counted, 0 for none.
func (s *State) slate(visitor uint32, name freshet.Visitor) freshet.Position {
	if s.Challenger.Stage != Canary {
		return 0
	}
	canaried := s.Challenger.Canaried(string(name))
	s.Arms.of(canaried).Slates++
	s.Firsts.Slate(visitor, canaried)
	return s.Challenger.Since
}

// wanted notes a positive event: the visitor's last slate is one that something was wanted of, if it
// shows the item and was served during the trial.
func (s *State) wanted(visitor uint32, e *freshet.Event) {
	if s.Challenger.Stage != Canary {
		return
	}
	last, ok := s.shown.last[visitor]
	if ok && last.trial == s.Challenger.Since && slices.Contains(last.Items, e.Item) {
		last.trial = 0
		s.shown.last[visitor] = last
		canaried := s.Challenger.Canaried(string(e.Visitor()))
		s.Arms.of(canaried).Wanted++
		s.Firsts.Wanted(visitor, canaried)
	}
}

func (a *Arms) pack(w *pack.Writer) {
	for _, n := range []uint64{a.Live.Slates, a.Live.Wanted, a.Challenger.Slates, a.Challenger.Wanted} {
		w.Uint(n)
	}
}

func (a *Arms) unpack(r *pack.Reader) {
	for _, n := range []*uint64{&a.Live.Slates, &a.Live.Wanted, &a.Challenger.Slates, &a.Challenger.Wanted} {
		*n = r.Uint()
	}
}
