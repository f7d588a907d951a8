package registry

import (
	"slices"
	"sync"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// shelved is how many bundles a Shelf keeps: the live one and the one before it, of each kind.
const shelved = 6

// Shelf keeps bundles at hand, by checksum. It is what a fold looks into when a route
// asks for the model that is live. Use NewShelf. It is safe for concurrent use.
type Shelf struct {
	disk fsys.FS
	lazy bool

	mu   sync.Mutex // guards what follows
	kept []kept     // the one asked for last at the end
}

// kept is one bundle, nil when it cannot be read.
type kept struct {
	sha256 string
	bundle *Bundle
}

// NewShelf returns an empty shelf over a data directory. A lazy one reads a bundle when it is first
// asked for it, which takes as long as it takes: it is for folds that nobody waits for. Another one
// has only what Load brought.
func NewShelf(disk fsys.FS, lazy bool) *Shelf { return &Shelf{disk: disk, lazy: lazy} }

// Load reads a version, and keeps it if it has the checksum, unless that is empty.
func (s *Shelf) Load(model string, version int, sha256 string) (*Bundle, error) {
	if b := s.find(sha256); b != nil {
		return b, nil
	}
	b, err := Load(s.disk, model, version)
	if err != nil {
		return nil, err
	}
	if sha256 != "" && sha256 != b.SHA256 {
		return nil, &OtherError{Has: b.SHA256, Want: sha256}
	}
	s.keep(kept{b.SHA256, b})
	return b, nil
}

// find returns what is kept under a checksum, nil for nothing.
func (s *Shelf) find(sha256 string) *Bundle {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.kept {
		if s.kept[i].sha256 == sha256 {
			k := s.kept[i]
			s.kept = append(slices.Delete(s.kept, i, i+1), k)
			return k.bundle
		}
	}
	return nil
}

// missed reports that a bundle was looked for before and could not be read.
func (s *Shelf) missed(sha256 string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.kept, func(k kept) bool { return k.sha256 == sha256 && k.bundle == nil })
}

func (s *Shelf) keep(k kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(slices.DeleteFunc(s.kept, func(old kept) bool { return old.sha256 == k.sha256 }), k)
	if len(s.kept) > shelved {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
}

// bundle is that of a switch, nil when it is not at hand.
func (s *Shelf) bundle(model string, version int, sha256 string) *Bundle {
	b := s.find(sha256)
	if b != nil || !s.lazy || s.missed(sha256) {
		return b
	}
	b, err := s.Load(model, version, sha256)
	if err != nil {
		s.keep(kept{sha256: sha256})
		return nil
	}
	return b
}

// Put keeps a bundle that was read elsewhere.
func (s *Shelf) Put(b *Bundle) { s.keep(kept{b.SHA256, b}) }

// Ranker implements fold.Rankers. One that is not at hand is read, also where routes' models are not: a
// fold asks at a switch, and a server has read the bundle before it writes one.
func (s *Shelf) Ranker(model string, version int, sha256, definitions string) *rank.Ranker {
	b := s.find(sha256)
	if b == nil && !s.missed(sha256) {
		var err error
		if b, err = s.Load(model, version, sha256); err != nil {
			s.keep(kept{sha256: sha256})
		}
	}
	if b == nil || b.Definitions != definitions {
		return nil
	}
	return b.Ranker
}

// Vectors implements fold.Bundles.
func (s *Shelf) Vectors(model string, version int, sha256 string) *recall.Vectors {
	if b := s.bundle(model, version, sha256); b != nil {
		return b.Vectors
	}
	return nil
}

// Linear implements fold.Bundles.
func (s *Shelf) Linear(model string, version int, sha256 string) *recall.Linear {
	if b := s.bundle(model, version, sha256); b != nil {
		return b.Linear
	}
	return nil
}
