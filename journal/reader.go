package journal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// Reader reads the durable records of a journal in order. It takes no lock and writes nothing,
// so it may run beside the writer, in any process, and on what a crash has left before anyone
// has opened it again. One goroutine at a time.
type Reader struct {
	disk    fsys.FS
	mark    fsys.File
	id      journalID
	next    freshet.Position // the record to come from the segment at hand
	from    freshet.Position // records before it are passed over
	until   freshet.Position // Next returns none after it; 0 = no such bound
	durable freshet.Position // as far as is known
	kept    freshet.Position // where the journal begins, as far as is known
	torn    bool             // one slot of the mark did not read
	segment freshet.Position // first position of the segment at hand
	scan    *scan            // nil before the first segment is opened
	looked  bool             // the end of the last segment was searched for marks
	names   map[string]string
}

// markTries is how often a mark with a slot that does not read is read again.
const markTries = 3

// maxNames bounds the topics and sources that a Reader keeps one copy of.
const maxNames = 4096

// OpenReader returns a Reader before the first record that is kept. The error wraps fs.ErrNotExist when there
// is no journal, ErrNewerFormat, is a [*CorruptError] or one of the disk.
func OpenReader(disk fsys.FS) (*Reader, error) {
	// The mark is made before the first segment: if one is seen, the mark is there.
	firsts, _, err := listSegments(disk)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	side, found, err := readSideMark(disk)
	for range markTries {
		if !side.torn {
			break
		}
		side, found, err = readSideMark(disk) // the writer may have been at it
	}
	switch {
	case !found && err == nil && len(firsts) > 0:
		return nil, missingMark(len(firsts))
	case errors.Is(err, errHeader) || errors.Is(err, errNoSlot):
		return nil, &CorruptError{File: markName, Reason: err.Error()}
	case err != nil:
		return nil, fmt.Errorf("read the journal: %w", err)
	case !found:
		return nil, fmt.Errorf("there is no journal here: %w", &fs.PathError{Op: "open", Path: markName, Err: fs.ErrNotExist})
	}
	r := &Reader{disk: disk, id: side.id, durable: side.place.position, torn: side.torn, names: map[string]string{}}
	if r.kept, err = readKept(disk, r.id); err != nil {
		return nil, wrap("read the journal", err)
	}
	if err := r.seek(r.kept); err != nil {
		return nil, err
	}
	if r.mark, err = disk.Open(markName); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return r, nil
}

// Seek makes the record at p, which is at least 1 and may be ahead of the log, the next one that
// Next returns. It costs reading the part of one segment that is before p, and touches none
// before that. The error wraps ErrReleased when the record was given up.
func (r *Reader) Seek(p freshet.Position) (err error) {
	if p == 0 {
		return errors.New("journal: there is no record at position 0")
	}
	if r.kept, err = readKept(r.disk, r.id); err != nil {
		return wrap("read the journal", err)
	}
	if p < r.kept {
		return released(p, r.kept)
	}
	return r.seek(p)
}

// Until makes p, which is at least 1, the last record that Next returns.
func (r *Reader) Until(p freshet.Position) { r.until = p }

// seek goes to a record that is kept.
func (r *Reader) seek(p freshet.Position) error {
	firsts, _, err := listSegments(r.disk)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	r.next, r.from = r.kept, p
	r.durable = max(r.durable, r.kept-1)
	for _, first := range firsts {
		r.durable = max(r.durable, first-1) // a segment's name proves what is before it
		if first <= p && first >= r.kept {
			r.next = first
		}
	}
	return r.leave()
}

// ID returns the journal's id in hexadecimal.
func (r *Reader) ID() string { return hex.EncodeToString(r.id[:]) }

// First returns the position where the journal begins, as last seen: 1, or more once records
// were released.
func (r *Reader) First() freshet.Position { return r.kept }

// Durable returns the position up to which Next returns records, as last seen.
func (r *Reader) Durable() freshet.Position { return r.durable }

// TornMark reports that one slot of the durable mark did not read, as a power cut may leave it, or
// damage: there may be more durable records than Durable says, and Open finds out.
func (r *Reader) TornMark() bool { return r.torn }

// Close releases the files.
func (r *Reader) Close() error { return errors.Join(r.leave(), r.mark.Close()) }

// leave closes the segment at hand.
func (r *Reader) leave() error {
	if r.scan == nil {
		return nil
	}
	err := r.scan.close()
	r.scan = nil
	return err
}

// Next returns the next durable record, whose parts belong to the caller. The error is io.EOF
// when there is none for now; calling again later goes on when more has become durable. Any
// other error is a [*CorruptError], wraps ErrNewerFormat, or ErrReleased when the record was given
// up meanwhile, or is one of the disk, and the next call tries the same record again.
func (r *Reader) Next() (Record, error) {
	for {
		if r.until > 0 && r.next > r.until {
			return Record{}, io.EOF
		}
		err := r.reach()
		var f frame
		if err == nil {
			f, err = r.frame()
		}
		switch {
		case errors.Is(err, errMoved):
			continue
		case err != nil:
			return Record{}, err
		}
		if f.kind == kindMark {
			r.durable = max(r.durable, f.position)
			r.scan.skip(&f)
			continue
		}
		r.next++
		if f.position < r.from {
			r.scan.skip(&f)
			continue
		}
		record := Record{
			Position: f.position, Topic: r.name(f.topic), Source: r.name(f.source),
			Received: f.received, Seq: f.seq, Flags: f.flags, Payload: slices.Clone(f.payload),
		}
		r.scan.skip(&f)
		return record, nil
	}
}

// reach returns nil when the next record is durable and its segment or the one before is open,
// io.EOF when it is not durable.
func (r *Reader) reach() error {
	if r.next > r.durable {
		p, ok, err := readDurable(r.mark, r.id.seed())
		if err != nil {
			return err
		}
		if ok {
			r.durable = max(r.durable, p.position)
		}
	}
	if r.scan == nil {
		var half *CorruptError
		switch found, err := r.enter(r.next); {
		case errors.As(err, &half) && r.next > r.durable:
			return io.EOF // a crash came while it was made
		case err != nil:
			return err
		case !found && r.next > r.durable:
			return io.EOF
		case !found:
			return r.missing(segmentName(r.next), 0, "it is missing")
		}
	}
	if r.next > r.durable && !r.looked {
		if err := r.lookAhead(); err != nil {
			return err
		}
	}
	if r.next > r.durable {
		return io.EOF
	}
	return nil
}

// lookAhead follows the frames that are not known to be durable for marks which say that they
// are. A live writer tells through the durable mark; after a power cut that may be older than
// the marks inside the log. What a crash left does not change, so one look is enough.
func (r *Reader) lookAhead() error {
	r.looked = true
	s := &scan{file: r.scan.file, name: r.scan.name, seed: r.scan.seed, off: r.scan.off}
	for next := r.next; ; {
		f, err := s.peek()
		switch {
		case errors.Is(err, io.EOF) || notAFrame(err) || errors.Is(err, ErrNewerFormat):
			return nil // Next says what there is to say once the place is reached
		case err != nil:
			return err
		case f.kind == kindMark && f.position < next:
			r.durable = max(r.durable, f.position)
		case f.kind == kindRecord && f.position == next:
			next++
		default:
			return nil
		}
		s.skip(&f)
	}
}

// frame returns the frame that should come now: the record r.next, or a mark before it. That
// record is durable, so anything else is damage.
func (r *Reader) frame() (frame, error) {
	f, err := r.peek()
	if err == nil || !unfit(err) {
		return f, err
	}
	// What was read ahead may be from before the record was written.
	r.scan.forget()
	if f, err = r.peek(); err == nil || !unfit(err) {
		return f, err
	}
	// The record is durable, so it is here or at the start of the next segment, and a segment
	// that has a successor ends after its last record.
	before, segment := r.scan, r.segment
	if r.segment == r.next {
		return frame{}, r.corrupt(before.name, before.off, reasonOf(err))
	}
	found, entered := r.enter(r.next)
	if entered != nil {
		return frame{}, entered
	}
	if !found {
		return frame{}, r.missing(before.name, before.off, reasonOf(err))
	}
	before.forget()
	_, end := before.peek()
	if end != nil && !unfit(end) && !errors.Is(end, ErrNewerFormat) { // one of the disk, which says nothing of the bytes
		err := errors.Join(end, r.leave())
		r.scan, r.segment = before, segment
		return frame{}, err
	}
	if err := before.close(); err != nil {
		return frame{}, err
	}
	if !errors.Is(end, io.EOF) {
		err := r.corrupt(before.name, before.off, "more stands here after the segment's last record")
		return frame{}, errors.Join(err, r.leave())
	}
	firsts, _, err := listSegments(r.disk)
	if err == nil {
		err = r.strays(firsts, segment, r.next)
	}
	if err != nil {
		return frame{}, errors.Join(err, r.leave())
	}
	if f, err = r.peek(); err != nil && unfit(err) {
		return frame{}, r.corrupt(r.scan.name, r.scan.off, reasonOf(err))
	}
	return f, err
}

// peek returns the frame at hand if it is the record r.next or a mark in its place.
func (r *Reader) peek() (frame, error) {
	f, err := r.scan.peek()
	switch {
	case err != nil:
		return frame{}, err
	case f.kind == kindRecord && f.position != r.next:
		return frame{}, frameError("record %d stands here", f.position)
	case f.kind == kindMark && (f.seq != uint64(r.next) || f.position >= r.next):
		return frame{}, frameError("the mark of record %d stands here", f.seq)
	}
	return f, nil
}

// unfit reports whether err says that the bytes are not the frame looked for, or that there are
// none.
func unfit(err error) bool { return errors.Is(err, io.EOF) || notAFrame(err) }

func reasonOf(err error) string {
	if errors.Is(err, io.EOF) {
		return "the file ends"
	}
	return err.Error()
}

// Check looks for files that Next does not come across, since it follows the records: a segment
// that stands beside those read so far, and one that is not what its name says. A journal with one
// is not opened. The error is a [*CorruptError] or one of the disk.
func (r *Reader) Check() error {
	firsts, _, err := listSegments(r.disk)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if err := r.strays(firsts, r.segment, r.next); err != nil {
		return err
	}
	for _, first := range firsts {
		if first < r.next {
			continue
		}
		s, h, err := openScan(r.disk, first)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errHeader) { // the writer is at it, or a crash came
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(r.headed(h, first), s.close()); err != nil {
			return err
		}
	}
	return nil
}

// strays looks for a segment that begins between two places, where one that was read goes on.
func (r *Reader) strays(firsts []freshet.Position, after, before freshet.Position) error {
	for _, first := range firsts {
		if after < first && first < before {
			return r.corrupt(segmentName(first), 0, fmt.Sprintf("its records from %d on stand in the segment before it too", first))
		}
	}
	return nil
}

// headed checks that a segment's header is the one that its name and the journal ask for.
func (r *Reader) headed(h segmentHeader, first freshet.Position) error {
	switch {
	case h.id != r.id:
		return r.corrupt(segmentName(first), 0, "it belongs to another journal")
	case h.first != first:
		return r.corrupt(segmentName(first), 0, fmt.Sprintf("its header says that it begins with record %d: it was renamed or copied", h.first))
	}
	return nil
}

// enter makes the segment that begins with first the one at hand. found is false, and nothing
// has changed, when there is no such file.
func (r *Reader) enter(first freshet.Position) (found bool, err error) {
	s, h, err := openScan(r.disk, first)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, errHeader):
		return false, r.corrupt(segmentName(first), 0, err.Error())
	case err != nil:
		return false, err
	}
	if err := r.headed(h, first); err != nil {
		return false, errors.Join(err, s.close())
	}
	r.scan, r.segment, r.looked = s, first, false
	return true, nil
}

// errMoved says that the Reader has just been sent elsewhere.
var errMoved = errors.New("the place has changed")

// missing is the error of a record that is not there: it was given up meanwhile, or it is damage.
func (r *Reader) missing(file string, off int64, reason string) error {
	kept, err := readKept(r.disk, r.id)
	if err != nil {
		return wrap("read the journal", err)
	}
	switch r.kept = kept; {
	case r.next < kept && r.from < kept:
		return released(r.next, kept)
	case r.next < kept: // on the way to a record that is kept
		if err := r.seek(r.from); err != nil {
			return err
		}
		return errMoved
	}
	return r.corrupt(file, off, reason)
}

func (r *Reader) corrupt(file string, off int64, reason string) error {
	return &CorruptError{File: file, Offset: off, Position: r.next, Durable: r.durable, Reason: reason}
}

// name returns b as a string, the same one for the same bytes.
func (r *Reader) name(b []byte) string {
	if s, ok := r.names[string(b)]; ok {
		return s
	}
	if len(r.names) >= maxNames {
		clear(r.names)
	}
	s := string(b)
	r.names[s] = s
	return s
}
