package deadletter

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// maxPageBytes bounds the payloads of one page; a page has at least one letter.
const maxPageBytes = 4 << 20

// Page is a run of letters.
type Page struct {
	Letters []Letter // by ID, ascending
	More    bool     // there are later ones
	Damages []Damage // what could not be read on the way
}

// List returns the first letters whose ID is greater than after: at most limit (limit ≥ 1) and
// at most 4 MiB of payloads. It reads the files from the one that may hold the first on, 8 MiB
// at a time.
func List(disk fsys.FS, after ID, limit int) (Page, error) {
	page, bytes := Page{Letters: []Letter{}}, 0
	err := each(disk, after+1, func(c *contents) (bool, error) {
		page.Damages = append(page.Damages, c.damages...)
		for i := range c.letters {
			r := &c.letters[i]
			if r.id <= after {
				continue
			}
			if len(page.Letters) == limit || len(page.Letters) > 0 && bytes+len(r.body) > maxPageBytes {
				page.More = true
				return false, nil
			}
			l, err := r.letter()
			if err != nil {
				return false, fmt.Errorf("%s: %w", r.id, err)
			}
			page.Letters = append(page.Letters, l)
			bytes += len(r.body)
		}
		return true, nil
	})
	return page, err
}

// Get returns the letter with an ID. When there is none, or no more, the error is
// fs.ErrNotExist.
func Get(disk fsys.FS, id ID) (*Letter, error) {
	if id == 0 {
		return nil, fs.ErrNotExist
	}
	page, err := List(disk, id-1, 1)
	if err != nil {
		return nil, err
	}
	if len(page.Letters) == 0 || page.Letters[0].ID != id {
		return nil, fmt.Errorf("%s: %w", id, fs.ErrNotExist)
	}
	return &page.Letters[0], nil
}

// Counts say how many letters there are.
type Counts struct {
	Total   uint64 // ever kept: the newest ID
	Kept    uint64 // that can be read
	Dropped uint64 // Total less those still in files, gone to keep the bound
	Bytes   int64  // of all files
	Damages []Damage
}

// Count reads every file. What a crash tore off, or a writer has not finished, counts for
// nothing. Total − Kept − Dropped letters are lost to damage.
func Count(disk fsys.FS) (Counts, error) {
	var sum Counts
	first := true
	err := each(disk, 0, func(c *contents) (bool, error) {
		if first {
			sum.Dropped = uint64(c.first - 1)
		}
		first = false
		sum.Total = uint64(c.last)
		sum.Kept += uint64(len(c.letters))
		sum.Bytes += c.end
		sum.Damages = append(sum.Damages, c.damages...)
		return true, nil
	})
	return sum, err
}

// each reads the files in order, from the one that may hold the letter from, until visit says
// that it has seen enough. A file that is dropped meanwhile is passed over.
func each(disk fsys.FS, from ID, visit func(*contents) (bool, error)) error {
	firsts, err := files(disk)
	if err != nil {
		return err
	}
	begin, exact := slices.BinarySearch(firsts, from)
	if !exact && begin > 0 {
		begin--
	}
	for i := begin; i < len(firsts); i++ {
		c, err := read(disk, firsts[i], i < len(firsts)-1)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if more, err := visit(c); err != nil || !more {
			return err
		}
	}
	return nil
}
