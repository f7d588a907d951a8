package intern

import (
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	table := New()
	steps := []struct {
		name string
		add  string
		want uint32
		len  int
	}{
		{"the empty string is no string", "", 0, 1},
		{"the first string is 1", "a", 1, 2},
		{"the next is 2", "b", 2, 3},
		{"one seen before keeps its number", "a", 1, 3},
		{"strings are compared as bytes", "A", 3, 4},
		{"so are two normal forms of one word", "é", 4, 5},
		{"and these are two", "e\u0301", 5, 6},
		{"bytes that are no text are a string too", "\xff\x00", 6, 7},
		{"empty again", "", 0, 7},
	}
	for _, s := range steps {
		if got := table.Add(s.add); got != s.want {
			t.Errorf("%s: Add(%q) = %d, want %d", s.name, s.add, got, s.want)
		}
		if got := table.Find(s.add); got != s.want {
			t.Errorf("%s: Find(%q) = %d, want %d", s.name, s.add, got, s.want)
		}
		if got := table.Name(s.want); got != s.add {
			t.Errorf("%s: Name(%d) = %q, want %q", s.name, s.want, got, s.add)
		}
		if got := table.Len(); got != s.len {
			t.Errorf("%s: Len = %d, want %d", s.name, got, s.len)
		}
	}
	if got := table.Find("c"); got != 0 {
		t.Errorf("Find of a string never added = %d, want 0", got)
	}
	if got := table.Len(); got != 7 {
		t.Errorf("Len after looking for strings = %d, want 7", got)
	}
}

func TestEqualSequencesGiveEqualNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringN(0, 3, -1)).Draw(t, "words")
		one, other := New(), New()
		want := map[string]uint32{"": 0}
		for _, w := range words {
			if _, ok := want[w]; !ok {
				want[w] = uint32(len(want))
			}
			if got := one.Add(w); got != want[w] {
				t.Fatalf("Add(%q) = %d, want %d", w, got, want[w])
			}
			other.Add(w)
		}
		for w, n := range want {
			if one.Find(w) != n || other.Find(w) != n || one.Name(n) != w {
				t.Fatalf("%q is %d here, %d there, and %d is %q; want %d", w, one.Find(w), other.Find(w), n, one.Name(n), n)
			}
		}
		if one.Len() != len(want) {
			t.Fatalf("Len = %d, want %d", one.Len(), len(want))
		}
	})
}

// A string is often a part of a large buffer, which it must not keep alive.
func TestTableKeepsItsOwnCopy(t *testing.T) {
	table := New()
	buffer := strings.Repeat("milk,bread;", 1000)
	word := buffer[5:10]
	name := table.Name(table.Add(word))
	if name != word {
		t.Fatalf("Name = %q, want %q", name, word)
	}
	if unsafe.StringData(name) == unsafe.StringData(word) {
		t.Error("the name shares the buffer's memory")
	}
}
