package codec

// skipped is what a value that was stepped over holds.
type skipped struct {
	depth  int  // levels of nesting, 0 for a scalar
	fields int  // members at all depths
	long   bool // a string is over MaxTextBytes
	text   fault
	number fault
}

// fault is the first fault of its kind inside a skipped value; why is "" if there is none.
type fault struct {
	at  int
	raw []byte
	why string
}

func (f *fault) blame(at int, raw []byte, why string) {
	if why != "" && f.why == "" {
		*f = fault{at, raw, why}
	}
}

// skip steps over the value the scanner stands on, of any size and depth, and checks its
// grammar. It does not recurse: open brackets are one bit each in s.nest, 1 for an object.
func (s *scanner) skip() (sk skipped) {
	depth := 0
	for {
		opened := false
		switch k := s.kind(); k {
		case kindText:
			s.skipText(&sk)
		case kindNumber:
			at := s.pos
			n := s.number()
			if s.bad == nil && n.fault == "" && n.overflows() {
				n.fault = faultOverflow
			}
			sk.number.blame(at, n.lit, n.fault)
		case kindTrue:
			s.word("true")
		case kindFalse:
			s.word("false")
		case kindNull:
			s.word("null")
		default:
			s.pos++
			s.open(depth, k == kindObject)
			depth++
			sk.depth = max(sk.depth, depth)
			opened = true
		}
		// Close what ends here and stand on the next value.
		for {
			if s.bad != nil || depth == 0 {
				return sk
			}
			more := false
			if s.inObject(depth - 1) {
				more = s.skipKey(&sk, opened)
			} else {
				more = s.element(opened)
			}
			if more {
				break
			}
			depth--
			opened = false
		}
	}
}

// open notes that the bracket at this depth, counted from 0, belongs to an object or not.
func (s *scanner) open(depth int, object bool) {
	if depth/64 == len(s.nest) {
		s.nest = append(s.nest, 0)
	}
	bit := uint64(1) << (depth % 64)
	s.nest[depth/64] &^= bit
	if object {
		s.nest[depth/64] |= bit
	}
}

func (s *scanner) inObject(depth int) bool { return s.nest[depth/64]>>(depth%64)&1 == 1 }

func (s *scanner) skipText(sk *skipped) {
	t := s.text()
	s.weigh(sk, &t)
}

func (s *scanner) skipKey(sk *skipped, first bool) bool {
	t, more := s.key(first)
	if more {
		sk.fields++
		s.weigh(sk, &t)
	}
	return more
}

// weigh notes what is wrong with a string token.
func (s *scanner) weigh(sk *skipped, t *text) {
	switch {
	case s.bad != nil:
	case t.fault != "":
		sk.text.blame(t.at, t.raw, t.fault)
	default:
		sk.long = sk.long || s.long(t)
	}
}
