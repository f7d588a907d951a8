package journal

import (
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestMarkSurvives writes the durable mark many times between its syncs and cuts the power after
// each: what was synced last must read, and nothing may read that was not written.
func TestMarkSurvives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	torn := 0
	for range 300 {
		disk := fsys.NewMem()
		ok(t, disk.MkdirAll(dirName))
		ok(t, disk.SyncDir("."))
		id := journalID{7}
		ok(t, createSideMark(disk, id))
		m, err := openSideMark(disk, id, 0)
		ok(t, err)
		var synced freshet.Position
		for p := freshet.Position(1); p <= 12; p++ {
			ok(t, m.write(place{position: p, segment: 1, end: int64(p) * 100}))
			if live, found, err := readSideMark(disk); err != nil || !found || live.place.position != p {
				t.Fatalf("beside the writer of %d: %+v, %v", p, live.place, err)
			}
			if rng.IntN(4) == 0 {
				ok(t, m.sync())
				synced = p
			}
			s, found, err := readSideMark(disk.Crash(rng))
			if err != nil || !found || s.place.position < synced || s.place.position > p ||
				s.place != (place{position: s.place.position, segment: min(1, s.place.position), end: int64(s.place.position) * 100}) {
				t.Fatalf("cut after %d was written and %d synced: %+v, %v", p, synced, s, err)
			}
			if s.torn {
				torn++
			}
		}
		ok(t, m.file.Close())
	}
	if torn == 0 {
		t.Error("no cut tore a slot")
	}
}

// TestReaderTellsOfATornMark: a reader of a mark with a slot that does not read says so, until a
// writer has been there.
func TestReaderTellsOfATornMark(t *testing.T) {
	disk, _, _ := build(t, 9, 1<<20)
	torn := func() bool {
		r, err := OpenReader(disk)
		ok(t, err)
		ok(t, r.Close())
		return r.TornMark()
	}
	if torn() {
		t.Error("a sound mark is torn")
	}
	side, _, err := readSideMark(disk)
	ok(t, err)
	b := contents(t, disk, markName)
	b[(side.slot+1)*slotBytes+5] ^= 1
	overwrite(t, disk, markName, b)
	if !torn() {
		t.Error("a torn mark is none")
	}
	if report, err := openClose(disk); err != nil || !report.TornMark {
		t.Errorf("%+v, %v", report, err)
	}
	if torn() {
		t.Error("the mark is torn after it was mended")
	}
}
