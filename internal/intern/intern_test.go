package intern

import (
	"fmt"
	"math/rand/v2"
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

// TestManyAtOnce: AddAll is Add of each, whatever is new, known, empty or named twice among them.
func TestManyAtOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	one, many := New(), New()
	for range 300 {
		ids := make([]string, rng.IntN(100))
		for i := range ids {
			if ids[i] = fmt.Sprint("u", rng.IntN(1+rng.IntN(20_000))); rng.IntN(20) == 0 {
				ids[i] = ""
			}
		}
		numbers := make([]uint32, len(ids))
		many.AddAll(ids, numbers)
		for i, id := range ids {
			if want := one.Add(id); numbers[i] != want || many.Name(want) != id {
				t.Fatalf("%q is %d, want %d", id, numbers[i], want)
			}
		}
	}
	if one.Len() != many.Len() || one.Len() < 5000 {
		t.Errorf("%d and %d strings", one.Len(), many.Len())
	}
}

// TestLongStrings: one that is larger than a block has a block of its own.
func TestLongStrings(t *testing.T) {
	table := New()
	for n := range 30 {
		long := strings.Repeat(string(rune('a'+n)), 1<<(n/2+5))
		if got := table.Add(long); got != uint32(n+1) || table.Name(got) != long {
			t.Fatalf("a string of %d bytes is %d", len(long), got)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	const n = 1_000_000
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint("user-", i)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	table := New()
	numbers := make([]uint32, 64)
	for b.Loop() {
		for at := 0; at+64 <= n; at += 64 {
			table.AddAll(ids[at:at+64], numbers)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/n, "ns/id")
}
