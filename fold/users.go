package fold

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/pack"
)

// Users are the users as they stand, by visitor number. The zero Users is empty and ready to use.
type Users struct{ docs map[uint32]*freshet.User }

// Entry returns what is known of a visitor beside events, nil for nothing; it must not be changed.
func (u *Users) Entry(visitor uint32) *freshet.User { return u.docs[visitor] }

// Len is the number of users of whom an entry came.
func (u *Users) Len() int { return len(u.docs) }

func (u *Users) put(visitor uint32, doc *freshet.User) {
	if u.docs == nil {
		u.docs = map[uint32]*freshet.User{}
	}
	u.docs[visitor] = doc
}

func (u *Users) pack(w *pack.Writer) {
	w.Len(len(u.docs))
	for _, visitor := range slices.Sorted(maps.Keys(u.docs)) {
		w.Uint(uint64(visitor))
		w.Blob(codec.AppendUser(nil, u.docs[visitor]))
	}
}

// unpack reads what pack wrote. name gives the text of a visitor of which there are so many, the
// number 0 included.
func (u *Users) unpack(r *pack.Reader, visitors int, name func(uint32) string) {
	for range r.Len(2) {
		visitor, text := r.Number(visitors), r.Blob()
		if r.Err() != nil {
			return
		}
		doc, problems := codec.DecodeUser(text)
		switch {
		case len(problems) > 0:
			r.Fail("user of number %d: %s at %s", visitor, problems[0].Code, problems[0].Pointer)
		case visitor == 0 || name(visitor) != string(freshet.VisitorOf(doc.ID, "", "")):
			r.Fail("user %q has the number %d, which is another's", doc.ID, visitor)
		case u.docs[visitor] != nil:
			r.Fail("user %q twice", doc.ID)
		default:
			u.put(visitor, &doc)
			continue
		}
		return
	}
}
