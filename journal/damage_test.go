package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
)

var errNotExist = fs.ErrNotExist

// build makes a journal of n batches of three records, each durable before the next, closed.
// ends are the places after each batch; marks are what the durable mark's file held then.
func build(t testing.TB, batches int, segmentBytes int64) (disk *fsys.Mem, ends []place, marks [][]byte) {
	t.Helper()
	disk = fsys.NewMem()
	l, _ := startSized(t, disk, segmentBytes)
	for range batches {
		ok(t, l.WaitDurable(t.Context(), put(t, l, 3)))
		l.mu.Lock()
		ends = append(ends, l.durable.at)
		l.mu.Unlock()
		marks = append(marks, contents(t, disk, markName))
	}
	ok(t, l.Close())
	return disk, ends, marks
}

func contents(t testing.TB, disk fsys.FS, name string) []byte {
	t.Helper()
	b, err := fsys.ReadFile(disk, name, 1<<30)
	ok(t, err)
	return b
}

func overwrite(t testing.TB, disk fsys.FS, name string, b []byte) {
	t.Helper()
	f, err := disk.Create(name)
	ok(t, err)
	_, err = f.Write(b)
	ok(t, errors.Join(err, f.Sync(), f.Close()))
}

// openClose recovers the journal and returns the report.
func openClose(disk fsys.FS) (Report, error) {
	l, report, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes})
	if err != nil {
		return report, err
	}
	return report, l.Close()
}

// TestGoalTornTail cuts off and blanks the log at every byte of the last three batches, first with
// the mark of the time before them, so that they count as never acknowledged, then with the
// mark that acknowledges them.
func TestGoalTornTail(t *testing.T) {
	g := goal.Begin(t, "G5", "0 acknowledged lost, every cut reported", goal.Sizes{Quick: 100, CI: 1500})
	disk, ends, marks := build(t, 9, 1<<20)
	from, to := ends[5], ends[8]
	if from.segment != to.segment {
		t.Fatalf("the last batches are in two segments, %d and %d", from.segment, to.segment)
	}
	name := segmentName(to.segment)
	whole := contents(t, disk, name)
	if int64(len(whole)) != to.end {
		t.Fatalf("%s has %d bytes after Close, its records end at %d", name, len(whole), to.end)
	}
	frames := frameEnds(t, whole)
	step := int64(1)
	if raceDetector {
		step = 13
	}
	for at := from.end; at < to.end; at += step {
		for shape, tail := range map[string][]byte{"cut": whole[:at], "zeros": append(slices.Clone(whole[:at]), make([]byte, to.end-at)...),
			"garbage": append(slices.Clone(whole[:at]), bytes.Repeat([]byte("\xf5\xf2\xfe\xa7~"), int(to.end-at)/5+9)...)} {
			g.Add(1)
			kept := place{position: to.segment - 1, end: segmentHeaderBytes}
			for _, f := range frames {
				if bytes.HasPrefix(tail, whole[:f.end]) {
					kept = f
				}
			}
			image := disk.Clone()
			overwrite(t, image, name, tail)
			overwrite(t, image, markName, marks[5])
			n, err := count(image)
			if err != nil || n < from.position || n > kept.position {
				t.Fatalf("%s at byte %d: %d records read before recovery: %v", shape, at, n, err)
			}
			report, err := openClose(image)
			if err != nil || report.Last != kept.position || report.Last < from.position {
				t.Fatalf("%s at byte %d: %+v, %v, want %d records", shape, at, report, err, kept.position)
			}
			if cut := int64(len(tail)) - kept.end; report.CutBytes != cut || (cut > 0 && (report.CutFile != name || report.CutOffset != kept.end)) {
				t.Fatalf("%s at byte %d: cut reported as %+v, want %d bytes of %s from %d", shape, at, report, cut, name, kept.end)
			}
			if shape == "zeros" && report.CutZeros < to.end-at {
				t.Fatalf("zeros at byte %d: %d of %d reported", at, report.CutZeros, to.end-at)
			}
			if n, err := count(image); err != nil || n != kept.position {
				t.Fatalf("%s at byte %d: %d records after recovery: %v", shape, at, n, err)
			}

			if kept.position == to.position {
				continue // the last byte was a zero anyway
			}
			image = disk.Clone()
			overwrite(t, image, name, tail)
			var corrupt *CorruptError
			if _, err := openClose(image); !errors.As(err, &corrupt) || corrupt.File != name || corrupt.Offset < kept.end || corrupt.Offset > kept.end+headerBytes ||
				corrupt.Durable != to.position || corrupt.Position != kept.position+1 {
				t.Fatalf("%s at byte %d below the durable mark: %v", shape, at, err)
			}
			if !bytes.Equal(contents(t, image, name), tail) {
				t.Fatalf("%s at byte %d: the damaged file was changed", shape, at)
			}
			if _, err := count(image); !errors.As(err, &corrupt) {
				t.Fatalf("%s at byte %d below the durable mark, reading: %v", shape, at, err)
			}
		}
	}
	g.End("0 acknowledged lost, every cut reported with file, offset and bytes")
}

// frameEnds lists the places after each record of a segment.
func frameEnds(t *testing.T, whole []byte) (ends []place) {
	t.Helper()
	h, err := decodeSegmentHeader(whole)
	ok(t, err)
	for off := int64(segmentHeaderBytes); off < int64(len(whole)); {
		f, err := decodeFrame(whole[off:], h.id.seed())
		ok(t, err)
		off += f.size()
		if f.kind == kindRecord {
			ends = append(ends, place{position: f.position, end: off})
		}
	}
	return ends
}

// TestLaterMarkProves damages a batch that only the mark of the next one proves durable.
func TestLaterMarkProves(t *testing.T) {
	disk, ends, marks := build(t, 9, 1<<20)
	name := segmentName(ends[8].segment)
	whole := contents(t, disk, name)
	overwrite(t, disk, markName, marks[5])
	for at := ends[5].end; at < ends[7].end; at++ {
		image, b := disk.Clone(), slices.Clone(whole)
		b[at] ^= 0x10
		overwrite(t, image, name, b)
		var corrupt *CorruptError
		if _, err := openClose(image); !errors.As(err, &corrupt) || corrupt.File != name || corrupt.Offset > at {
			t.Fatalf("bit flipped at byte %d: %v", at, err)
		}
	}
}

// TestGoalDamage does random harm to what is durable; none of it may pass unnoticed.
func TestGoalDamage(t *testing.T) {
	g := goal.Begin(t, "G6", "100 % of damage to the log detected", goal.Sizes{Quick: 2000, CI: 8000})
	disk, _, _ := build(t, 24, minSizeBytes)
	firsts, _, err := listSegments(disk)
	ok(t, err)
	if len(firsts) < 4 {
		t.Fatalf("%d segments", len(firsts))
	}
	files := []string{markName}
	for _, first := range firsts {
		files = append(files, segmentName(first))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	kinds := map[string]func(name string, b []byte) ([]byte, int){
		"flip": func(_ string, b []byte) ([]byte, int) {
			at := rng.IntN(len(b))
			b[at] ^= 1 << rng.IntN(8)
			return b, at
		},
		"truncate": func(_ string, b []byte) ([]byte, int) {
			at := rng.IntN(len(b))
			return b[:at], at
		},
		"blank": func(_ string, b []byte) ([]byte, int) {
			at := rng.IntN(len(b))
			clear(b[at:min(len(b), at+1+rng.IntN(512))])
			return b, at
		},
		"swap blocks": func(_ string, b []byte) ([]byte, int) {
			size := 1 + rng.IntN(len(b)/3)
			at := rng.IntN(len(b) - 2*size)
			other := at + size + rng.IntN(len(b)-at-2*size+1)
			block := slices.Clone(b[at : at+size])
			copy(b[at:], b[other:other+size])
			copy(b[other:], block)
			return b, at
		},
		"move a byte from the source to the topic": func(_ string, b []byte) ([]byte, int) {
			magic := b[segmentHeaderBytes:min(len(b), segmentHeaderBytes+4)]
			var at []int
			for off := segmentHeaderBytes; off+headerBytes <= len(b); off++ {
				if bytes.Equal(b[off:off+4], magic) && b[off+36] > 0 {
					at = append(at, off)
				}
			}
			if len(at) == 0 {
				return b, 0 // the mark's file has no frames
			}
			off := at[rng.IntN(len(at))]
			b[off+34]++
			b[off+36]--
			return b, off + 34
		},
		"insert": func(_ string, b []byte) ([]byte, int) {
			at := rng.IntN(len(b))
			return slices.Insert(b, at, byte(rng.Uint32())), at
		},
		"delete": func(_ string, b []byte) ([]byte, int) {
			at := rng.IntN(len(b))
			return slices.Delete(b, at, min(len(b), at+1+rng.IntN(100))), at
		},
	}
	for i := 0; g.More(); i++ {
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			harm := kinds[kind]
			image, name := disk.Clone(), files[rng.IntN(len(files))]
			before := contents(t, image, name)
			after, at := harm(name, slices.Clone(before))
			if bytes.Equal(before, after) {
				continue
			}
			// The harm begins where the first byte differs: what was swapped, blanked or moved
			// there may have been equal.
			for at < min(len(before), len(after)) && before[at] == after[at] {
				at++
			}
			g.Add(1)
			overwrite(t, image, name, after)
			_, readErr := count(image)
			report, err := openClose(image)
			var corrupt *CorruptError
			switch {
			case errors.As(err, &corrupt):
				if corrupt.File != name || corrupt.Offset > int64(at) {
					t.Fatalf("%s %d of %s at byte %d is reported as %v", kind, i, name, at, err)
				}
				if name != markName && !errors.As(readErr, &corrupt) {
					t.Fatalf("%s %d of %s at byte %d: a reader says %v", kind, i, name, at, readErr)
				}
			case err == nil && name == markName && report.TornMark && report.Last == 72:
				// The other slot stood in.
			case err == nil && name == markName && report.Last == 72 && bytes.Equal(after[:slotBytes], before[:slotBytes]) && blankSlot(after):
				// A slot blanked as a whole is one that was never written.
			case err == nil && name == markName && report.Last == 72 && bytes.Equal(after, slices.Concat(before[:slotBytes], before[2*slotBytes:], before[slotBytes:2*slotBytes])):
				// Two whole slots have changed places: they say what they said.
			default:
				t.Fatalf("%s %d of %s at byte %d passed: %+v, %v", kind, i, name, at, report, err)
			}
		}
	}
	g.End("100 %% detected, with file and offset")
}

func blankSlot(b []byte) bool {
	return len(b) == markFileBytes && (bytes.Count(b[slotBytes:2*slotBytes], []byte{0}) == slotBytes || bytes.Count(b[2*slotBytes:], []byte{0}) == slotBytes)
}

func TestFiles(t *testing.T) {
	whole, _, _ := build(t, 24, minSizeBytes)
	firsts, _, err := listSegments(whole)
	ok(t, err)
	seg := func(i int) string { return segmentName(firsts[i]) }
	other, _, _ := build(t, 24, minSizeBytes)
	for _, c := range []struct {
		name    string
		change  func(disk *fsys.Mem) error
		corrupt string // file named; "" = opens
		reason  string
		unread  bool // a reader does not come across it
	}{
		{"nothing", func(*fsys.Mem) error { return nil }, "", "", false},
		{"segment missing in the middle", func(d *fsys.Mem) error { return d.Remove(seg(2)) }, seg(1), seg(2) + " is missing", false},
		{"first segment missing", func(d *fsys.Mem) error { return d.Remove(seg(0)) }, seg(0), "missing", false},
		{"last segment missing", func(d *fsys.Mem) error { return d.Remove(seg(len(firsts) - 1)) }, seg(len(firsts) - 2), "ends before its durable mark", false},
		{"segment renamed", func(d *fsys.Mem) error { return d.Rename(seg(1), segmentName(firsts[1]+1)) }, seg(0), seg(1) + " is missing", false},
		{"segment copied over the next", func(d *fsys.Mem) error {
			overwrite(t, d, seg(2), contents(t, d, seg(1)))
			return nil
		}, seg(2), "renamed or copied", false},
		{"segment copied into the middle", func(d *fsys.Mem) error {
			overwrite(t, d, segmentName(firsts[1]+1), contents(t, d, seg(1)))
			return nil
		}, segmentName(firsts[1] + 1), "in the segment before", false},
		{"segment copied into the last one", func(d *fsys.Mem) error {
			overwrite(t, d, segmentName(firsts[len(firsts)-1]+1), contents(t, d, seg(1)))
			return nil
		}, segmentName(firsts[len(firsts)-1] + 1), "in the segment before", false},
		{"segment copied behind the end", func(d *fsys.Mem) error {
			overwrite(t, d, segmentName(73), contents(t, d, seg(1)))
			return nil
		}, segmentName(73), "renamed or copied", false},
		{"segment of another journal", func(d *fsys.Mem) error {
			overwrite(t, d, seg(0), contents(t, other, seg(0)))
			return nil
		}, seg(0), "another journal", false},
		{"mark missing", func(d *fsys.Mem) error { return d.Remove(markName) }, markName, "missing", false},
		{"mark of another journal", func(d *fsys.Mem) error {
			overwrite(t, d, markName, contents(t, other, markName))
			return nil
		}, seg(0), "another journal", false},
		{"mark with a wrong end", func(d *fsys.Mem) error {
			side, _, err := readSideMark(d)
			side.place.end--
			b := append(encodeSideHeader(side.id), encodeSlot(side.place, side.id.seed())...)
			overwrite(t, d, markName, append(b, make([]byte, slotBytes)...))
			return err
		}, markName, "it ends at byte", true},
		{"bytes behind a full segment", func(d *fsys.Mem) error {
			overwrite(t, d, seg(1), append(contents(t, d, seg(1)), 0))
			return nil
		}, seg(1), "cut off", false},
		{"only the mark", func(d *fsys.Mem) error {
			for i := range firsts {
				if err := d.Remove(seg(i)); err != nil {
					return err
				}
			}
			return nil
		}, seg(0), "ends before its durable mark", false},
		{"empty new segment", func(d *fsys.Mem) error {
			overwrite(t, d, segmentName(73), nil)
			return nil
		}, "", "", false},
		{"half a header in a new segment", func(d *fsys.Mem) error {
			overwrite(t, d, segmentName(73), contents(t, d, seg(1))[:40])
			return nil
		}, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			disk := whole.Clone()
			ok(t, c.change(disk))
			report, err := openClose(disk)
			if c.corrupt == "" {
				if err != nil || report.Last != 72 {
					t.Fatalf("%+v, %v", report, err)
				}
				if n, err := count(disk); err != nil || n != 72 {
					t.Fatalf("%d records read, %v", n, err)
				}
				return
			}
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || corrupt.File != c.corrupt || !strings.Contains(corrupt.Error(), c.reason) {
				t.Fatalf("%v, want %s damaged: %s", err, c.corrupt, c.reason)
			}
			if err := checked(disk); !c.unread && !errors.As(err, &corrupt) {
				t.Fatalf("a reader says %v", err)
			}
		})
	}
}

// checked reads a whole journal, and looks for what is beside it.
func checked(disk fsys.FS) (err error) {
	r, err := OpenReader(disk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for err == nil {
		_, err = r.Next()
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return r.Check()
}

func TestIgnoredFiles(t *testing.T) {
	disk, _, _ := build(t, 3, minSizeBytes)
	strange := []string{"journal/#x.seg#", "journal/00000000000000000001.seg.bak", "journal/0000000000000000001.seg", "journal/durable.bak", "journal/notes.txt"}
	for _, name := range strange {
		overwrite(t, disk, name, []byte("hello"))
	}
	ok(t, disk.MkdirAll("journal/00000000000000000000.seg"))
	report, err := openClose(disk)
	if want := append([]string{strange[0], "journal/00000000000000000000.seg"}, strange[1:]...); err != nil || !slices.Equal(report.Ignored, want) {
		t.Errorf("ignored %q, %v, want %q", report.Ignored, err, want)
	}
	for _, name := range strange {
		if got := string(contents(t, disk, name)); got != "hello" {
			t.Errorf("%s was changed to %q", name, got)
		}
	}
}

func TestNewerFormat(t *testing.T) {
	disk, ends, _ := build(t, 3, minSizeBytes)
	name := segmentName(1)
	whole := contents(t, disk, name)
	h, err := decodeSegmentHeader(whole)
	ok(t, err)
	kind := slices.Clone(whole)
	kind = append(kind, frameOfKind(9, h.id.seed(), ends[2].position+1)...)
	for what, change := range map[string]struct {
		name string
		b    []byte
	}{
		"segment version":      {name, resealed(whole, func(b []byte) { b[8] = FormatVersion + 1 }, 60)},
		"segment feature flag": {name, resealed(whole, func(b []byte) { b[12] = 1 }, 60)},
		"mark version":         {markName, resealed(contents(t, disk, markName), func(b []byte) { b[4] = FormatVersion + 1 }, 28)},
		"frame kind":           {name, kind},
	} {
		image := disk.Clone()
		overwrite(t, image, change.name, change.b)
		if _, err := openClose(image); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: %v", what, err)
		}
		if !bytes.Equal(contents(t, image, change.name), change.b) {
			t.Errorf("%s: the file was changed", what)
		}
	}
}

// resealed changes a header and corrects its checksum at byte sum.
func resealed(whole []byte, change func([]byte), sum int) []byte {
	b := slices.Clone(whole)
	change(b)
	copy(b[sum:], checksum(b[:sum]))
	return b
}

// TestBadFrames puts well-formed but wrong frames where acknowledged ones were, and after them.
func TestBadFrames(t *testing.T) {
	disk, ends, _ := build(t, 3, minSizeBytes)
	name, last := segmentName(1), ends[2]
	whole := contents(t, disk, name)
	h, err := decodeSegmentHeader(whole)
	ok(t, err)
	seed := h.id.seed()
	r := sample(1)
	for what, frame := range map[string][]byte{
		"gap":             appendRecord(nil, seed, &r, last.position+2),
		"repeat":          appendRecord(nil, seed, &r, last.position),
		"back":            appendRecord(nil, seed, &r, 1),
		"zero position":   appendRecord(nil, seed, &r, 0),
		"other journal":   appendRecord(nil, seed+1, &r, last.position+1),
		"length 2^31":     patched(appendRecord(nil, seed, &r, last.position+1), 4, 0x80000000),
		"length -1":       patched(appendRecord(nil, seed, &r, last.position+1), 4, 0xffffffff),
		"length 0":        patched(appendRecord(nil, seed, &r, last.position+1), 4, 0),
		"mark of another": markFrame(seed, last.position, last.position+2),
	} {
		image := disk.Clone()
		overwrite(t, image, name, slices.Concat(whole, frame))
		report, err := openClose(image)
		if err != nil || report.Last != last.position || report.CutOffset != last.end || report.CutBytes != int64(len(frame)) {
			t.Errorf("%s after the last record: %+v, %v", what, report, err)
		}
		image = disk.Clone()
		at := ends[1].end
		overwrite(t, image, name, slices.Concat(whole[:at], frame, whole[at:]))
		var corrupt *CorruptError
		if _, err := openClose(image); !errors.As(err, &corrupt) || corrupt.Offset != at || corrupt.File != name {
			t.Errorf("%s before the last batch: %v", what, err)
		}
	}
	// A mark that claims more than there is proves that there was more.
	image := disk.Clone()
	overwrite(t, image, name, slices.Concat(whole, markFrame(seed, last.position+5, last.position+1)))
	var corrupt *CorruptError
	if _, err := openClose(image); !errors.As(err, &corrupt) || corrupt.Durable != last.position+5 {
		t.Errorf("mark of records that are not there: %v", err)
	}
	if text := fmt.Sprint(corrupt); !strings.Contains(text, name) || !strings.Contains(text, fmt.Sprint(last.end)) {
		t.Errorf("message %q does not say where", text)
	}
}
