package codec

import "github.com/freshet-rec/freshet"

// The methods here read the value at hand as what its field takes. ok is false when it is not
// that, which is then reported, or when the text is malformed.

// wrongType reports that the value at hand is not what its field takes, and steps over it.
// A number that is none is only that.
func (d *decoder) wrongType(want string) {
	k := d.kind()
	if k == kindNumber {
		if n := d.number(); d.bad == nil && n.fault != "" {
			d.badNumber(n.lit, n.fault)
			return
		}
	}
	d.problem(codeType+string(d.path[0].key), "", "%s: must be %s, this is %s", here{d}, want, k)
	if k != kindNumber {
		d.pass()
	}
}

// words reads a string of up to MaxTextBytes.
func (d *decoder) words() (s string, ok bool) {
	if d.kind() != kindText {
		d.wrongType("a string")
		return "", false
	}
	t := d.text()
	switch {
	case d.bad != nil:
		return "", false
	case t.fault != "":
		d.badText(t.raw, t.fault)
		return "", false
	case d.long(&t):
		d.tooLong()
		return "", false
	}
	return string(d.bytes(&t)), true
}

// id reads a string that obeys freshet.CheckID.
func (d *decoder) id() (id string, ok bool) {
	b, ok := d.idBytes()
	return string(b), ok
}

// idBytes is id without a copy: the bytes are good until the next call that unescapes, and nil when
// ok is false.
func (d *decoder) idBytes() (id []byte, ok bool) {
	if d.kind() != kindText {
		d.wrongType("a string")
		return nil, false
	}
	at := d.pos
	if raw, ok := d.plainText(); ok && len(raw) > 0 && len(raw) <= freshet.MaxIDBytes {
		return raw, true
	}
	d.pos = at
	t := d.text()
	if d.bad != nil {
		return nil, false
	}
	return d.checkID(&t)
}

func (d *decoder) checkID(t *text) (id []byte, ok bool) {
	if t.plain && len(t.raw) > 0 && len(t.raw) <= freshet.MaxIDBytes {
		return t.raw, true
	}
	switch {
	case t.fault != "":
		d.badText(t.raw, t.fault)
		return nil, false
	case t.nul:
		d.badText(t.raw, "the character U+0000")
		return nil, false
	case d.long(t):
		d.tooLong()
		return nil, false
	}
	id = d.bytes(t)
	if err := freshet.CheckID(string(id)); err != nil {
		d.problem(CodeBadID, "", "%s: %s is not an id: %v", here{d}, quoted(id), err)
		return nil, false
	}
	return id, true
}

// float reads a number that some float64 holds.
func (d *decoder) float() (v float64, n number, ok bool) {
	if d.kind() != kindNumber {
		d.wrongType("a number")
		return 0, n, false
	}
	n = d.number()
	if d.bad != nil {
		return 0, n, false
	}
	why, exact := n.fault, false
	if why == "" {
		v, exact, why = n.float()
	}
	switch {
	case why != "":
		d.badNumber(n.lit, why)
		return 0, n, false
	case !exact:
		d.problem(CodeOutOfRange, "", "%s: %s has no exact floating-point form", here{d}, token(n.lit))
		return 0, n, false
	}
	return v, n, true
}

// floatIn reads a number in [low, high].
func (d *decoder) floatIn(low, high float64) (v float64, ok bool) {
	v, n, ok := d.float()
	if ok && (v < low || v > high) {
		d.problem(CodeOutOfRange, "", "%s: %s is not between %g and %g", here{d}, token(n.lit), low, high)
		return 0, false
	}
	return v, ok
}

// boolean reads true or false.
func (d *decoder) boolean() (v bool, ok bool) {
	switch d.kind() {
	case kindTrue:
		d.word("true")
		return true, d.bad == nil
	case kindFalse:
		d.word("false")
		return false, d.bad == nil
	}
	d.wrongType("true or false")
	return false, false
}
