package intern

import "github.com/freshet-rec/freshet/internal/pack"

// Pack writes the table's strings in the order of their numbers.
func (t *Table) Pack(w *pack.Writer) {
	w.Len(t.len - 1)
	for n := 1; n < t.len; n++ {
		w.Text(t.Name(uint32(n)))
	}
}

// Unpack fills an empty table with what Pack wrote.
func (t *Table) Unpack(r *pack.Reader) {
	for range r.Len(2) {
		name := r.Text()
		if r.Err() != nil {
			return
		}
		if name == "" || t.Find(name) != 0 {
			r.Fail("the name %q is empty or comes twice", name)
			return
		}
		t.Add(name)
	}
}
