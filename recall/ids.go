package recall

import (
	"math"
	"sort"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// IDs names the rows of a trained model: ids in ascending order of their bytes, none twice, row 0
// first. It is not changed once made, and safe for concurrent use. The zero IDs has no row.
type IDs struct {
	text string   // one behind the other
	ends []uint32 // of each in text
}

// NewIDs returns the ids, which must ascend. It reports false when they do not, when one is no id,
// or when they are 4 GiB or more.
func NewIDs(ids []freshet.ItemID) (*IDs, bool) {
	n := &IDs{ends: make([]uint32, 0, len(ids))}
	total := 0
	for _, id := range ids {
		total += len(id)
	}
	if total > math.MaxUint32 {
		return nil, false
	}
	text := make([]byte, 0, total)
	for i, id := range ids {
		if i > 0 && ids[i-1] >= id || freshet.CheckID(string(id)) != nil {
			return nil, false
		}
		text = append(text, id...)
		n.ends = append(n.ends, uint32(len(text)))
	}
	n.text = string(text)
	return n, true
}

// Len is the number of rows.
func (n *IDs) Len() int { return len(n.ends) }

// ID is the id of a row.
func (n *IDs) ID(row uint32) freshet.ItemID {
	begin := uint32(0)
	if row > 0 {
		begin = n.ends[row-1]
	}
	return freshet.ItemID(n.text[begin:n.ends[row]])
}

// Find returns the row of an id, and whether it has one. It takes as many comparisons as the number
// of rows has bits.
func (n *IDs) Find(id freshet.ItemID) (row uint32, ok bool) {
	at := sort.Search(len(n.ends), func(i int) bool { return n.ID(uint32(i)) >= id })
	return uint32(at), at < len(n.ends) && n.ID(uint32(at)) == id
}

// Pack writes the ids.
func (n *IDs) Pack(w *pack.Writer) {
	w.Len(len(n.ends))
	for row := range n.ends {
		w.Text(string(n.ID(uint32(row))))
	}
}

// UnpackIDs reads what Pack wrote. Its errors are the Reader's.
func UnpackIDs(r *pack.Reader) *IDs {
	ids := make([]freshet.ItemID, r.Len(2))
	for i := range ids {
		ids[i] = freshet.ItemID(r.Blob()) // copied; the last copy is that of NewIDs
	}
	if r.Err() != nil {
		return nil
	}
	n, ok := NewIDs(ids)
	if !ok {
		r.Fail("the ids of rows do not ascend, or are none")
		return nil
	}
	return n
}
