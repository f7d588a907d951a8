package stream

import (
	"cmp"
	"slices"
	"strings"
)

// SourceHTTP is the source of everything that came by the HTTP API.
const SourceHTTP = "http"

// SourceServer is the source of what the server itself wrote: definitions, served slates.
const SourceServer = "server"

// importPrefix begins the source name of an import; the hash of what it reads follows.
const importPrefix = "import:"

// Imported reports whether a source, by its name, is an import.
func Imported(name string) bool { return strings.HasPrefix(name, importPrefix) }

// source is what is remembered of one way in.
type source struct {
	imported  bool
	watermark int64 // max over its events of min(event time, receive time), Unix ms
	begun     bool
	lines     map[uint64]*bits // Seq ranges that are in, by their high bits
}

func newSource(name string) *source {
	return &source{imported: Imported(name)}
}

// late gives the verdict on an event at time t before it moves the watermark. Imports are
// never late: each is its own source, sorted by time.
func (s *source) late(t, lateness int64) bool {
	return !s.imported && s.begun && t < s.watermark-lateness
}

// advance moves the watermark past an event.
func (s *source) advance(t, received int64) {
	if t = min(t, received); !s.begun || t > s.watermark {
		s.watermark, s.begun = t, true
	}
}

// setBack brings a source's watermark back to the time. What was forgotten of event ids by the one
// that was ahead stays forgotten.
func (s *Stream) setBack(c *Clock) {
	s.source(c.Of).watermark = c.Watermark
	s.ids.Rewind(c.Watermark)
}

// bits is a set of small integers.
type bits []uint64

func (b *bits) has(n uint64) bool {
	return n/64 < uint64(len(*b)) && (*b)[n/64]&(1<<(n%64)) != 0
}

func (b *bits) add(n uint64) {
	for n/64 >= uint64(len(*b)) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

// seqBits is how many low bits of a Seq number a line within one file of an import.
const seqBits = 32

// Seq makes the place of a line within an import of several files: file and line count from
// 0 and 1.
func Seq(file, line int) uint64 { return uint64(file)<<seqBits | uint64(line) }

// usersFile is the number of the file whose lines users are like: no import has so many files, and a
// place in it is below 2⁵³, so that whoever reads JSON numbers as floats reads it right.
const usersFile = 1 << 20

// UserSeq makes the place of the nth user that an import brings, from 1.
func UserSeq(n int) uint64 { return Seq(usersFile, n) }

// taken reports whether the source already brought seq; 0 never is.
func (s *source) taken(seq uint64) bool {
	b := s.lines[seq>>seqBits]
	return seq != 0 && b != nil && b.has(seq&(1<<seqBits-1))
}

func (s *source) take(seq uint64) {
	if seq == 0 {
		return
	}
	if s.lines == nil {
		s.lines = map[uint64]*bits{}
	}
	b := s.lines[seq>>seqBits]
	if b == nil {
		b = &bits{}
		s.lines[seq>>seqBits] = b
	}
	b.add(seq & (1<<seqBits - 1))
}

// maxWatermarks bounds how many imports Watermarks lists.
const maxWatermarks = 100

// Watermarks returns the watermark of each source that brought events, Unix ms; of imports,
// the 100 with the newest.
func (s *Stream) Watermarks() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	marks := map[string]int64{}
	var imports []string
	for name, src := range s.sources {
		switch {
		case !src.begun:
		case src.imported:
			imports = append(imports, name)
		default:
			marks[name] = src.watermark
		}
	}
	slices.SortFunc(imports, func(a, b string) int {
		if d := cmp.Compare(s.sources[b].watermark, s.sources[a].watermark); d != 0 {
			return d
		}
		return cmp.Compare(a, b)
	})
	for _, name := range imports[:min(len(imports), maxWatermarks)] {
		marks[name] = s.sources[name].watermark
	}
	return marks
}
