package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The loops over numbers run over an offset in bytes: whole registers up to whole, then one masked
// register of the rest when there is one. Numbers that the mask leaves out count as 0·0 = +0, which
// changes no lane, since a lane that began as +0 is never −0.

// span is where a loop over n numbers of 4 bytes ends.
type span struct {
	whole, bytes GPVirtual // of whole registers, and of all
	rest         OpmaskVirtual
}

// spanOf splits n numbers, which it overwrites.
func spanOf(n GPVirtual) span {
	s := span{whole: GP64(), bytes: n, rest: K()}
	mask, count := GP64(), GP64()
	MOVQ(n, count)
	ANDQ(Imm(15), count)
	MOVQ(U32(1), mask)
	BMI(mask, count)
	KMOVW(mask.As32(), s.rest)
	SHLQ(Imm(2), s.bytes)
	MOVQ(s.bytes, s.whole)
	ANDQ(I32(-64), s.whole)
	return s
}

// BMI turns mask, which is 1, into count ones.
func BMI(mask, count GPVirtual) {
	SHLXQ(count, mask, mask)
	DECQ(mask)
}

// each writes the loop over the span: body gets true for the masked register. The label is unique by name.
func (s span) each(name string, at GPVirtual, body func(masked bool)) {
	XORQ(at, at)
	Label(name + "_whole")
	CMPQ(at, s.whole)
	JGE(LabelRef(name + "_rest"))
	body(false)
	ADDQ(Imm(64), at)
	JMP(LabelRef(name + "_whole"))
	Label(name + "_rest")
	CMPQ(at, s.bytes)
	JGE(LabelRef(name + "_done"))
	body(true)
	Label(name + "_done")
}

// multiplyAdd adds the products of q with the numbers at m to sum.
func (s span) multiplyAdd(masked bool, m Mem, q, sum, t VecVirtual) {
	if masked {
		VMOVUPS_Z(m, s.rest, t)
		VMULPS(t, q, t)
	} else {
		VMULPS(m, q, t)
	}
	VADDPS(t, sum, sum)
}

func (s span) load(masked bool, m Mem, z VecVirtual) {
	if masked {
		VMOVUPS_Z(m, s.rest, z)
	} else {
		VMOVUPS(m, z)
	}
}

func zeroed(n int, vec func() VecVirtual) []VecVirtual {
	z := make([]VecVirtual, n)
	for i := range z {
		z[i] = vec()
		VPXORD(z[i], z[i], z[i])
	}
	return z
}

func dotAVX512() {
	kernel("dotAVX512", "func(a, b []float32) float32", "dotAVX512 is Dot with AVX-512.")
	a := Load(Param("a").Base(), GP64())
	b := Load(Param("b").Base(), GP64())
	s := spanOf(Load(Param("a").Len(), GP64()).(GPVirtual))
	sum := zeroed(1, ZMM)[0]
	at, t, q := GP64(), ZMM(), ZMM()
	s.each("number", at, func(masked bool) {
		s.load(masked, Mem{Base: a, Index: at, Scale: 1}, q)
		s.multiplyAdd(masked, Mem{Base: b, Index: at, Scale: 1}, q, sum, t)
	})
	Store(halve512(sum, VADDPS), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func dotRowsAVX512() {
	where := order()
	kernel("dotRowsAVX512", "func(dst, q, rows []float32)", "dotRowsAVX512 is DotRows with AVX-512: eight rows at a time, then one by one.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	s := spanOf(Load(Param("q").Len(), GP64()).(GPVirtual))
	row := Load(Param("rows").Base(), GP64())
	at, t, zq := GP64(), ZMM(), ZMM()

	Label("eight")
	CMPQ(n, Imm(8))
	JL(LabelRef("one"))
	sums := zeroed(8, ZMM)
	low, high, three := GP64(), GP64(), GP64()
	MOVQ(row, low)
	LEAQ(Mem{Base: row, Index: s.bytes, Scale: 4}, high)
	LEAQ(Mem{Base: s.bytes, Index: s.bytes, Scale: 2}, three)
	s.each("eight_number", at, func(masked bool) {
		s.load(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
		for i, sum := range sums {
			base := low
			if i >= 4 {
				base = high
			}
			m := []Mem{{Base: base}, {Base: base, Index: s.bytes, Scale: 1}, {Base: base, Index: s.bytes, Scale: 2}, {Base: base, Index: three, Scale: 1}}[i%4]
			askAhead(m)
			s.multiplyAdd(masked, m, zq, sum, t)
		}
		ADDQ(Imm(64), low)
		ADDQ(Imm(64), high)
	})
	out := halveEight512(sums, VADDPS, where)
	VMOVUPS(out.AsY(), Mem{Base: dst})
	ADDQ(Imm(32), dst)
	LEAQ(Mem{Base: row, Index: s.bytes, Scale: 8}, row)
	SUBQ(Imm(8), n)
	JMP(LabelRef("eight"))

	Label("one")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	sum := zeroed(1, ZMM)[0]
	s.each("one_number", at, func(masked bool) {
		s.load(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
		s.multiplyAdd(masked, Mem{Base: row, Index: at, Scale: 1}, zq, sum, t)
	})
	VMOVSS(halve512(sum, VADDPS), Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(s.bytes, row)
	DECQ(n)
	JMP(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}

func dotAtAVX512() {
	kernel("dotAtAVX512", "func(dst, q, rows []float32, at []uint32)", "dotAtAVX512 is DotAt with AVX-512: four rows at a time, then one by one.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	s := spanOf(Load(Param("q").Len(), GP64()).(GPVirtual))
	rows := Load(Param("rows").Base(), GP64())
	list := Load(Param("at").Base(), GP64())
	at, t, zq := GP64(), ZMM(), ZMM()

	Label("four")
	CMPQ(n, Imm(4))
	JL(LabelRef("one"))
	sums := zeroed(4, ZMM)
	var row [4]GPVirtual
	for i := range row {
		row[i] = GP64()
		MOVL(Mem{Base: list, Disp: 4 * i}, row[i].As32())
		IMULQ(s.bytes, row[i])
		ADDQ(rows, row[i])
	}
	s.each("four_number", at, func(masked bool) {
		s.load(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
		for i, sum := range sums {
			s.multiplyAdd(masked, Mem{Base: row[i], Index: at, Scale: 1}, zq, sum, t)
		}
	})
	for i, sum := range sums {
		VMOVSS(halve512(sum, VADDPS), Mem{Base: dst, Disp: 4 * i})
	}
	ADDQ(Imm(16), dst)
	ADDQ(Imm(16), list)
	SUBQ(Imm(4), n)
	JMP(LabelRef("four"))

	Label("one")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	sum := zeroed(1, ZMM)[0]
	MOVL(Mem{Base: list}, row[0].As32())
	IMULQ(s.bytes, row[0])
	ADDQ(rows, row[0])
	s.each("one_number", at, func(masked bool) {
		s.load(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
		s.multiplyAdd(masked, Mem{Base: row[0], Index: at, Scale: 1}, zq, sum, t)
	})
	VMOVSS(halve512(sum, VADDPS), Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(4), list)
	DECQ(n)
	JMP(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}
