package journal

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// openFrom recovers the journal from a position on and closes it.
func openFrom(disk fsys.FS, from freshet.Position) (Report, error) {
	l, report, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes, From: from})
	if err != nil {
		return report, err
	}
	return report, l.Close()
}

// segmentsOf lists the first positions of a journal's segments.
func segmentsOf(t testing.TB, disk fsys.FS) []freshet.Position {
	t.Helper()
	firsts, _, err := listSegments(disk)
	ok(t, err)
	return firsts
}

// TestFrom opens a journal from every position: what is before is told of as unread, what is
// found is what a whole read finds, and the log goes on.
func TestFrom(t *testing.T) {
	disk, ends, _ := build(t, 40, minSizeBytes)
	last := ends[len(ends)-1].position
	firsts := segmentsOf(t, disk)
	if len(firsts) < 4 {
		t.Fatalf("%d segments are too few to tell", len(firsts))
	}
	for from := freshet.Position(0); from <= last; from++ {
		holds := firsts[0]
		for _, first := range firsts {
			if first <= from {
				holds = first
			}
		}
		image := disk.Clone()
		l, report, err := Open(Options{FS: image, Now: clock, SegmentBytes: minSizeBytes, From: from})
		if err != nil || report.Last != last || report.Records != uint64(last) || report.Checked != holds || report.Proved != last {
			t.Fatalf("from %d: %+v, %v, want record %d checked first", from, report, err, holds)
		}
		put(t, l, 1)
		ok(t, l.Close())
		if n, err := count(image); err != nil || n != last+1 {
			t.Fatalf("from %d: %d records afterwards, %v", from, n, err)
		}
	}
	for _, tt := range []struct {
		name string
		disk *fsys.Mem
		from freshet.Position
		last freshet.Position
	}{{"one record too far", disk, last + 1, last}, {"far beyond", disk, 1 << 60, last}, {"no journal at all", fsys.NewMem(), 5, 0}} {
		image := tt.disk.Clone()
		var behind *BehindError
		if _, err := openFrom(image, tt.from); !errors.As(err, &behind) || *behind != (BehindError{Last: tt.last, Known: tt.from}) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, err := image.Stat(markName); tt.last == 0 && !errors.Is(err, errNotExist) {
			t.Errorf("%s: a journal was made: %v", tt.name, err)
		}
	}
}

// TestFromReadsLittle counts what is read of the segments before the position, by Open and by a
// Reader that is sent there.
func TestFromReadsLittle(t *testing.T) {
	disk := fsys.NewMem()
	l, _ := startSized(t, disk, 64<<10)
	for range 80 {
		rec := Record{Payload: bytes.Repeat([]byte("."), 4000)}
		last, err := l.Append([]Record{rec})
		ok(t, err)
		ok(t, l.WaitDurable(t.Context(), last))
	}
	ok(t, l.Close())
	firsts := segmentsOf(t, disk)
	last := firsts[len(firsts)-1]
	if len(firsts) < 4 {
		t.Fatalf("%d segments are too few to tell", len(firsts))
	}
	reads := map[string]int{}
	image := disk.Clone()
	image.Fail = func(op, name string) error {
		if op == "read" {
			reads[name]++
		}
		return nil
	}
	_, err := openFrom(image, last)
	ok(t, err)
	for _, first := range firsts[:len(firsts)-1] {
		if n := reads[segmentName(first)]; n == 0 || n > 6 {
			t.Errorf("%d reads of %s", n, segmentName(first))
		}
	}
	clear(reads)
	r, err := OpenReader(image)
	ok(t, err)
	ok(t, r.Seek(last+1))
	if rec, err := r.Next(); err != nil || rec.Position != last+1 {
		t.Errorf("read record %d, %v", rec.Position, err)
	}
	ok(t, r.Close())
	for _, first := range firsts[:len(firsts)-1] {
		if n := reads[segmentName(first)]; n != 0 {
			t.Errorf("the reader read %s %d times", segmentName(first), n)
		}
	}
}

// TestFromFindsDamage damages a segment before the position: what is in its header, its length
// and its last group is found by Open, the rest by a Reader.
func TestFromFindsDamage(t *testing.T) {
	disk, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, disk)
	from := firsts[len(firsts)-1]
	name := segmentName(firsts[1])
	whole := contents(t, disk, name)
	refused := func(what string, image *fsys.Mem) {
		t.Helper()
		var corrupt *CorruptError
		if _, err := openFrom(image, from); !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	damages := 0
	for at := range whole {
		image := disk.Clone()
		overwrite(t, image, name, whole[:at])
		refused(fmt.Sprintf("cut at byte %d", at), image)
		damages++
	}
	last := bytes.LastIndex(whole, []byte{0xF5, 0xF2, 0xFE, 0xA7, 0, 0, 0, 0}) // the last mark
	for at := range whole {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		image := disk.Clone()
		overwrite(t, image, name, flipped)
		if at < segmentHeaderBytes || at >= last+headerBytes {
			refused(fmt.Sprintf("bit of byte %d", at), image)
		}
		var corrupt *CorruptError
		if _, err := count(image); !errors.As(err, &corrupt) && !errors.Is(err, ErrNewerFormat) {
			t.Errorf("bit of byte %d: the reader says %v", at, err)
		}
		damages++
	}
	for what, change := range map[string]func(*fsys.Mem) error{
		"missing":   func(m *fsys.Mem) error { return m.Remove(name) },
		"first one": func(m *fsys.Mem) error { return m.Remove(segmentName(1)) },
		"renamed":   func(m *fsys.Mem) error { return m.Rename(name, segmentName(firsts[1]+1)) },
		"overlaid":  func(m *fsys.Mem) error { return m.Rename(segmentName(firsts[2]), name) },
		"longer": func(m *fsys.Mem) error {
			overwrite(t, m, name, append(bytes.Clone(whole), make([]byte, 100)...))
			return nil
		},
	} {
		image := disk.Clone()
		ok(t, change(image))
		refused(what, image)
		damages++
	}
	t.Logf("%d damages", damages)
}
