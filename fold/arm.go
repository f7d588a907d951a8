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

// arm is the side of a visitor while a canary is on trial, nil otherwise.
func (s *State) arm(visitor freshet.Visitor) *Arm {
	switch {
	case s.Challenger.Stage != Canary:
		return nil
	case s.Challenger.Canaried(string(visitor)):
		return &s.Arms.Challenger
	}
	return &s.Arms.Live
}

// wanted notes a positive event: the visitor's last slate is one that something was wanted of, if it
// shows the item and was served during the trial.
func (s *State) wanted(visitor uint32, e *freshet.Event) {
	if s.Challenger.Stage != Canary {
		return
	}
	arm := s.arm(e.Visitor())
	last, ok := s.shown.last[visitor]
	if ok && last.trial == s.Challenger.Since && slices.Contains(last.Items, e.Item) {
		last.trial = 0
		s.shown.last[visitor] = last
		arm.Wanted++
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
