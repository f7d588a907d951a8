package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// holding is the first of firsts, ascending, that is not after p's segment.
func holding(firsts []freshet.Position, p freshet.Position) freshet.Position {
	first := firsts[0]
	for _, f := range firsts {
		if f <= p {
			first = f
		}
	}
	return first
}

func TestRelease(t *testing.T) {
	disk, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, disk)
	const last = 120
	for p := freshet.Position(0); p <= last+50; p++ {
		image := disk.Clone()
		l, report := start(t, image)
		if report.Kept != 1 || l.First() != 1 {
			t.Fatalf("a whole journal begins at %d, %d", report.Kept, l.First())
		}
		ok(t, l.Release(p))
		want := holding(firsts, p)
		left := segmentsOf(t, image)
		if l.First() != want || left[0] != want || !slices.Equal(left, firsts[slices.Index(firsts, want):]) {
			t.Fatalf("release before %d keeps from %d, files %d, want %d", p, l.First(), left, want)
		}
		ok(t, l.Release(1)) // what is gone is gone
		if l.First() != want {
			t.Fatalf("the journal begins at %d again", l.First())
		}
		put(t, l, 1)
		ok(t, l.Close())
		if n, err := count(image); err != nil || n != last+1 {
			t.Fatalf("release before %d: read up to %d, %v", p, n, err)
		}
		report, err := openFrom(image, p)
		var behind *BehindError
		if p > last+1 && errors.As(err, &behind) {
			continue
		}
		if err != nil || report.Kept != want || report.First != want || report.Last != last+1 || report.Records != uint64(last+1-(want-1)) ||
			report.Segments != len(left) || len(report.Ignored)+len(report.Removed) > 0 {
			t.Fatalf("release before %d: %+v, %v, want %d kept", p, report, err, want)
		}
	}
}

// TestReleaseAll gives up everything but a segment that has no record yet.
// TestReleaseMakesRoom: old segments go while the disk is full.
func TestReleaseMakesRoom(t *testing.T) {
	disk, _, _ := build(t, 40, minSizeBytes)
	disk = disk.Clone()
	full := tight(disk)
	l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes, BallastBytes: 8192, retry: time.Hour})
	ok(t, err)
	full.Store(true)
	put(t, l, 1)
	for l.Full() == nil {
		time.Sleep(time.Millisecond)
	}
	before := len(segmentsOf(t, disk))
	if err := l.Release(60); err != nil || l.First() == 1 || len(segmentsOf(t, disk)) >= before {
		t.Errorf("release on a full disk: %v, it begins at %d", err, l.First())
	}
	full.Store(false)
	ok(t, l.Close())
}

func TestReleaseAll(t *testing.T) {
	disk, _, _ := build(t, 20, minSizeBytes)
	const last = 60
	file, err := createSegment(disk, segmentHeader{id: sideOf(t, disk).id, first: last + 1})
	ok(t, errors.Join(err, file.Close()))
	l, _ := start(t, disk)
	ok(t, l.Release(1<<40))
	if l.First() != last+1 {
		t.Errorf("the journal begins at %d, want %d", l.First(), last+1)
	}
	ok(t, l.Close())
	for range 2 {
		report, err := openClose(disk)
		if err != nil || report.Records != 0 || report.First != 0 || report.Last != last || report.Kept != last+1 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	l, _ = start(t, disk)
	if p := put(t, l, 1); p != last+1 {
		t.Errorf("the next record is %d", p)
	}
	ok(t, l.Close())
	ok(t, disk.Remove(segmentName(last+1)))
	var corrupt *CorruptError
	if _, err := openClose(disk); !errors.As(err, &corrupt) {
		t.Errorf("without its only segment: %v", err)
	}
}

func sideOf(t testing.TB, disk fsys.FS) sideState {
	t.Helper()
	s, found, err := readSideMark(disk)
	if ok(t, err); !found {
		t.Fatal("no durable mark")
	}
	return s
}

// TestReaderOfReleased asks for records that were given up before, or while, a Reader was on its
// way.
func TestReaderOfReleased(t *testing.T) {
	disk, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, disk)
	open := func() *Reader {
		r, err := OpenReader(disk)
		ok(t, err)
		t.Cleanup(func() { ok(t, r.Close()) })
		return r
	}
	// each reads a record of the segment in which it is then, and is overtaken.
	walking, ahead, away := open(), open(), open()
	_, err := walking.Next()
	ok(t, err)
	ok(t, ahead.Seek(firsts[3]))
	ok(t, away.Seek(firsts[1]))
	l, _ := start(t, disk)
	ok(t, l.Release(firsts[3]))
	p := freshet.Position(1)
	for ; err == nil; p++ {
		var rec Record
		if rec, err = walking.Next(); err == nil {
			err = same(rec, p+1)
		}
	}
	if !errors.Is(err, ErrReleased) || p > firsts[3] {
		t.Errorf("a reader that was overtaken: %v", err)
	}
	if _, err := away.Next(); !errors.Is(err, ErrReleased) {
		t.Errorf("a reader before what is kept: %v", err)
	}
	if rec, err := ahead.Next(); err != nil || rec.Position != firsts[3] {
		t.Errorf("a reader of what is kept: record %d, %v", rec.Position, err)
	}
	late := open()
	if late.First() != firsts[3] {
		t.Errorf("a new reader begins at %d, want %d", late.First(), firsts[3])
	}
	for _, p := range []freshet.Position{1, firsts[1], firsts[3] - 1} {
		if err := late.Seek(p); !errors.Is(err, ErrReleased) {
			t.Errorf("seek %d: %v", p, err)
		}
	}
	if rec, err := late.Next(); err != nil || rec.Position != firsts[3] {
		t.Errorf("after that: record %d, %v", rec.Position, err)
	}
}

// TestReaderIsSentOn releases a segment through which a Reader was about to pass on its way to a
// record that is kept.
func TestReaderIsSentOn(t *testing.T) {
	disk, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, disk)
	r, err := OpenReader(disk)
	ok(t, err)
	ok(t, r.Seek(firsts[3]))
	r.next = firsts[1] // as if no later segment had been there when it looked
	l, _ := start(t, disk)
	ok(t, l.Release(firsts[3]))
	if rec, err := r.Next(); err != nil || rec.Position != firsts[3] {
		t.Errorf("read record %d, %v, want %d", rec.Position, err, firsts[3])
	}
	ok(t, r.Close())
}

// afterRelease checks what a crash during Release(p) left: the journal begins where it did or
// where it should, with every record from there on, and nothing else is left after Open.
func afterRelease(image *fsys.Mem, was, want, last freshet.Position) (cleaned bool, err error) {
	if n, err := count(image); err != nil || n != last {
		return false, fmt.Errorf("read up to %d before recovery: %w", n, err)
	}
	report, err := openClose(image)
	if err != nil || report.Last != last || (report.Kept != was && report.Kept != want) {
		return false, fmt.Errorf("open: %+v, %w", report, err)
	}
	firsts, _, err := listSegments(image)
	if err != nil || firsts[0] != report.Kept {
		return false, fmt.Errorf("%d is kept, the files are %d, %w", report.Kept, firsts, err)
	}
	if n, err := count(image); err != nil || n != last {
		return false, fmt.Errorf("read up to %d: %w", n, err)
	}
	entries, err := image.ReadDir(dirName)
	for _, e := range entries {
		if _, segment := parseSegmentName(e.Name); !segment && dirName+"/"+e.Name != markName && dirName+"/"+e.Name != keptName {
			return false, fmt.Errorf("%s was left", e.Name)
		}
	}
	return len(report.Removed) > 0, err
}

// TestReleasePowerCuts cuts the power at every file operation of a Release, and again at every
// one of the recovery.
func TestReleasePowerCuts(t *testing.T) {
	whole, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, whole)
	const last = 120
	images, cleaned := 0, 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		disk := whole.Clone()
		was, want := freshet.Position(1), firsts[3]
		releasing := false
		disk.Fail = func(op, name string) error {
			if !releasing || t.Failed() {
				return nil
			}
			image := disk.Crash(rng)
			second := image.Clone()
			second.Fail = func(string, string) error {
				images++
				if _, err := afterRelease(second.Crash(rng), was, want, last); err != nil {
					t.Errorf("seed %d, second cut after the one at %s %s: %v", seed, op, name, err)
				}
				return nil
			}
			images++
			did, err := afterRelease(image, was, want, last)
			if err != nil {
				t.Errorf("seed %d, cut at %s %s: %v", seed, op, name, err)
			}
			if did {
				cleaned++
			}
			if rng.IntN(8) == 0 {
				_, err = openClose(second)
				ok(t, err)
			}
			return nil
		}
		l, _ := start(t, disk)
		releasing = true
		ok(t, l.Release(want+1))
		was, want = want, firsts[5]
		ok(t, l.Release(want))
		releasing = false
		ok(t, l.Close())
		if t.Failed() {
			t.FailNow()
		}
	}
	if cleaned < 20 {
		t.Errorf("only %d of %d images had something to clean", cleaned, images)
	}
	t.Logf("%d images, %d of them had something to clean", images, cleaned)
}

// TestReleaseErrors lets every file operation of a Release fail, one at a time.
func TestReleaseErrors(t *testing.T) {
	whole, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, whole)
	const last = 120
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC, io.ErrShortWrite} {
		for n, done := 1, false; !done; n++ {
			disk := whole.Clone()
			var left atomic.Int64
			disk.Fail = func(op, name string) error {
				if left.Add(-1) == 0 {
					return fault
				}
				return nil
			}
			l, _ := start(t, disk)
			left.Store(int64(n))
			err := l.Release(firsts[3])
			if done = left.Load() > 0; !done && errors.Is(err, fault) != (err != nil) {
				t.Errorf("operation %d, %v: %v", n, fault, err)
			}
			left.Store(0)
			ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
			if read, err := count(disk); err != nil || read != last+1 {
				t.Errorf("operation %d, %v: read up to %d, %v", n, fault, read, err)
			}
			ok(t, l.Release(firsts[3]))
			if l.First() != firsts[3] || segmentsOf(t, disk)[0] != firsts[3] {
				t.Errorf("operation %d, %v: the next attempt keeps from %d", n, fault, l.First())
			}
			ok(t, l.Close())
			if report, err := openClose(disk); err != nil || report.Kept != firsts[3] || report.Last != last+1 {
				t.Errorf("operation %d, %v: %+v, %v", n, fault, report, err)
			}
		}
	}
}

// TestKeptDamage damages the file that says what was given up.
func TestKeptDamage(t *testing.T) {
	disk, _, _ := build(t, 40, minSizeBytes)
	firsts := segmentsOf(t, disk)
	l, _ := start(t, disk)
	ok(t, l.Release(firsts[3]))
	ok(t, l.Close())
	whole := contents(t, disk, keptName)
	other, _, _ := build(t, 1, minSizeBytes)
	id := sideOf(t, disk).id
	damages := map[string][]byte{
		"another journal's": encodeKept(sideOf(t, other).id, firsts[3]),
		"further back":      encodeKept(id, firsts[2]),
		"too far":           encodeKept(id, firsts[3]+1),
		"beyond the end":    encodeKept(id, 1000),
		"position 0":        encodeKept(id, 0),
		"longer":            append(bytes.Clone(whole), 0),
		"not there":         nil,
	}
	for at := range whole {
		damages[fmt.Sprintf("cut at byte %d", at)] = whole[:at]
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << bit
			damages[fmt.Sprintf("bit %d of byte %d", bit, at)] = flipped
		}
	}
	for name, b := range damages {
		image := disk.Clone()
		if b == nil {
			ok(t, image.Remove(keptName))
		} else {
			overwrite(t, image, keptName, b)
		}
		before := segmentsOf(t, image)
		var corrupt *CorruptError
		if _, err := openClose(image); !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if after := segmentsOf(t, image); !slices.Equal(before, after) {
			t.Errorf("%s: segments %d became %d", name, before, after)
		}
	}
	newer := resealed(whole, func(b []byte) { b[4]++ }, 36)
	overwrite(t, disk, keptName, newer)
	if _, err := openClose(disk); !errors.Is(err, ErrNewerFormat) || !bytes.Equal(contents(t, disk, keptName), newer) {
		t.Errorf("a newer version: %v", err)
	}
	if _, err := OpenReader(disk); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("a newer version, reading: %v", err)
	}
	ok(t, other.Remove(markName))
	for _, first := range segmentsOf(t, other) {
		ok(t, other.Remove(segmentName(first)))
	}
	overwrite(t, other, keptName, whole)
	var corrupt *CorruptError
	if _, err := openClose(other); !errors.As(err, &corrupt) {
		t.Errorf("nothing but that file: %v", err)
	}
}

func TestExpired(t *testing.T) {
	disk := fsys.NewMem()
	now := clock()
	l, _, err := Open(Options{FS: disk, Now: func() time.Time { return now }, SegmentBytes: minSizeBytes})
	ok(t, err)
	begun := map[freshet.Position]time.Time{1: now}
	for range 30 {
		now = now.Add(time.Hour)
		ok(t, l.WaitDurable(t.Context(), put(t, l, 3)))
		firsts := segmentsOf(t, disk)
		if first := firsts[len(firsts)-1]; begun[first].IsZero() {
			begun[first] = now
		}
	}
	firsts := segmentsOf(t, disk)
	sizes := map[freshet.Position]int64{}
	for _, first := range firsts {
		sizes[first], err = disk.Stat(segmentName(first))
		ok(t, err)
	}
	sizes[firsts[len(firsts)-1]] = l.durable.at.end // behind it are zeros
	for _, size := range []int64{0, 1, minSizeBytes, 3 * minSizeBytes, 1 << 40} {
		for hours := range 40 {
			r := Retention{Bytes: size, Age: time.Duration(hours) * time.Hour}
			got, err := l.Expired(r, now)
			ok(t, err)
			// The oracle: a segment may go when what comes after it is enough, or old.
			want := firsts[0]
			for i, first := range firsts[1:] {
				var after int64
				age, later := time.Duration(0), now
				for _, f := range slices.Backward(firsts[i+1:]) {
					after += sizes[f]
					age += min(later.Sub(begun[f]), r.Age/2)
					later = begun[f]
				}
				if (size > 0 && after >= size) || (hours > 0 && age >= r.Age) {
					want = first
				}
			}
			if got != want {
				t.Errorf("%d bytes, %d hours: may go before %d, want %d", size, hours, got, want)
			}
		}
	}
	ok(t, l.Close())
	if err := l.Release(1); !errors.Is(err, ErrClosed) {
		t.Errorf("release of a closed log: %v", err)
	}
}

// TestALeapOfTheClockReleasesNothing: the clock goes ahead by ten years, before a segment is begun, in
// the middle of one and after the last, and back; what is younger than half of the age stays.
func TestALeapOfTheClockReleasesNothing(t *testing.T) {
	const years = 10 * 365 * 24 * time.Hour
	for leap := range 60 {
		for _, back := range []bool{false, true} {
			disk := fsys.NewMem()
			now := clock()
			l, _, err := Open(Options{FS: disk, Now: func() time.Time { return now }, SegmentBytes: minSizeBytes})
			ok(t, err)
			for i := range 60 {
				now = now.Add(time.Hour)
				if i == leap {
					now = now.Add(years)
				}
				ok(t, l.WaitDurable(t.Context(), put(t, l, 3)))
				if i == leap && back {
					now = now.Add(-years)
				}
			}
			if leap == 59 && !back {
				now = now.Add(years)
			}
			got, err := l.Expired(Retention{Age: 400 * time.Hour}, now) // 340 h longer than anything is there
			ok(t, err)
			if got != 1 {
				t.Errorf("a leap at hour %d, back %v: may go before %d", leap, back, got)
			}
			ok(t, l.Close())
		}
	}
}
