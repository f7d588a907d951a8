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
	return json.Number(n.lit)
}

func (d *decoder) freeObject() map[string]any {
	d.pos++
	m := map[string]any{}
	for first := true; ; {
		key, more := d.member(&first)
		if !more {
			return m
		}
		if _, twice := m[string(key)]; twice {
			d.twice()
			continue
		}
		name := string(key) // key is good until the value has been read
		m[name] = d.free()
	}
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
