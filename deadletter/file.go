package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// dir is where the files are, below the root of the data directory.
const dir = "rejected"

const suffix = ".letters"

// maxFileBytes bounds what is read of one file. A Store makes none that are as large.
const maxFileBytes = 256 << 20

// Damage is a run of bytes that are not what was written, although they were on disk.
type Damage struct {
	File   string // path below the root
	Offset int64
	Bytes  int64
	Reason string
}

func (d Damage) String() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s; %d bytes are passed over", d.File, d.Offset, d.Reason, d.Bytes)
}

func fileName(first ID) string { return fmt.Sprintf("%s/%020d%s", dir, uint64(first), suffix) }

// files lists the files by the number of their first letter, ascending.
func files(disk fsys.FS) (firsts []ID, err error) {
	entries, err := disk.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name, suffix)
		n, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil && !e.Dir && len(digits) == 20 && n > 0 {
			firsts = append(firsts, ID(n))
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// contents is what a file holds.
type contents struct {
	first   ID // by its name
	head    head
	letters []record
	last    ID    // the newest letter, first-1 for none
	end     int64 // where the next record goes
	torn    int64 // bytes behind end that a crash, or a writer at work, left
	damages []Damage
}

// read reads a file. sealed says that a later file exists, so that all of this one was on disk.
func read(disk fsys.FS, first ID, sealed bool) (*contents, error) {
	name := fileName(first)
	text, err := fsys.ReadFile(disk, name, maxFileBytes)
	if err != nil {
		return nil, err
	}
	c, err := scan(text, name, first, sealed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// scan finds the records in the bytes of a file.
func scan(text []byte, name string, first ID, sealed bool) (*contents, error) {
	c := &contents{first: first, last: first - 1}
	size := int64(len(text))
	h, ok, err := decodeHead(text)
	if err != nil {
		return nil, err
	}
	if !ok || h.first != first {
		// The head was on disk before anything was written behind it.
		if !sealed && size <= headBytes {
			c.torn = size
			return c, nil
		}
		c.damages = []Damage{{name, 0, size, "it does not begin as a file of dead letters does"}}
		c.last, c.end = first+ID(size/recordBytes), size // it had fewer letters than that
		return c, nil
	}
	c.head = h
	type found struct {
		record
		at int64
	}
	var all []found
	var gaps []Damage
	proved := int64(headBytes)
	if sealed {
		proved = size
	}
	id := first
	for at := int64(headBytes); at < size; {
		r, n := decodeRecord(text[at:], h.seed())
		if n == 0 || int64(r.proof) > at || r.id < id && len(r.body) > 0 {
			next := size
			if i := bytes.Index(text[at+1:], recordMagic); i >= 0 {
				next = at + 1 + int64(i)
			}
			if n := len(gaps); n > 0 && gaps[n-1].Offset+gaps[n-1].Bytes == at {
				gaps[n-1].Bytes += next - at
			} else {
				gaps = append(gaps, Damage{name, at, next - at, "the checksum of a letter does not fit"})
			}
			at = next
			continue
		}
		proved = max(proved, int64(r.proof))
		all = append(all, found{r, at})
		if len(r.body) > 0 {
			id = r.id + 1
		}
		at += int64(n)
	}
	c.end = size
	for _, g := range gaps {
		if g.Offset >= proved {
			c.end = g.Offset
			break
		}
		c.damages = append(c.damages, g)
	}
	c.torn = size - c.end
	for _, f := range all {
		if f.at < c.end && len(f.body) > 0 {
			c.letters = append(c.letters, f.record)
			c.last = f.id
		}
	}
	return c, nil
}
