package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// kind is what a scalar is. The letters are those that a distinct hashes.
type kind byte

const (
	none    kind = 0 // no value
	numeric kind = 'n'
	textual kind = 't'
	truth   kind = 'b'
	listed  kind = 'l'
)

// scalar is one value of free data, of a field or of an expression. The zero scalar is no
// value.
type scalar struct {
	kind     kind
	number   float64 // of a number; 1 and 0 of true and false
	text     string
	elements *[]scalar // of a list: numbers, texts and truth values only
}

func numberOf(n float64) scalar { return scalar{kind: numeric, number: n} }
func textOf(s string) scalar    { return scalar{kind: textual, text: s} }

func truthOf(b bool) scalar {
	if b {
		return scalar{kind: truth, number: 1}
	}
	return scalar{kind: truth}
}

// scalarOf reads decoded JSON, numbers as json.Number. Null, objects, numbers beyond a
// float64 and lists within a list are no values.
func scalarOf(decoded any) scalar {
	switch v := decoded.(type) {
	case string:
		return textOf(v)
	case bool:
		return truthOf(v)
	case json.Number:
		if n, err := strconv.ParseFloat(string(v), 64); err == nil {
			return numberOf(n + 0) // -0 is 0
		}
	case []any:
		elements := []scalar{}
		for _, one := range v {
			if s := scalarOf(one); s.single() {
				elements = append(elements, s)
			}
		}
		return scalar{kind: listed, elements: &elements}
	}
	return scalar{}
}

// single tells that s is one value: neither none nor a list.
func (s scalar) single() bool { return s.kind != none && s.kind != listed }

// values are what s stands for: itself, its different elements in order of first
// appearance when it is a list, nothing when it is no value.
func (s scalar) values() []scalar {
	switch s.kind {
	case none:
		return nil
	case listed:
		return different(*s.elements)
	}
	return []scalar{s}
}

// word names a single value: the letter of its kind and its text, a number as the shortest
// decimal that gives the float64 back. Equal words, equal values.
func (s scalar) word() string {
	switch s.kind {
	case numeric:
		return "n" + fmt.Sprintf("%g", s.number)
	case truth:
		return "b" + strconv.FormatBool(s.number == 1)
	}
	return "t" + s.text
}

// equal compares two single values.
func (s scalar) equal(other scalar) bool {
	return s.kind == other.kind && s.number == other.number && s.text == other.text
}

// different drops repeated values, keeping the first of each. It does not change all.
func different(all []scalar) []scalar {
	var kept []scalar
next:
	for _, one := range all {
		for _, before := range kept {
			if before.equal(one) {
				continue next
			}
		}
		kept = append(kept, one)
	}
	return kept
}

// freeData is an object of free data by its members, those without a value left out.
type freeData map[string]scalar

// UnmarshalJSON reads an object; null is one without members.
func (d *freeData) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var decoded map[string]any
	if err := decoder.Decode(&decoded); err != nil {
		return err
	}
	*d = freeData{}
	for name, v := range decoded {
		if s := scalarOf(v); s.kind != none {
			(*d)[name] = s
		}
	}
	return nil
}
