package codec

import "encoding/json"

// free reads a value of free data: string, json.Number, bool, nil, []any or map[string]any.
// Its faults are reported; what is returned is then of no use.
func (d *decoder) free() any {
	if d.over {
		d.pass()
		return nil
	}
	switch k := d.kind(); k {
	case kindText:
		at := d.pos
		if raw, ok := d.plainText(); ok && len(raw) <= MaxTextBytes {
			return d.vocabulary().text(raw).value
		}
		d.pos = at
		s, _ := d.words()
		return s
	case kindNumber:
		return d.freeNumber()
	case kindTrue, kindFalse:
		v, _ := d.boolean()
		return v
	case kindNull:
		d.word("null")
		return nil
	case kindObject, kindArray:
		if d.depth == MaxDepth {
			d.pass() // reports the depth
			return nil
		}
		d.depth++
		d.path = append(d.path, step{index: nameless})
		var v any
		if k == kindObject {
			v = d.freeObject()
		} else {
			v = d.freeArray()
		}
		d.path = d.path[:len(d.path)-1]
		d.depth--
		return v
	}
	return nil
}

// freeNumber keeps the literal as it is written, but for a negative zero.
func (d *decoder) freeNumber() any {
	n := d.number()
	if d.bad == nil && n.fault == "" && n.overflows() {
		n.fault = faultOverflow
	}
	if d.bad == nil && n.fault != "" {
		d.badNumber(n.lit, n.fault)
	}
	if d.bad == nil && n.fault == "" && n.lit[0] == '-' {
		if v, _, _ := n.float(); v == 0 {
			return json.Number("0") // a negative zero is zero
		}
	}
	return d.vocabulary().number(n.lit).value
}

// vocabulary is that of the decoder, who has one as soon as there are free data.
func (d *decoder) vocabulary() *vocabulary {
	if d.lately == nil {
		d.lately = vocabularies.Get().(*vocabulary)
	}
	return d.lately
}

// release leaves the vocabulary to others, at the end.
func (d *decoder) release() {
	if d.lately != nil {
		vocabularies.Put(d.lately)
		d.lately = nil
	}
}

// freeObject makes its map when it knows how large that is, but for members beyond freeMembers.
func (d *decoder) freeObject() map[string]any {
	d.pos++
	var room [freeMembers]member
	few, m := room[:0], map[string]any(nil)
	for first := true; ; {
		key, more := d.member(&first)
		switch {
		case !more && m == nil:
			return mapOf(few)
		case !more:
			return m
		case holds(few, m, key):
			d.twice()
			continue
		}
		name := d.vocabulary().text(key).text // key is good until the value has been read
		value := d.free()
		if m == nil && len(few) < freeMembers {
			few = append(few, member{name, value})
			continue
		}
		if m == nil {
			m, few = mapOf(few), nil
		}
		m[name] = value
	}
}

func mapOf(members []member) map[string]any {
	m := make(map[string]any, len(members))
	for i := range members {
		m[members[i].key] = members[i].value
	}
	return m
}

// holds reports whether an object read so far, the few members or else m, has a key.
func holds(few []member, m map[string]any, key []byte) bool {
	for i := range few {
		if few[i].key == string(key) {
			return true
		}
	}
	_, has := m[string(key)]
	return m != nil && has
}

// twice reports a key that its object already has, and steps over the value.
func (d *decoder) twice() {
	d.problem(CodeDuplicate, "keep one of them", "%s: this key appears twice", here{d})
	d.pass()
}

func (d *decoder) freeArray() []any {
	d.pos++
	list := []any{}
	last := len(d.path) - 1
	for i := 0; d.element(i == 0); i++ {
		d.path[last].index = i
		if d.elements++; d.elements > MaxElements && !d.over {
			d.over = true
			d.problem(CodeTooLong, "", "%s: free data has more than %d array elements", here{d}, MaxElements)
		}
		v := d.free()
		if !d.over {
			list = append(list, v)
		}
	}
	return list
}

// freeData reads an object of free data.
func (d *decoder) freeData() map[string]any {
	if d.kind() != kindObject {
		d.wrongType("an object")
		return nil
	}
	m, _ := d.free().(map[string]any)
	return m
}
