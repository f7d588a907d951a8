package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Without AVX-512 the 16 lanes are two registers, low and high, and the masks two registers too:
// sixteen ones and sixteen zeros lie in memory, and the masks of a rest of r numbers begin r before the zeros.

func ones() Mem {
	m := GLOBL("ones", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(0xFFFFFFFF))
	}
	for i := range 16 {
		DATA(64+4*i, U32(0))
	}
	return m
}

// pair is 16 lanes, and pairs of masks are of the rest of a row.
type pair struct{ low, high VecVirtual }

func newPair() pair { return pair{YMM(), YMM()} }

func (p pair) zero() {
	VXORPS(p.low, p.low, p.low)
	VXORPS(p.high, p.high, p.high)
}

// spanOf256 splits n numbers, which it overwrites, and loads the masks of the rest.
func spanOf256(n GPVirtual, table Mem) (span, pair) {
	s, masks := span{whole: GP64(), bytes: n}, newPair()
	from, rest := GP64(), GP64()
	MOVQ(n, rest)
	ANDQ(Imm(15), rest)
	SHLQ(Imm(2), rest)
	LEAQ(table.Offset(64), from)
	SUBQ(rest, from)
	VMOVUPS(Mem{Base: from}, masks.low)
	VMOVUPS(Mem{Base: from, Disp: 32}, masks.high)
	SHLQ(Imm(2), s.bytes)
	MOVQ(s.bytes, s.whole)
	ANDQ(I32(-64), s.whole)
	return s, masks
}

func load256(masked bool, m Mem, masks, into pair) {
	if masked {
		VMASKMOVPS(m, masks.low, into.low)
		VMASKMOVPS(m.Offset(32), masks.high, into.high)
	} else {
		VMOVUPS(m, into.low)
		VMOVUPS(m.Offset(32), into.high)
	}
}

// multiplyAdd256 adds the products of q with the numbers at m to sum.
func multiplyAdd256(masked bool, m Mem, masks, q, sum pair, t VecVirtual) {
	if masked {
		VMASKMOVPS(m, masks.low, t)
		VMULPS(t, q.low, t)
		VADDPS(t, sum.low, sum.low)
		VMASKMOVPS(m.Offset(32), masks.high, t)
		VMULPS(t, q.high, t)
		VADDPS(t, sum.high, sum.high)
		return
	}
	VMULPS(m, q.low, t)
	VADDPS(t, sum.low, sum.low)
	VMULPS(m.Offset(32), q.high, t)
	VADDPS(t, sum.high, sum.high)
}

func dotAVX2() {
	table := ones()
	kernel("dotAVX2", "func(a, b []float32) float32", "dotAVX2 is Dot with AVX2.")
	a := Load(Param("a").Base(), GP64())
	b := Load(Param("b").Base(), GP64())
	s, masks := spanOf256(Load(Param("a").Len(), GP64()).(GPVirtual), table)
	sum, q, t, at := newPair(), newPair(), YMM(), GP64()
	sum.zero()
	s.each("number", at, func(masked bool) {
		load256(masked, Mem{Base: a, Index: at, Scale: 1}, masks, q)
		multiplyAdd256(masked, Mem{Base: b, Index: at, Scale: 1}, masks, q, sum, t)
	})
	Store(halve256(sum.low, sum.high, VADDPS), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// rows256 writes the body of dotRowsAVX2 and dotAtAVX2: four rows at a time, then one by one.
// next sets the addresses of the rows to come, and steps over them; scan says that they lie one behind the other.
func rows256(dst, n Register, q Register, s span, masks pair, scan bool, next func(row []GPVirtual)) {
	at, t, zq := GP64(), YMM(), newPair()
	row := []GPVirtual{GP64(), GP64(), GP64(), GP64()}

	Label("four")
	CMPQ(n, Imm(4))
	JL(LabelRef("one"))
	next(row)
	var low, high []VecVirtual
	for range row {
		p := newPair()
		p.zero()
		low, high = append(low, p.low), append(high, p.high)
	}
	s.each("four_number", at, func(masked bool) {
		load256(masked, Mem{Base: q, Index: at, Scale: 1}, masks, zq)
		for i := range row {
			m := Mem{Base: row[i], Index: at, Scale: 1}
			if scan {
				askAhead(m)
			}
			multiplyAdd256(masked, m, masks, zq, pair{low[i], high[i]}, t)
		}
	})
	VMOVUPS(halveFour256(low, high).AsX(), Mem{Base: dst})
	ADDQ(Imm(16), dst)
	SUBQ(Imm(4), n)
	JMP(LabelRef("four"))

	Label("one")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	next(row[:1])
	sum := newPair()
	sum.zero()
	s.each("one_number", at, func(masked bool) {
		load256(masked, Mem{Base: q, Index: at, Scale: 1}, masks, zq)
		multiplyAdd256(masked, Mem{Base: row[0], Index: at, Scale: 1}, masks, zq, sum, t)
	})
	VMOVSS(halve256(sum.low, sum.high, VADDPS), Mem{Base: dst})
	ADDQ(Imm(4), dst)
	DECQ(n)
	JMP(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}

func dotRowsAVX2() {
	table := NewDataAddr(Symbol{Name: "ones", Static: true}, 0)
	kernel("dotRowsAVX2", "func(dst, q, rows []float32)", "dotRowsAVX2 is DotRows with AVX2.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	s, masks := spanOf256(Load(Param("q").Len(), GP64()).(GPVirtual), table)
	first := Load(Param("rows").Base(), GP64())
	rows256(dst, n, q, s, masks, true, func(row []GPVirtual) {
		for i := range row {
			MOVQ(first, row[i])
			ADDQ(s.bytes, first)
		}
	})
}

func dotAtAVX2() {
	table := NewDataAddr(Symbol{Name: "ones", Static: true}, 0)
	kernel("dotAtAVX2", "func(dst, q, rows []float32, at []uint32)", "dotAtAVX2 is DotAt with AVX2.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	s, masks := spanOf256(Load(Param("q").Len(), GP64()).(GPVirtual), table)
	rows := Load(Param("rows").Base(), GP64())
	list := Load(Param("at").Base(), GP64())
	rows256(dst, n, q, s, masks, false, func(row []GPVirtual) {
		for i := range row {
			MOVL(Mem{Base: list, Disp: 4 * i}, row[i].As32())
			IMULQ(s.bytes, row[i])
			ADDQ(rows, row[i])
		}
		ADDQ(Imm(uint64(4*len(row))), list)
	})
}
