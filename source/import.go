package source

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// Bounds on what one import reads and keeps.
const (
	MaxLines         = 50_000_000 // of one file
	MaxLineBytes     = 1 << 20    // a longer line is refused as too_long
	KeptBytes        = 1 << 10    // what is kept of a line that is too long
	MaxUnpackedBytes = 8 << 30    // of one compressed file
	MaxRatio         = 1000       // unpacked to packed; a larger one is taken for an attack
	MaxRefused       = 1_000_000  // refused lines; beyond it the file is taken for something else
	MaxRefusedBytes  = 256 << 20  // raw text kept of all refused lines
)

// Errors that a reader of files may return, wrapped with the file's name.
var (
	ErrChanged    = errors.New("the file changed while it was read; import it again when nothing writes to it")
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("larger than an import may be")
	ErrArchive    = errors.New("unsafe_archive: it holds other things than lines of text; unpack it, and import what is in it")
)

// Import is a finite batch from files: what one import command brings. It is not safe for
// use by several goroutines while one of them changes it.
type Import struct {
	// ID is "import:" and the first 32 hex digits of the SHA-256 over the unpacked contents,
	// one file after the other in the order that the reader fixes.
	ID string

	Items   []freshet.Item // in file order; to be stored before the users
	Users   []freshet.User // in file order; to be stored before the events
	Events  []Event        // sorted by (time, visitor, item, line); see Seal
	Refused []Refused      // in the order they were met
	Lines   int            // lines read, blank ones and headers included

	// Config is a configuration file for what was read, nil where event names say all there is to
	// say: what a source means is known by who reads it.
	Config []byte

	refusedBytes int
}

// Event is an event and the place it was read from.
type Event struct {
	freshet.Event
	File string
	Line int // 1-based
}

// Refused is a line that could not be used, kept so that it can be corrected and imported
// again.
type Refused struct {
	Problem codec.Problem   // the first thing wrong; Line is the 1-based line in File
	More    []codec.Problem // what else is wrong with the line
	File    string
	Raw     []byte // the line without its line end
	Cut     bool   // the line was longer than MaxLineBytes and Raw is only its first KeptBytes
}

// Refuse keeps a line as refused. It copies r.Raw. It returns an error, wrapping ErrTooLarge,
// when [MaxRefused] or [MaxRefusedBytes] is passed.
func (im *Import) Refuse(r Refused) error {
	if len(im.Refused) >= MaxRefused || im.refusedBytes+len(r.Raw) > MaxRefusedBytes {
		return fmt.Errorf("%s: line %d is one refused line too many (%d so far, at most %d lines and %d MiB are kept); the last reason was %q: %w",
			r.File, r.Problem.Line, len(im.Refused), MaxRefused, MaxRefusedBytes>>20, r.Problem.Message, ErrTooLarge)
	}
	r.Raw = slices.Clone(r.Raw)
	im.refusedBytes += len(r.Raw)
	im.Refused = append(im.Refused, r)
	return nil
}

// Seal finishes an import whose lines have all been added. sum is the SHA-256 over the
// unpacked contents. It sets the ID and sorts the events by time, then visitor, item and
// line; visitors and items compare as bytes. An event is known again by the ID and its place
// in the files, so it needs no id of its own.
func (im *Import) Seal(sum [32]byte) {
	im.ID = "import:" + hex.EncodeToString(sum[:16])
	slices.SortFunc(im.Events, func(a, b Event) int { return before(&a, &b) })
}

// before is negative, zero or positive as a stands before, with or after b.
func before(a, b *Event) int {
	if c := cmp.Compare(a.Time, b.Time); c != 0 {
		return c
	}
	// The order of freshet.Visitor, without building the strings.
	aKind, aID := identity(&a.Event)
	bKind, bID := identity(&b.Event)
	return cmp.Or(
		cmp.Compare(aKind, bKind),
		cmp.Compare(aID, bID),
		cmp.Compare(a.Item, b.Item),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.File, b.File),
	)
}

// identity returns the kind and the id that freshet.Event.Visitor joins with a colon.
func identity(e *freshet.Event) (kind byte, id string) {
	switch {
	case e.User != "":
		return 'u', string(e.User)
	case e.Anonymous != "":
		return 'a', e.Anonymous
	case e.Session != "":
		return 's', e.Session
	}
	return 0, ""
}
