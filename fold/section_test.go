package fold

import (
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// Age gives the sections named of a packed state the version before, and other bytes.
func (p *Packed) Age(names ...string) {
	for i := range p.sections {
		if one := &p.sections[i]; slices.Contains(names, one.name) {
			one.version, one.data = one.version-1, []byte("as it was")
		}
	}
}

// Whole is a packed state as state version 5 had it.
func (p *Packed) Whole() (data []byte) {
	for _, one := range p.sections {
		data = append(data, one.data...)
	}
	return data
}

// Datas are those of the sections, in order.
func (p *Packed) Datas() (list [][]byte) {
	for _, one := range p.sections {
		list = append(list, one.data)
	}
	return list
}

// Replace gives the i-th section of a packed state, modulo their number, other bytes.
func (p *Packed) Replace(i uint, data []byte) {
	p.sections[i%uint(len(p.sections))].data = data
}

// Bytes are those that ReadPacked reads.
func (p *Packed) Bytes() []byte {
	var w pack.Writer
	w.Len(len(p.sections))
	for _, one := range p.sections {
		w.Text(one.name)
		w.Uint(uint64(one.version))
		w.Uint(uint64(one.begun))
		w.Word(uint64(len(one.data)))
		w.Bytes = append(w.Bytes, one.data...)
	}
	return w.Bytes
}

// Data is a section's, by name.
func (p *Packed) Data(name string) []byte {
	for _, one := range p.sections {
		if one.name == name {
			return one.data
		}
	}
	return nil
}

// TestFormIsWhatIsPacked: the form that names a snapshot is that of the heads in it.
func TestFormIsWhatIsPacked(t *testing.T) {
	for _, kinds := range [][]string{nil, {"new"}, {"popular", "itemcf", "popular"}, {"session", "similar", "search", "trending", "geo", "embedding", "linear", "explore", "external"}} {
		for _, watch := range []uint64{0, 4} {
			o := Options{Kinds: freshet.BuiltinEvents(), Watch: watch}
			for _, kind := range kinds {
				o.Routes = append(o.Routes, Route{Name: kind, Kind: kind, Window: freshet.Hour, Against: freshet.Day, Source: Given, Dim: 2})
			}
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ReadPacked(packOf(s))
			if err != nil || p.Form() != Form(&o) {
				t.Errorf("with the routes %q the form is %q, packed %q: %v", kinds, Form(&o), p.Form(), err)
			}
		}
	}
}

// TestLacksInOrder: what is lacking is named in the order it is packed, features and what watches them
// together.
func TestLacksInOrder(t *testing.T) {
	s, err := New(Options{Kinds: freshet.BuiltinEvents(), Watch: 2})
	if err != nil {
		t.Fatal(err)
	}
	for lost, want := range map[string]string{
		"":                             "",
		"learned":                      "",
		"shown new histories":          "histories new shown",
		"features shown":               "features shown watched",
		"watched popular":              "features popular watched",
		"watched acts features slates": "features acts slates watched",
	} {
		p, err := ReadPacked(packOf(s))
		if err != nil {
			t.Fatal(err)
		}
		p.Age(strings.Fields(lost)...)
		if lacks, err := s.Lacks(p); err != nil || strings.Join(lacks, " ") != want {
			t.Errorf("without %s it lacks %q, want %q: %v", lost, lacks, want, err)
		}
	}
}

// TestForm5NeedsFirstVersions: without heads nobody can tell where a section ends that has another form.
func TestForm5NeedsFirstVersions(t *testing.T) {
	s, err := New(Options{Kinds: freshet.BuiltinEvents()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := ReadPacked(packOf(s))
	if err != nil {
		t.Fatal(err)
	}
	whole := Packed5(p.Whole())
	if lacks, err := s.Lacks(whole); len(lacks) > 0 || err != nil {
		t.Errorf("it lacks %q: %v", lacks, err)
	}
	sectionVersions["popular"] = 2
	defer delete(sectionVersions, "popular")
	if _, err := s.Lacks(whole); err == nil || !strings.Contains(err.Error(), `"popular"`) {
		t.Errorf("with another version of a section: %v", err)
	}
}

func packOf(s *State) []byte {
	var w pack.Writer
	s.Pack(&w)
	return w.Bytes
}
