package codec

import (
	"bytes"
	"strconv"
)

// number is a number token. Its bytes belong to the document.
type number struct {
	lit     []byte
	integer bool   // neither fraction nor exponent
	fault   string // why it is no number, "" if it is

	// The value of one that short says so of, but for its sign: digits / 10^places.
	short  bool
	digits uint64
	places int
}

// shortDigits is how many digits a short number has at most: so many fit a uint64.
const shortDigits = 18

// The ways a number can be no number.
const (
	faultGrammar  = "is not a JSON number"
	faultLength   = "is longer than 64 bytes"
	faultOverflow = "is beyond the largest number"
)

// number steps over the number the scanner stands on. What looks like a number but is none
// (NaN, Infinity, 01, 1., +1) is stepped over too and has its fault set.
func (s *scanner) number() (n number) {
	if s.shortNumber(&n) {
		return n
	}
	n = number{}
	start := s.pos
	if c := s.data[s.pos]; c == '-' || c == '+' {
		s.pos++
	}
	if s.pos < len(s.data) && (s.data[s.pos] == 'N' || s.data[s.pos] == 'I') {
		if s.data[s.pos] == 'N' {
			s.word("NaN")
		} else {
			s.word("Infinity")
		}
		n.fault = faultGrammar
	} else {
		for s.pos < len(s.data) && numeric[s.data[s.pos]] {
			s.pos++
		}
	}
	n.lit = s.data[start:s.pos]
	switch {
	case n.fault != "":
	case len(n.lit) > MaxNumberBytes:
		n.fault = faultLength
	default:
		var ok bool
		if ok, n.integer = grammar(n.lit); !ok {
			n.fault = faultGrammar
		}
	}
	return n
}

// shortNumber is number for nearly all of them: a few digits, a point among them or not. ok is false
// for any other, over which nothing is stepped.
func (s *scanner) shortNumber(n *number) (ok bool) {
	data, i := s.data, s.pos
	if data[i] == '-' {
		i++
	}
	begin, value := i, uint64(0)
	for ; i < len(data) && data[i]-'0' <= 9; i++ {
		value = value*10 + uint64(data[i]-'0')
	}
	whole := i - begin
	if whole == 0 || whole > 1 && data[begin] == '0' {
		return false
	}
	count := whole
	if i < len(data) && data[i] == '.' {
		i++
		begin = i
		for ; i < len(data) && data[i]-'0' <= 9; i++ {
			value = value*10 + uint64(data[i]-'0')
		}
		n.places = i - begin
		if count += n.places; n.places == 0 {
			return false
		}
	}
	if count > shortDigits || i < len(data) && numeric[data[i]] {
		return false // more digits than value holds, an exponent, or no number
	}
	n.lit, n.integer, n.short, n.digits = data[s.pos:i], n.places == 0, true, value
	s.pos = i
	return true
}

var numeric = func() (table [256]bool) {
	for _, c := range []byte("0123456789+-.eE") {
		table[c] = true
	}
	return table
}()

// grammar checks lit against the number of RFC 8259, section 6.
func grammar(lit []byte) (ok, integer bool) {
	i := 0
	if i < len(lit) && lit[i] == '-' {
		i++
	}
	whole := digits(lit[i:])
	if whole == 0 || whole > 1 && lit[i] == '0' {
		return false, false
	}
	i += whole
	if i == len(lit) {
		return true, true
	}
	if lit[i] == '.' {
		n := digits(lit[i+1:])
		if n == 0 {
			return false, false
		}
		i += 1 + n
	}
	if i < len(lit) && lit[i]|0x20 == 'e' {
		i++
		if i < len(lit) && (lit[i] == '+' || lit[i] == '-') {
			i++
		}
		n := digits(lit[i:])
		if n == 0 {
			return false, false
		}
		i += n
	}
	return i == len(lit), false
}

// digits returns how many decimal digits b starts with.
func digits(b []byte) (n int) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// float returns the nearest float64, or fault when that is an infinity. exact is false for an
// integer that no float64 equals. A negative zero is 0.
func (n *number) float() (v float64, exact bool, fault string) {
	if n.short && n.digits <= exactInt {
		// Both are exact, so their quotient is the float64 nearest to the number (Clinger, How to Read
		// Floating Point Numbers Accurately, 1990).
		v = float64(n.digits) / powersOfTen[n.places]
		if n.lit[0] == '-' && v != 0 {
			v = -v
		}
		return v, true, ""
	}
	// The grammar is checked, so the only error left is an overflow.
	v, err := strconv.ParseFloat(string(n.lit), 64)
	if err != nil {
		return 0, false, faultOverflow
	}
	exact = true
	if n.integer {
		var buf [MaxNumberBytes + 1]byte
		exact = bytes.Equal(n.lit, strconv.AppendFloat(buf[:0], v, 'f', 0, 64))
	}
	if v == 0 {
		v = 0 // not −0
	}
	return v, exact, ""
}

// exactInt is the integer up to which float64 has every one.
const exactInt = 1 << 53

// powersOfTen has those that a short number may be divided by; float64 has them up to 10^22.
var powersOfTen = [shortDigits]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17}

// overflows reports whether the number is beyond float64. Without an exponent it cannot be:
// MaxNumberBytes digits are far from 10³⁰⁸.
func (n *number) overflows() bool {
	if n.integer || n.short {
		return false
	}
	_, _, fault := n.float()
	return fault != ""
}

// int returns the value of a number that is whole, however it is written (2, 2.0, 20e-1), and
// false when it has a fraction or does not fit. It is exact: nothing is rounded.
func (n *number) int() (v int64, ok bool) {
	if n.integer && n.short {
		if v = int64(n.digits); n.lit[0] == '-' {
			v = -v
		}
		return v, true
	}
	if n.integer {
		v, err := strconv.ParseInt(string(n.lit), 10, 64)
		return v, err == nil
	}
	var buf [MaxNumberBytes]byte
	mantissa, scale := n.decimal(buf[:0])
	const most = 19 // digits of the largest int64
	switch {
	case len(mantissa) == 0:
		return 0, true
	case scale < 0 || scale > most || len(mantissa)+scale > most:
		return 0, false
	}
	if n.lit[0] == '-' {
		mantissa = append([]byte{'-'}, mantissa...)
	}
	for range scale {
		mantissa = append(mantissa, '0')
	}
	v, err := strconv.ParseInt(string(mantissa), 10, 64)
	return v, err == nil
}

// decimal appends the significant digits of |n| to dst, without zeros at either end, and
// returns them with the power of ten to multiply by. Zero has no digits.
func (n *number) decimal(dst []byte) (mantissa []byte, scale int) {
	mantissa, fraction := dst, false
	for i, c := range n.lit {
		switch {
		case c == '.':
			fraction = true
		case c|0x20 == 'e':
			e, err := strconv.Atoi(string(n.lit[i+1:]))
			const far = 1000 // more than MaxNumberBytes digits can bring back into an int64
			if err != nil || e > far || e < -far {
				e = far
				if n.lit[i+1] == '-' {
					e = -far
				}
			}
			return trimZeros(mantissa, scale+e)
		case c != '-':
			if fraction {
				scale--
			}
			if c != '0' || len(mantissa) > 0 {
				mantissa = append(mantissa, c)
			}
		}
	}
	return trimZeros(mantissa, scale)
}

// trimZeros moves trailing zeros from the digits to the scale.
func trimZeros(mantissa []byte, scale int) ([]byte, int) {
	for len(mantissa) > 0 && mantissa[len(mantissa)-1] == '0' {
		mantissa = mantissa[:len(mantissa)-1]
		scale++
	}
	return mantissa, scale
}
