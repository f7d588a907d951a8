package journal

import (
	"crypto/sha256"
	"math"
)

// Hash returns 128 bits of an event id: the first half of its SHA-256. It is the same in every
// release. Event ids are chosen by clients, so a hash for which collisions can be made would let
// one client suppress the events of another; this one costs 0.1 µs where the processor helps.
func Hash(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// Verdict is what the memory knows of an event id.
type Verdict uint8

// The verdicts.
const (
	Unknown   Verdict = iota // not seen, or forgotten
	Duplicate                // seen with the same fingerprint
	Conflict                 // seen with another fingerprint
)

// String returns the verdict in words.
func (v Verdict) String() string {
	return [...]string{"unknown", "duplicate", "conflict"}[min(v, Conflict)]
}

const (
	// DefaultMaxIDs is the bound of NewIDs(0); that many take about 3 GiB.
	DefaultMaxIDs = 64 << 20
	// KeepStep is the coarseness of keepUntil in milliseconds: ids are forgotten a step of event
	// time at once, so an id lives up to one step longer than was asked.
	KeepStep = 60_000

	// How many forgotten ids each call frees at most. Two for each that comes keep up.
	sweepAdvance = 256
	sweepAdd     = 2
)

// IDs remembers event ids with a fingerprint of what they stood for, so that a repeated event is
// told from a new one. An id is remembered until the watermark has passed the step of event time
// in which its keepUntil lies, or until it is the oldest of more than the maximum.
//
// What Look answers depends only on the calls made before, not on when memory is freed, so a
// replay of the journal gives the same verdicts. No call takes time that grows with the number
// of ids, but for doubling the directory of the index, some bytes for every hundred ids, now and
// then. An id takes 40 bytes and 9 to 18 more of the index; memory of forgotten ids is used again and not returned. Not safe for
// concurrent use.
type IDs struct {
	max     int
	held    int // slots in use
	evicted uint64
	now     int64 // the watermark's step
	slots   slab
	index   index
	runs    runs
	oldest  ref // by insertion
	newest  ref
}

// NewIDs returns an empty memory of at most max ids; max ≤ 0 stands for DefaultMaxIDs, and 2^31 - 1
// is the most. Memory grows with use.
func NewIDs(max int) *IDs {
	if max <= 0 {
		max = DefaultMaxIDs
	}
	return &IDs{max: min(max, math.MaxInt32), now: math.MinInt64, index: newIndex(), runs: runs{numbers: map[int64]uint32{}}}
}

// stepOf is keepUntil in steps, rounded down.
func stepOf(millis int64) int64 {
	step := millis / KeepStep
	if millis%KeepStep < 0 {
		step--
	}
	return step
}

// Len returns the number of ids held, forgotten ones that still take memory included.
func (m *IDs) Len() int { return m.held }

// Evicted returns how many ids were forgotten only because there was no room for more.
func (m *IDs) Evicted() uint64 { return m.evicted }

// Ahead fetches from memory what Look and Add of id begin with. It changes nothing; called some ids
// before them, it has them find in the cache what is seldom there.
func (m *IDs) Ahead(id *[16]byte) { m.index.ahead(id) }

// Look returns what is known of id.
func (m *IDs) Look(id [16]byte, fingerprint uint64) Verdict {
	r := m.index.find(&m.slots, &id)
	switch {
	case r == 0 || m.forgotten(r):
		return Unknown
	case m.slots.at(r).fingerprint != fingerprint:
		return Conflict
	}
	return Duplicate
}

func (m *IDs) forgotten(r ref) bool { return m.runs.all[m.slots.at(r).run].step < m.now }

// Add remembers id. keepUntil is event time in Unix milliseconds; math.MaxInt64 leaves it to the
// maximum to forget it. An id that is remembered already stays as it is, the first one wins; one
// whose keepUntil the watermark has passed is not remembered at all.
func (m *IDs) Add(id [16]byte, fingerprint uint64, keepUntil int64) {
	m.addStep(id, fingerprint, stepOf(keepUntil))
}

func (m *IDs) addStep(id [16]byte, fingerprint uint64, step int64) {
	if step < m.now {
		return
	}
	if r := m.index.find(&m.slots, &id); r != 0 {
		if !m.forgotten(r) {
			return
		}
		m.index.remove(&m.slots, r) // its slot is freed when its run comes to it
	}
	m.sweep(sweepAdd)
	if m.held == m.max && m.sweep(1) == 0 {
		m.drop(m.oldest)
		m.evicted++
	}
	r := m.slots.take()
	*m.slots.at(r) = slot{id: id, fingerprint: fingerprint, older: m.newest}
	if m.newest != 0 {
		m.slots.at(m.newest).newer = r
	} else {
		m.oldest = r
	}
	m.newest = r
	m.held++
	m.runs.add(&m.slots, r, step)
	m.index.add(&id, r)
}

// Advance tells of the watermark, in Unix milliseconds of event time. One that is not later than
// the last is no news.
func (m *IDs) Advance(watermark int64) {
	if step := stepOf(watermark); step > m.now {
		m.now = step
		m.sweep(sweepAdvance)
	}
}

// Rewind tells that the watermark was wrong and is an earlier one. What was forgotten stays so.
func (m *IDs) Rewind(watermark int64) {
	step := stepOf(watermark)
	if step >= m.now {
		return
	}
	for m.sweep(sweepAdvance) == sweepAdvance { // for good, now that they still count as forgotten
	}
	m.now = step
}

// sweep frees up to n forgotten ids and returns how many.
func (m *IDs) sweep(n int) int {
	for i := range n {
		r, step := m.runs.first()
		if r == 0 || step >= m.now {
			return i
		}
		m.drop(r)
	}
	return n
}

// drop frees a slot, which is the first of its run: the oldest of all is the oldest of its run.
func (m *IDs) drop(r ref) {
	m.index.remove(&m.slots, r)
	m.runs.shift(&m.slots, r)
	s := m.slots.at(r)
	if s.older != 0 {
		m.slots.at(s.older).newer = s.newer
	} else {
		m.oldest = s.newer
	}
	if s.newer != 0 {
		m.slots.at(s.newer).older = s.older
	} else {
		m.newest = s.older
	}
	m.slots.free(r)
	m.held--
}
