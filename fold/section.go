package fold

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// StateVersion is that of the heads of sections and of what snapshots have beside the state. What is
// in a section has a version of its own.
const StateVersion = 6

// sectionVersions are those of the sections of a packed state, of routes by kind, that are not 1: one more
// with every change of what a section has, or of what that means. A section of another version is made
// anew by Carry, as its loss says; that of one which must be kept needs a reader of the version before.
var sectionVersions = map[string]int{}

func versionOf(name string) int { return cmp.Or(sectionVersions[name], 1) }

// loss is what becomes of a section that cannot be read.
type loss int

const (
	refolded loss = iota // it is folded from what the journal keeps
	anew                 // it begins with nothing
	numbers              // there is no state without it: others go by its numbers
	decided              // there is no state without it: it says what ranks
)

// section is a part of the state that is packed by itself.
type section struct {
	name   string
	loss   loss
	pack   func(*pack.Writer)
	unpack func(*pack.Reader)
	told   func() // follows, unpacked or not: what others know because of sections before; nil is nothing
}

// sections are those of the state, in the order in which they can be unpacked.
func (s *State) sections() []section {
	all := []section{
		{name: "items", loss: numbers, pack: s.packItems, unpack: s.unpackItems},
		{name: "visitors", loss: numbers, pack: s.Visitors.Pack, unpack: s.Visitors.Unpack},
		{name: "users", loss: numbers, pack: s.Users.pack, unpack: func(r *pack.Reader) { s.Users.unpack(r, s.Visitors.Len(), s.Visitors.Name) }},
		{name: "time", loss: numbers, pack: func(w *pack.Writer) { w.Int(s.Newest) }, unpack: func(r *pack.Reader) { s.Newest = r.Int() }},
		{name: "features", pack: func(w *pack.Writer) { s.Features.Pack(w) }, unpack: func(r *pack.Reader) { s.Features.Unpack(r, s.Items.Len(), s.Visitors.Len()) }, told: func() {
			s.entries(s.Features.Upsert, s.Features.UpsertUser)
			s.words.items.meet(s)
		}},
		{name: "histories", pack: s.Histories.Pack, unpack: func(r *pack.Reader) { s.Histories.Unpack(r, s.Items.Len()) }, told: func() {
			for _, reader := range s.readers {
				s.itemEntries(reader.Entry)
			}
		}},
	}
	for i, route := range s.tables() {
		all = append(all, section{name: s.kindsOf[i], pack: route.Pack, unpack: func(r *pack.Reader) { route.Unpack(r, s.Items.Len()) }})
	}
	all = append(all,
		section{name: "acts", pack: s.Acts.pack, unpack: s.Acts.unpack},
		section{name: "models", loss: decided, pack: s.packModels, unpack: s.unpackModels},
		section{name: "events", pack: s.Tally.pack, unpack: s.Tally.unpack},
		section{name: "slates", pack: s.Lately.pack, unpack: s.Lately.unpack},
		section{name: "ledger", pack: s.Ledger.Pack, unpack: func(r *pack.Reader) { s.Ledger.Unpack(r, s.Items.Len(), s.Visitors.Len()) }},
		section{name: "shown", pack: s.shown.pack, unpack: func(r *pack.Reader) { s.shown.unpack(r, s.Visitors.Len()) }},
	)
	if s.Watch != nil {
		all = append(all, section{name: "watched", pack: s.Watch.Pack, unpack: s.Watch.Unpack, told: func() { s.entries(s.Watch.Upsert, s.Watch.User) }})
	}
	return append(all,
		section{name: "published", loss: decided, pack: s.packPublished, unpack: s.unpackPublished, told: s.rebase},
		section{name: "learned", loss: anew, pack: s.packLearned, unpack: s.unpackLearned})
}

// form says of what version a packed state and its sections are.
func form(names []string, versions func(i int) int) string {
	text := fmt.Appendf(nil, "%d", StateVersion)
	for i, name := range names {
		text = fmt.Appendf(text, " %s.%d", name, versions(i))
	}
	return string(text)
}

// Form is that of what a state of these options packs: two with equal definitions can read each
// other's bytes if it is the same.
func Form(o *Options) string {
	names := []string{"items", "visitors", "users", "time", "features", "histories"}
	has := map[string]bool{}
	for _, r := range o.Routes {
		names, has[r.Kind] = append(names, r.Kind), true
	}
	for _, kind := range []string{"popular", "new"} { // those of State.Fallback
		if !has[kind] {
			names = append(names, kind)
		}
	}
	names = append(names, "acts", "models", "events", "slates", "ledger", "shown")
	if o.Watch != 0 {
		names = append(names, "watched")
	}
	names = append(names, "published", "learned")
	return form(names, func(i int) int { return versionOf(names[i]) })
}

// Begun says that a part of the state was not folded from the journal's beginning but from a later
// position, because a former release kept it otherwise.
type Begun struct {
	Part     string
	Position freshet.Position
}

// Begun are the parts that begin later than the journal did, in the order they are packed.
func (s *State) Begun() (list []Begun) {
	if len(s.begun) == 0 {
		return nil
	}
	for _, one := range s.sections() {
		if p, ok := s.begun[one.name]; ok && (len(list) == 0 || list[len(list)-1].Part != one.name) {
			list = append(list, Begun{one.name, p})
		}
	}
	return list
}

// Pack writes the whole state: each section with a head that says how long it is. It takes as long as
// that is large, so snapshots are taken in a process of their own, or when no request comes any more.
func (s *State) Pack(w *pack.Writer) {
	all := s.sections()
	w.Len(len(all))
	for _, one := range all {
		w.Text(one.name)
		w.Uint(uint64(versionOf(one.name)))
		w.Uint(uint64(s.begun[one.name]))
		w.Word(0)
		from := len(w.Bytes)
		one.pack(w)
		binary.LittleEndian.PutUint64(w.Bytes[from-8:], uint64(len(w.Bytes)-from))
	}
}

// Unpack fills a new State of the same options with what Pack wrote: from then on both do
// alike, bit for bit. After an error the state must not be used.
func (s *State) Unpack(r *pack.Reader) {
	p := readSections(r)
	if r.Err() == nil && p.Form() != s.form {
		r.Fail("its sections are %s, and those of this state %s", p.Form(), s.form)
	}
	if r.Err() != nil {
		return
	}
	for i, one := range s.sections() {
		if err := s.unpackSection(&one, &p.sections[i]); err != nil {
			r.Fail("section %q: %v", one.name, err)
			return
		}
	}
}

// unpackSection reads a section; one without data is left as it is.
func (s *State) unpackSection(one *section, packed *packedSection) error {
	if packed.data != nil {
		r := pack.NewReader(packed.data)
		one.unpack(r)
		if err := r.Done(); err != nil {
			return err
		}
	}
	if packed.begun != 0 {
		s.begun[one.name] = packed.begun
	}
	if one.told != nil {
		one.told()
	}
	return nil
}

// Packed is a state as it was packed, perhaps by a former release, by sections.
type Packed struct {
	sections []packedSection
	whole    []byte // of Form5, which has no heads
}

type packedSection struct {
	name    string
	version int
	begun   freshet.Position // 0 is the journal's beginning
	data    []byte           // nil for none
}

// ReadPacked reads the heads of a packed state of this StateVersion.
func ReadPacked(data []byte) (*Packed, error) {
	r := pack.NewReader(data)
	p := readSections(r)
	return p, r.Done()
}

func readSections(r *pack.Reader) *Packed {
	p := &Packed{}
	for range r.Len(12) {
		one := packedSection{name: r.Text(), version: int(r.Number(1 << 30)), begun: freshet.Position(r.Uint()), data: r.Take(r.Word())}
		if one.name == "" {
			r.Fail("a section without a name")
		}
		if r.Err() != nil {
			break
		}
		p.sections = append(p.sections, one)
	}
	return p
}

// Form5 is the form of state version 5, whose sections, the first version of each, follow one another
// without heads. With the first section that has another version it cannot be read any more.
const Form5 = "5"

// Packed5 is a packed state of Form5.
func Packed5(data []byte) *Packed { return &Packed{whole: data} }

// Form is that of the state which was packed.
func (p *Packed) Form() string {
	if p.whole != nil {
		return Form5
	}
	var names []string
	for _, one := range p.sections {
		names = append(names, one.name)
	}
	return form(names, func(i int) int { return p.sections[i].version })
}

// find returns the section of a packed state that a state can read as its i-th.
func (p *Packed) find(all []section, i int) *packedSection {
	nth := 0
	for _, before := range all[:i] {
		if before.name == all[i].name {
			nth++
		}
	}
	for at := range p.sections {
		if one := &p.sections[at]; one.name == all[i].name {
			if nth == 0 && one.version == versionOf(one.name) {
				return one
			}
			nth--
		}
	}
	return nil
}

// Lacks are the sections that a state cannot read of a packed one and that can be folded from the
// journal, in the order they are packed. The error says that another, without which there is no state,
// cannot be read.
func (s *State) Lacks(p *Packed) (lacks []string, err error) {
	all := s.sections()
	if p.whole != nil {
		for _, one := range all {
			if versionOf(one.name) != 1 {
				return nil, unreadable(one.name)
			}
		}
		return nil, nil
	}
	gone := map[string]bool{}
	for i, one := range all {
		switch {
		case p.find(all, i) != nil || one.loss == anew:
		case one.loss != refolded:
			return nil, unreadable(one.name)
		default:
			gone[one.name] = true
		}
	}
	if gone["features"] || gone["watched"] { // s.Watch recomputes features from the same events
		gone["features"], gone["watched"] = true, true
	}
	for _, one := range all {
		if gone[one.name] {
			lacks = append(lacks, one.name)
		}
	}
	return lacks, nil
}

func unreadable(name string) error {
	return fmt.Errorf("part %q of the state is kept in a form that this release cannot read", name)
}

// Number fills a new state with the numbers of a packed one: the items, visitors and users that it
// knows, and nothing that they did. What is folded into it then is numbered alike.
func (s *State) Number(p *Packed) error {
	all := s.sections()
	for i, one := range all {
		packed := &packedSection{}
		if one.loss == numbers {
			packed = p.find(all, i)
		}
		if err := s.unpackSection(&one, packed); err != nil {
			return fmt.Errorf("section %q: %w", one.name, err)
		}
	}
	for item := uint32(1); int(item) < s.Items.Len(); item++ {
		for _, r := range s.dated {
			r.Upsert(item, 0, false)
		}
	}
	return nil
}

// Carry fills a new state with a packed one as it stood at a position. The sections it Lacks are
// those of rest, a state with the same numbers into which the journal was folded from first up to that
// position; it is nil when there are none. After an error the state must not be used.
func (s *State) Carry(p *Packed, at freshet.Position, rest *State, first freshet.Position) error {
	if p.whole != nil {
		r := pack.NewReader(p.whole)
		for _, one := range s.sections() {
			one.unpack(r)
			if one.told != nil {
				one.told()
			}
		}
		return r.Done()
	}
	lacks, err := s.Lacks(p)
	if err != nil {
		return err
	}
	all := s.sections()
	for i, one := range all {
		packed := p.find(all, i)
		switch {
		case slices.Contains(lacks, one.name):
			var w pack.Writer
			rest.sections()[i].pack(&w)
			packed = &packedSection{begun: first, data: w.Bytes}
		case packed == nil && s.updater == nil: // nothing is learned
			packed = &packedSection{}
		case packed == nil:
			packed = &packedSection{begun: at + 1}
		}
		if err := s.unpackSection(&one, packed); err != nil {
			return fmt.Errorf("section %q: %w", one.name, err)
		}
	}
	return nil
}
