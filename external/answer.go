package external

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// readAnswer reads an answer with up to n items to its end. Errors that wrap recall.ErrGarbage come
// with the items that are sound, if the answer is one as far as it was read.
func readAnswer(r io.Reader, n int) (said []recall.External, err error) {
	d := json.NewDecoder(r)
	if err := expect(d, '{'); err != nil {
		return nil, err
	}
	var odd error // of the items
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, wrong(err)
		}
		if key == "items" && !found {
			found = true
			if said, odd = readItems(d, n); odd != nil && !errors.Is(odd, errSome) {
				return said, odd
			}
			continue
		}
		var passed json.RawMessage
		if err := d.Decode(&passed); err != nil {
			return nil, wrong(err)
		}
	}
	if _, err := d.Token(); err != nil { // its end
		return nil, wrong(err)
	}
	if !found {
		return nil, fmt.Errorf("%w: it has no items", recall.ErrGarbage)
	}
	// A connection whose answer was read to its end can be used again.
	if _, err := io.Copy(io.Discard, r); err != nil {
		return said, wrong(err)
	}
	return said, odd
}

// errSome says that some items are none, and that the answer goes on behind them.
var errSome = fmt.Errorf("%w: some items have no id and score; the others count", recall.ErrGarbage)

// readItems reads the list, or the first n of it: then nothing more is read.
func readItems(d *json.Decoder, n int) ([]recall.External, error) {
	if err := expect(d, '['); err != nil {
		return nil, err
	}
	said := make([]recall.External, 0, min(n, 1024))
	bad := 0
	for count := 0; d.More(); count++ {
		if count == n {
			return said, fmt.Errorf("%w: it has more than the %d items asked for; those count", recall.ErrGarbage, n)
		}
		var item struct {
			ID    *string  `json:"id"`
			Score *float64 `json:"score"`
		}
		err := d.Decode(&item)
		switch {
		case errors.As(err, new(*json.UnmarshalTypeError)), err == nil && (item.ID == nil || item.Score == nil || freshet.CheckID(*item.ID) != nil):
			bad++
		case err != nil:
			return nil, wrong(err)
		default:
			said = append(said, recall.External{Item: freshet.ItemID(*item.ID), Score: *item.Score})
		}
	}
	if _, err := d.Token(); err != nil { // its end
		return nil, wrong(err)
	}
	if bad > 0 {
		return said, fmt.Errorf("%w (%d of %d)", errSome, bad, len(said)+bad)
	}
	return said, nil
}

func expect(d *json.Decoder, delim json.Delim) error {
	token, err := d.Token()
	if err != nil {
		return wrong(err)
	}
	if token != delim {
		return fmt.Errorf("%w: there is %v where %v is due", recall.ErrGarbage, token, delim)
	}
	return nil
}

// wrong is an error of the decoder or of the connection beneath it. Of the first kind it is
// garbage.
func wrong(err error) error {
	switch {
	case errors.Is(err, recall.ErrGarbage):
		return err
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it is not JSON of the form agreed: %w", recall.ErrGarbage, err)
	}
	return err
}
