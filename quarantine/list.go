package quarantine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// FileName is where the list is, below the root of the data directory.
const FileName = "quarantine"

// Bounds of a list. So many records do not go wrong by themselves: then the program is at fault, or
// what it was told of events.
const (
	MaxRecords = 1000
	maxReason  = 1 << 10 // bytes; longer ones are cut
	maxBytes   = 4 << 20
)

// formatVersion is that of the file.
const formatVersion = 1

// Stage is how far a record came.
type Stage string

// The stages.
const (
	Decode Stage = "decode" // it is not even decoded: nothing of it counts but its place in its source
	Apply  Stage = "apply"  // it is admitted, with its id and its time, and not folded into the state
)

// Record is one that is passed over.
type Record struct {
	Position freshet.Position `json:"position"`
	Stage    Stage            `json:"stage"`
	Reason   string           `json:"reason"`  // one line
	Crashes  int              `json:"crashes"` // ends of a process that it cost
	Since    int64            `json:"since"`   // when it was put on the list, Unix ms
	Letter   string           `json:"letter"`  // the dead letter that shows it
}

// contents is the first line of the file; the second one is its SHA-256, in hex.
type contents struct {
	Version int      `json:"version"`
	Journal string   `json:"journal"`
	Records []Record `json:"records"`
}

// List is what is passed over of one journal. Use Read; to find something in a nil List finds nothing.
type List struct {
	journal string
	records []Record // by position, ascending
}

// DamagedError says that the list is not what was written, or is that of another journal.
type DamagedError struct{ Reason string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s, the list of records that are passed over, %s", FileName, e.Reason)
}

// ErrNewerFormat says that a newer release wrote the list.
var ErrNewerFormat = errors.New(FileName + " has a newer format than this release knows")

// ErrTooMany says that no more records are passed over.
var ErrTooMany = fmt.Errorf("%d records of the journal are passed over already, and no more will be: this is not the fault of single records", MaxRecords)

// Read returns the list of the journal with an id, an empty one when there is no file. The error is
// a [*DamagedError], ErrNewerFormat, or one of the disk.
func Read(disk fsys.FS, journal [16]byte) (*List, error) {
	l := &List{journal: hex.EncodeToString(journal[:])}
	text, err := fsys.ReadFile(disk, FileName, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	if err := l.decode(text); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *List) decode(text []byte) error {
	line, sum, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != sumOf(line)+"\n" {
		return &DamagedError{"is damaged: its checksum does not fit"}
	}
	var version struct{ Version int }
	if err := json.Unmarshal(line, &version); err != nil {
		return &DamagedError{"does not read: " + err.Error()}
	}
	if version.Version > formatVersion {
		return ErrNewerFormat
	}
	var c contents
	if err := json.Unmarshal(line, &c); err != nil {
		return &DamagedError{"does not read: " + err.Error()}
	}
	if c.Journal != l.journal {
		return &DamagedError{"belongs to another journal"}
	}
	for i, r := range c.Records {
		if i > 0 && r.Position <= c.Records[i-1].Position || r.Stage != Decode && r.Stage != Apply {
			return &DamagedError{fmt.Sprintf("does not read: record %d of it", i+1)}
		}
	}
	l.records = c.Records
	return nil
}

func sumOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// Records are those on the list, by position, ascending. The slice must not be changed.
func (l *List) Records() []Record { return l.records }

// Find returns the record at a position, and whether it is passed over.
func (l *List) Find(p freshet.Position) (Record, bool) {
	i, ok := l.search(p)
	if !ok {
		return Record{}, false
	}
	return l.records[i], true
}

func (l *List) search(p freshet.Position) (int, bool) {
	if l == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(l.records, p, func(r Record, p freshet.Position) int {
		switch {
		case r.Position < p:
			return -1
		case r.Position > p:
			return 1
		}
		return 0
	})
}

// Add puts a record on the list, in the place of one of the same position, and returns when the list
// is durable. After an error the list is as it was. The error is ErrTooMany or one of the disk.
func (l *List) Add(disk fsys.FS, r Record) error {
	if len(r.Reason) > maxReason {
		r.Reason = strings.ToValidUTF8(r.Reason[:maxReason], "")
	}
	records := slices.Clone(l.records)
	switch i, ok := l.search(r.Position); {
	case ok:
		records[i] = r
	case len(records) >= MaxRecords:
		return ErrTooMany
	default:
		records = slices.Insert(records, i, r)
	}
	text, err := json.Marshal(&contents{Version: formatVersion, Journal: l.journal, Records: records})
	if err != nil {
		return err
	}
	text = append(text, "\n"+sumOf(text)+"\n"...)
	if len(text) > maxBytes { // it would not be read again
		return ErrTooMany
	}
	if err := fsys.Replace(disk, FileName, text); err != nil {
		return fmt.Errorf("write the list of records that are passed over: %w", err)
	}
	l.records = records
	return nil
}

// Until names what is passed over up to a position: a state made of the journal up to there is that
// of every other program whose list has the same name. "" is nothing.
func (l *List) Until(p freshet.Position) string {
	var b []byte
	for _, r := range l.records {
		if r.Position <= p {
			b = fmt.Appendf(b, "%d %s\n", r.Position, r.Stage)
		}
	}
	return string(b)
}
