package fold

import (
	"slices"
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

// TestFormKnowsEverySection: a section without a version would be read whatever it holds.
func TestFormKnowsEverySection(t *testing.T) {
	for kind := range sectionVersions {
		o := Options{Kinds: freshet.BuiltinEvents(), Watch: 1, Routes: []Route{{Name: "r", Kind: kind, Where: "true", Order: "newest", Dim: 1, Window: 1, Against: 2}}}
		s, err := New(o)
		if err != nil {
			continue // no route
		}
		p, err := ReadPacked(packOf(s))
		if err != nil || p.Form() != s.form {
			t.Errorf("with a route %s the form is %q, packed %q: %v", kind, s.form, p.Form(), err)
		}
		for _, one := range s.sections() {
			if sectionVersions[one.name] == 0 {
				t.Errorf("section %q has no version", one.name)
			}
		}
	}
}

func packOf(s *State) []byte {
	var w pack.Writer
	s.Pack(&w)
	return w.Bytes
}
