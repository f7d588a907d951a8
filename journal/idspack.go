package journal

import (
	"encoding/binary"

	"github.com/freshet-rec/freshet/internal/pack"
)

// idBytes is the least that one packed id takes.
const idBytes = 8 + 8 + 8 + 1

// Pack writes the ids that are remembered, oldest first.
func (m *IDs) Pack(w *pack.Writer) {
	w.Int(m.now)
	w.Uint(m.evicted)
	n := 0
	for r := m.oldest; r != 0; r = m.slots.at(r).newer {
		if !m.forgotten(r) {
			n++
		}
	}
	w.Len(n)
	for r := m.oldest; r != 0; r = m.slots.at(r).newer {
		if m.forgotten(r) {
			continue
		}
		s := m.slots.at(r)
		w.Word(binary.LittleEndian.Uint64(s.id[:8]))
		w.Word(binary.LittleEndian.Uint64(s.id[8:]))
		w.Word(s.fingerprint)
		w.Int(m.runs.all[s.run].step)
	}
}

// Unpack fills an empty memory with what Pack wrote: from then on both give the same verdicts,
// unless this one has less room, and then forgets the oldest.
func (m *IDs) Unpack(r *pack.Reader) {
	now := r.Int()
	evicted := r.Uint()
	for range r.Len(idBytes) {
		var id [16]byte
		binary.LittleEndian.PutUint64(id[:8], r.Word())
		binary.LittleEndian.PutUint64(id[8:], r.Word())
		print, step := r.Word(), r.Int()
		if r.Err() != nil {
			return
		}
		const far = 1 << 62 / KeepStep // steps beyond it are not made from times in milliseconds
		if step < -2*far || step > 2*far {
			r.Fail("an id is kept until step %d", step)
			return
		}
		m.addStep(id, print, step)
	}
	m.now = now
	m.evicted += evicted
}
