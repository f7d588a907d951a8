package pack

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestWhatWasWrittenIsRead draws values of every kind in any order.
func TestWhatWasWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Writer
		var checks []func(r *Reader) bool
		for _, kind := range rapid.SliceOf(rapid.IntRange(0, 7)).Draw(t, "kinds") {
			switch kind {
			case 0:
				v := rapid.Uint64().Draw(t, "uint")
				w.Uint(v)
				checks = append(checks, func(r *Reader) bool { return r.Uint() == v })
			case 1:
				v := rapid.Int64().Draw(t, "int")
				w.Int(v)
				checks = append(checks, func(r *Reader) bool { return r.Int() == v })
			case 2:
				v := rapid.Float64().Draw(t, "float")
				w.Float(v)
				checks = append(checks, func(r *Reader) bool { return math.Float64bits(r.Float()) == math.Float64bits(v) })
			case 3:
				v := rapid.Bool().Draw(t, "bool")
				w.Bool(v)
				checks = append(checks, func(r *Reader) bool { return r.Bool() == v })
			case 4:
				v := rapid.String().Draw(t, "text")
				w.Text(v)
				checks = append(checks, func(r *Reader) bool { return r.Text() == v })
			case 5:
				v := rapid.SliceOf(rapid.Byte()).Draw(t, "blob")
				w.Blob(v)
				checks = append(checks, func(r *Reader) bool { return string(r.Blob()) == string(v) })
			case 7:
				v := rapid.Uint32().Draw(t, "word32")
				w.Word32(v)
				checks = append(checks, func(r *Reader) bool { return r.Word32() == v })
			case 6:
				v := rapid.Uint64().Draw(t, "word")
				w.Word(v)
				checks = append(checks, func(r *Reader) bool { return r.Word() == v })
			}
		}
		r := NewReader(w.Bytes)
		for i, check := range checks {
			if !check(r) {
				t.Fatalf("value %d differs (%v)", i, r.Err())
			}
		}
		if err := r.Done(); err != nil {
			t.Fatal(err)
		}
		// Cut off anywhere, some value is missing, and that is said.
		if len(w.Bytes) > 0 {
			r = NewReader(w.Bytes[:rapid.IntRange(0, len(w.Bytes)-1).Draw(t, "cut")])
			for _, check := range checks {
				check(r)
			}
			if err := r.Done(); !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut off: %v", err)
			}
		}
	})
}

func TestReaderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		read  func(r *Reader)
	}{
		"a count beyond the bytes":   {[]byte{100, 1, 2}, func(r *Reader) { r.Len(1) }},
		"a count of large things":    {[]byte{2, 1, 2, 3}, func(r *Reader) { r.Len(8) }},
		"the largest count":          {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, func(r *Reader) { r.Len(1) }},
		"a varint without end":       {[]byte{0x80, 0x80}, func(r *Reader) { r.Uint() }},
		"a varint that is too long":  {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, func(r *Reader) { r.Int() }},
		"another byte for a bool":    {[]byte{2}, func(r *Reader) { r.Bool() }},
		"a number beyond its limit":  {[]byte{5}, func(r *Reader) { r.Number(5) }},
		"bytes that are left":        {[]byte{1, 1}, func(r *Reader) { r.Bool() }},
		"what the caller finds":      {nil, func(r *Reader) { r.Fail("it is %s", "odd") }},
		"the first of several stays": {[]byte{2}, func(r *Reader) { r.Bool(); r.Word(); r.Text() }},
	} {
		r := NewReader(c.bytes)
		c.read(r)
		if err := r.Done(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if r.Uint() != 0 || r.Text() != "" || r.Len(1) != 0 {
			t.Errorf("%s: after an error there are values", name)
		}
	}
}
