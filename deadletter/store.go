package deadletter

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
)

// DefaultMaxBytes is the bound on all files together unless Options say otherwise.
const DefaultMaxBytes = 64 << 20

// minMaxBytes is the smallest bound: a file, an eighth of it, must have room for a few letters.
const minMaxBytes = 1 << 20

// Options configure a Store.
type Options struct {
	FS       fsys.FS
	MaxBytes int64 // of all files together; 0 is DefaultMaxBytes, less than 1 MiB is 1 MiB, more than 1 GiB is 1 GiB
}

// Report is what opening found.
type Report struct {
	Counts
	CutFile   string // "" when nothing was cut
	CutOffset int64
	CutBytes  int64 // a write that a crash interrupted; nobody was told that it was kept
}

// Store adds letters. Use Open.
type Store struct {
	disk      fsys.FS
	maxBytes  int64
	fileBytes int64

	files  []stored  // oldest first; the last one is open, if file is
	file   fsys.File // nil when the next letter begins a file
	head   head
	synced int64 // bytes of file that are durable
	counts Counts

	known  map[place]ID    // the letters of the sources in looked
	looked map[string]bool // sources whose letters were looked for
	err    error           // the first failure of a write; final
}

// stored is a file that is kept.
type stored struct {
	first ID
	bytes int64
}

// ErrFailed says that an earlier write failed, after which nothing more is kept until the Store
// is opened again.
var ErrFailed = errors.New("keeping a dead letter failed before; nothing is kept until a restart")

// Open looks through all files, cuts what a crash left of an unfinished write, and gets ready to
// add to the newest file. It makes nothing: a directory without letters stays as it is. Errors:
// ErrNewerFormat, those of the disk. Damage is no error but part of the report.
func Open(o Options) (*Store, Report, error) {
	s := &Store{disk: o.FS, maxBytes: o.MaxBytes}
	if s.maxBytes == 0 {
		s.maxBytes = DefaultMaxBytes
	}
	s.maxBytes = min(max(s.maxBytes, minMaxBytes), 1<<30)
	s.fileBytes = s.maxBytes / 8
	s.forget()
	var report Report
	err := s.open(&report)
	if err != nil {
		return nil, report, errors.Join(fmt.Errorf("open the dead letters: %w", err), s.Close())
	}
	report.Counts = s.counts
	return s, report, nil
}

func (s *Store) open(report *Report) error {
	firsts, err := files(s.disk)
	if err != nil {
		return err
	}
	for i, first := range firsts {
		newest := i == len(firsts)-1
		c, err := read(s.disk, first, !newest)
		if err != nil {
			return err
		}
		if i == 0 {
			s.counts.Dropped = uint64(first - 1)
		}
		s.counts.Kept += uint64(len(c.letters))
		s.counts.Total = uint64(c.last)
		s.counts.Damages = append(s.counts.Damages, c.damages...)
		if c.torn > 0 {
			report.CutFile, report.CutOffset, report.CutBytes = fileName(first), c.end, c.torn
		}
		if c.end == 0 { // not even its head was written
			if err := s.remove(first); err != nil {
				return err
			}
			continue
		}
		s.files = append(s.files, stored{first, c.end})
		s.counts.Bytes += c.end
		if newest {
			if err := s.resume(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume gets ready to add to a file that was written before: its torn end is cut, and what
// stays is made durable, for the last mark may not have been.
func (s *Store) resume(c *contents) (err error) {
	if s.file, err = s.disk.Edit(fileName(c.first)); err != nil {
		return err
	}
	if c.torn > 0 {
		if err := s.file.Truncate(c.end); err != nil {
			return err
		}
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if len(c.damages) > 0 { // nothing is added to a damaged file
		return s.Close()
	}
	s.head, s.synced = c.head, c.end
	return nil
}

// Close releases the file. What Append kept is on disk already.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// Counts are those of the moment.
func (s *Store) Counts() Counts { return s.counts }

// Append keeps letters and returns when they are durable: kept is how many were new, known how
// many were here already or stand twice in the batch. It sets each letter's ID. After an error
// it is not known which are kept, and every later call fails with ErrFailed; open the Store
// again and append the same letters.
func (s *Store) Append(letters []Letter) (kept, known int, err error) {
	if s.err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrFailed, s.err)
	}
	if err := s.look(letters); err != nil {
		return 0, 0, err
	}
	var fresh []*Letter
	next := ID(s.counts.Total) + 1
	for i := range letters {
		l := &letters[i]
		if id, ok := s.known[l.place()]; ok {
			l.ID = id
			known++
			continue
		}
		l.ID = next
		s.known[l.place()] = next
		fresh = append(fresh, l)
		next++
	}
	if err := s.write(fresh); err != nil {
		s.err = err
		return 0, 0, fmt.Errorf("keep %d dead letters: %w", len(fresh), err)
	}
	return len(fresh), known, nil
}

// look remembers the letters kept of every source in the batch that was not looked for before.
func (s *Store) look(letters []Letter) error {
	missing := map[string]bool{}
	for i := range letters {
		if source := letters[i].Source; !s.looked[source] {
			missing[source] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err := each(s.disk, 0, func(c *contents) (bool, error) {
		for i := range c.letters {
			l, err := c.letters[i].letter()
			if err != nil {
				return false, fmt.Errorf("%s: %w", c.letters[i].id, err)
			}
			if missing[l.Source] {
				s.known[l.place()] = l.ID
			}
		}
		return true, nil
	})
	if err != nil {
		s.forget()
		return fmt.Errorf("look for dead letters: %w", err)
	}
	for source := range missing {
		s.looked[source] = true
	}
	return nil
}

// forget drops what look remembers.
func (s *Store) forget() { s.known, s.looked = map[place]ID{}, map[string]bool{} }

// write adds letters that are new, file by file.
func (s *Store) write(letters []*Letter) error {
	for len(letters) > 0 {
		if s.file == nil || s.size() >= s.fileBytes {
			if err := s.roll(letters[0].ID); err != nil {
				return err
			}
		}
		n, err := s.fill(letters)
		if err != nil {
			return err
		}
		letters = letters[n:]
	}
	return nil
}

func (s *Store) size() int64 { return s.files[len(s.files)-1].bytes }

// fill adds as many letters to the open file as there is room for, at least one, and syncs it.
func (s *Store) fill(letters []*Letter) (n int, err error) {
	began := s.size()
	var out []byte
	for n < len(letters) && (n == 0 || began+int64(len(out)) < s.fileBytes) {
		var body pack.Writer
		if err := letters[n].pack(&body); err != nil {
			return 0, err
		}
		r := record{id: letters[n].ID, proof: uint32(s.synced), body: body.Bytes}
		out = r.append(out, s.head.seed())
		n++
	}
	if err := s.room(int64(len(out) + recordBytes)); err != nil {
		return 0, err
	}
	if _, err := s.file.Write(out); err != nil {
		return 0, err
	}
	if err := s.file.Sync(); err != nil {
		return 0, err
	}
	s.grew(len(out))
	s.synced = s.size()
	s.counts.Total += uint64(n)
	s.counts.Kept += uint64(n)
	// The mark proves that the letters were on disk. It need not be there itself.
	mark := record{id: letters[n-1].ID, proof: uint32(s.synced)}
	text := mark.append(nil, s.head.seed())
	if _, err := s.file.Write(text); err != nil {
		return 0, err
	}
	s.grew(len(text))
	return n, nil
}

func (s *Store) grew(n int) {
	s.files[len(s.files)-1].bytes += int64(n)
	s.counts.Bytes += int64(n)
}

// roll begins a file, after everything in those before it is durable.
func (s *Store) roll(first ID) error {
	if s.file != nil {
		if err := errors.Join(s.file.Sync(), s.Close()); err != nil {
			return err
		}
	}
	if err := s.room(headBytes); err != nil {
		return err
	}
	if err := s.disk.MkdirAll(dir); err != nil {
		return err
	}
	s.head = head{first: first}
	_, _ = rand.Read(s.head.key[:]) // never fails: the runtime ends the process instead
	var err error
	if s.file, err = s.disk.Create(fileName(first)); err != nil {
		return err
	}
	if _, err := s.file.Write(s.head.append(nil)); err != nil {
		return err
	}
	if err := errors.Join(s.file.Sync(), s.disk.SyncDir(dir), s.disk.SyncDir(".")); err != nil {
		return err
	}
	s.files = append(s.files, stored{first: first})
	s.grew(headBytes)
	s.synced = headBytes
	return nil
}

// room drops the oldest files until n more bytes fit under the bound. The newest file stays.
func (s *Store) room(n int64) error {
	for s.counts.Bytes+n > s.maxBytes && len(s.files) > 1 {
		oldest := s.files[0]
		gone, err := read(s.disk, oldest.first, true)
		if err != nil {
			return err
		}
		if err := s.remove(oldest.first); err != nil {
			return err
		}
		s.files = s.files[1:]
		s.counts.Bytes -= oldest.bytes
		s.counts.Kept -= uint64(len(gone.letters))
		s.counts.Dropped = uint64(s.files[0].first - 1)
		s.forget() // what is gone is no longer known
	}
	return nil
}

func (s *Store) remove(first ID) error {
	if err := s.disk.Remove(fileName(first)); err != nil {
		return err
	}
	return s.disk.SyncDir(dir)
}
