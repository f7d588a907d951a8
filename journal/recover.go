package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// Report says what Open found.
type Report struct {
	Created     bool             // there was no journal; there is one now
	Records     uint64           // in the log
	First, Last freshet.Position // of the records; without any, First is 0 and Last what comes before the next
	Kept        freshet.Position // where the journal begins: 1, or more once records were released
	Checked     freshet.Position // the first record that was read; those before it were not
	Proved      freshet.Position // durable for certain when the last writer stopped
	Segments    int

	// What stood after the last whole record and was cut off, if anything: CutBytes bytes of
	// CutFile (below the FS root) from CutOffset on. The last CutZeros of them were zeros, which
	// is what the space kept ready behind a log looks like when its writer was killed; anything
	// but zeros is a group of records that was never acknowledged.
	CutFile   string
	CutOffset int64
	CutBytes  int64
	CutZeros  int64

	TornMark bool     // one slot of the durable mark was unreadable, as a power cut may leave it
	Ignored  []string // files in the journal's directory that are none of its own
	Removed  []string // files that an interrupted Release, or making of the journal, had left
}

// verdict is what reading a journal front to back found; nothing was changed to find it.
type verdict struct {
	report Report
	exists bool               // there is a durable mark
	side   sideState          // what it says
	firsts []freshet.Position // of the segments kept
	stale  []freshet.Position // of segments that were released and are still there
	kept   freshet.Position   // where the journal begins
	end    place              // after the last record that is kept
	drop   bool               // the last segment has no header and nothing in it: CutFile goes as a whole
}

// verifier walks all segments.
type verifier struct {
	disk   fsys.FS
	from   freshet.Position // segments that end before it are not read whole
	v      verdict
	expect freshet.Position // the next record
	proved freshet.Position

	checked freshet.Position // first of the first segment that was read whole
}

// verify reads the journal from the segment that holds the record at from on, and of the
// segments before it the headers and the ends. The error is a *CorruptError, a *BehindError,
// wraps ErrNewerFormat, or is one of the disk.
func verify(disk fsys.FS, from freshet.Position) (verdict, error) {
	r := verifier{disk: disk, from: from, expect: 1}
	var err error
	if r.v.firsts, r.v.report.Ignored, err = listSegments(disk); err != nil {
		return r.v, err
	}
	if r.v.side, r.v.exists, err = readSideMark(disk); err != nil {
		if errors.Is(err, errHeader) || errors.Is(err, errNoSlot) {
			return r.v, &CorruptError{File: markName, Reason: err.Error()}
		}
		return r.v, err
	}
	if !r.v.exists {
		return r.v, r.absent()
	}
	if r.v.kept, err = readKept(disk, r.v.side.id); err != nil {
		return r.v, err
	}
	r.v.stale, r.v.firsts = split(r.v.firsts, r.v.kept)
	firsts := r.v.firsts
	r.expect = r.v.kept
	r.v.end.position = r.v.kept - 1
	r.proved = max(r.v.side.place.position, r.v.kept-1)
	if len(firsts) > 0 {
		r.proved = max(r.proved, firsts[len(firsts)-1]-1)
	} else if r.v.kept > 1 {
		return r.v, r.corrupt(segmentName(r.v.kept), 0, "it is missing, and the records before it were released")
	}
	for i, first := range firsts {
		if i+1 < len(firsts) && firsts[i+1] <= from {
			err = r.older(first)
		} else {
			err = r.segment(first, i == len(firsts)-1)
		}
		if err != nil {
			return r.v, err
		}
	}
	if r.proved >= r.expect {
		file, end := segmentName(r.expect), int64(0)
		if r.v.end.segment > 0 {
			file, end = segmentName(r.v.end.segment), r.v.end.end
		}
		return r.v, r.corrupt(file, end, "the log ends before its durable mark")
	}
	if from >= r.expect {
		return r.v, &BehindError{Last: r.expect - 1, Known: from}
	}
	r.finish()
	return r.v, nil
}

// absent decides about a journal without a durable mark.
func (r *verifier) absent() error {
	if len(r.v.firsts) > 0 {
		return missingMark(len(r.v.firsts))
	}
	switch _, err := r.disk.Stat(keptName); {
	case err == nil:
		return &CorruptError{File: markName, Reason: fmt.Sprintf("it is missing beside %s", keptName)}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case r.from > 0:
		return &BehindError{Known: r.from}
	}
	r.v.kept, r.v.report.Created = 1, true
	return nil
}

// split divides segments, ascending, into those that begin before first and the others.
func split(firsts []freshet.Position, first freshet.Position) (before, rest []freshet.Position) {
	at, _ := slices.BinarySearch(firsts, first)
	return firsts[:at], firsts[at:]
}

func missingMark(segments int) error {
	return &CorruptError{File: markName, Reason: fmt.Sprintf("it is missing beside %d segments", segments)}
}

func (r *verifier) corrupt(file string, off int64, reason string) error {
	return &CorruptError{File: file, Offset: off, Position: r.expect, Durable: r.proved, Reason: reason}
}

// begins checks that the segment that begins with first is the one that should come now.
func (r *verifier) begins(first freshet.Position) error {
	name := segmentName(first)
	if first > r.expect {
		missing := segmentName(r.expect)
		if r.v.end.segment == 0 {
			return r.corrupt(missing, 0, fmt.Sprintf("it is missing, the first segment is %s", name))
		}
		held := segmentName(r.v.end.segment)
		return r.corrupt(held, r.v.end.end, fmt.Sprintf("it ends here and the next segment is %s: %s is missing or this one was cut short", name, missing))
	}
	if first < r.expect {
		return r.corrupt(name, 0, fmt.Sprintf("its records from %d on stand in the segment before it too", first))
	}
	return nil
}

// headed checks that a segment's header is the one that its name and the journal ask for.
func (r *verifier) headed(h segmentHeader, first freshet.Position) error {
	switch name := segmentName(first); {
	case h.id != r.v.side.id:
		return r.corrupt(name, 0, "it belongs to another journal")
	case h.first != first:
		return r.corrupt(name, 0, fmt.Sprintf("its header says that it begins with record %d: it was renamed or copied", h.first))
	}
	return nil
}

// segment walks one segment.
func (r *verifier) segment(first freshet.Position, last bool) (err error) {
	if err := r.begins(first); err != nil {
		return err
	}
	s, h, err := openScan(r.disk, first)
	if errors.Is(err, errHeader) {
		return r.headless(first, last, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := r.headed(h, first); err != nil {
		return err
	}
	if r.checked == 0 {
		r.checked = first
	}
	r.v.end = place{position: first - 1, segment: first, end: segmentHeaderBytes}
	for {
		f, err := s.peek()
		if err == nil {
			err = r.take(&f)
		}
		switch {
		case err == nil:
			s.skip(&f)
			if err := r.taken(&f, first, s.off); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			if s.off > r.v.end.end { // a mark without a record of its group
				return r.broken(s, last, errShort)
			}
			return nil
		case notAFrame(err):
			return r.broken(s, last, err)
		default:
			return err
		}
	}
}

// take checks that f is the frame that should come now.
func (r *verifier) take(f *frame) error {
	switch {
	case f.kind == kindRecord && f.position != r.expect:
		return frameError("record %d stands here", f.position)
	case f.kind == kindMark && f.position >= r.expect:
		return frameError("a mark tells of durable records up to %d, which have not come yet", f.position)
	case f.kind == kindMark && f.seq != uint64(r.expect):
		return frameError("the mark of record %d stands here", f.seq)
	}
	return nil
}

// taken counts f, which ends at end of the segment.
func (r *verifier) taken(f *frame, segment freshet.Position, end int64) error {
	if f.kind == kindMark {
		r.proved = max(r.proved, f.position)
		return nil
	}
	r.v.end = place{position: f.position, segment: segment, end: end}
	r.expect++
	if side := r.v.side; f.position == side.place.position && side.place != r.v.end && !side.place.atStart() {
		return &CorruptError{
			File: markName, Offset: int64(side.slot+1) * slotBytes, Position: f.position, Durable: r.proved,
			Reason: fmt.Sprintf("it says that record %d ends at byte %d of segment %d, it ends at byte %d of segment %d",
				f.position, side.place.end, side.place.segment, end, segment),
		}
	}
	return nil
}

// broken decides about bytes at s.off that are not the frame that should be there.
func (r *verifier) broken(s *scan, last bool, reason error) error {
	later, err := s.provedAfter(s.off)
	if err != nil {
		return err
	}
	r.proved = max(r.proved, later)
	if !last || r.proved >= r.expect {
		return r.corrupt(s.name, s.off, reason.Error())
	}
	// A mark may open a group of which no record was kept; the cut begins before it.
	return r.cut(s.file, s.name, r.v.end.end)
}

// headless decides about a segment without a readable header.
func (r *verifier) headless(first freshet.Position, last bool, reason error) (err error) {
	name := segmentName(first)
	f, err := r.disk.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	s := &scan{file: f, name: name, seed: r.v.side.id.seed()}
	later, err := s.provedAfter(0)
	if err != nil {
		return err
	}
	r.proved = max(r.proved, later)
	if !last || r.proved >= r.expect || (r.v.kept > 1 && first == r.v.kept) { // it was whole before others were released
		return r.corrupt(name, 0, reason.Error())
	}
	r.v.drop = true
	return r.cut(f, name, 0)
}

// cut notes what is to be cut off.
func (r *verifier) cut(f fsys.File, name string, off int64) error {
	window := make([]byte, scanBytes)
	end, zeros := off, int64(0)
	for {
		n, err := f.ReadAt(window, end)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s at byte %d: %w", name, end, err)
		}
		for _, c := range window[:n] {
			if zeros++; c != 0 {
				zeros = 0
			}
		}
		end += int64(n)
		if n < len(window) {
			break
		}
	}
	p := &r.v.report
	p.CutFile, p.CutOffset, p.CutBytes, p.CutZeros = name, off, end-off, zeros
	return nil
}

// finish fills the report.
func (r *verifier) finish() {
	p := &r.v.report
	p.Last = r.expect - 1
	p.Kept = r.v.kept
	p.Records = uint64(p.Last - (p.Kept - 1))
	if p.Records > 0 {
		p.First = p.Kept
	}
	p.Checked = min(r.checked, p.Last)
	p.Proved = r.proved
	p.Segments = len(r.v.firsts)
	p.TornMark = r.v.side.torn
	if r.v.drop {
		p.Segments--
	}
}
