package intern

import "github.com/freshet-rec/freshet/internal/pack"

// Pack writes the table's strings in the order of their numbers.
func (t *Table) Pack(w *pack.Writer) {
	w.Len(len(t.names) - 1)
	for _, name := range t.names[1:] {
		w.Text(name)
	}
}

// Unpack fills an empty table with what Pack wrote.
func (t *Table) Unpack(r *pack.Reader) {
	n := r.Len(2)
	t.numbers = make(map[string]uint32, n)
	t.names = append(make([]string, 0, n+1), "")
	for range n {
		name := r.Text()
		if r.Err() != nil {
			return
		}
		if _, twice := t.numbers[name]; twice || name == "" {
			r.Fail("the name %q is empty or comes twice", name)
			return
		}
		t.numbers[name] = uint32(len(t.names))
		t.names = append(t.names, name)
	}
}
