package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// VPDPBUSD multiplies unsigned with signed bytes, so rows are read as r+128 (their highest bit
// flipped), and 128·Σq is taken off at the end. Numbers that the mask leaves out have q = 0.

func biases() Mem {
	m := GLOBL("biases", RODATA|NOPTR)
	DATA(0, U32(0x80808080))
	return m
}

// byteSpanOf is spanOf for numbers of one byte.
func byteSpanOf(n GPVirtual) span {
	s := span{whole: GP64(), bytes: n, rest: K()}
	mask, count := GP64(), GP64()
	MOVQ(n, count)
	ANDQ(Imm(63), count)
	MOVQ(U32(1), mask)
	BMI(mask, count)
	KMOVQ(mask, s.rest)
	MOVQ(n, s.whole)
	ANDQ(I32(-64), s.whole)
	return s
}

func (s span) loadBytes(masked bool, m Mem, z VecVirtual) {
	if masked {
		VMOVDQU8_Z(m, s.rest, z)
	} else {
		VMOVDQU8(m, z)
	}
}

// multiplyAddBytes adds the products of q with the row at m, plus 128·q, to sum.
func (s span) multiplyAddBytes(masked bool, m Mem, bias, q, sum, t VecVirtual) {
	if masked {
		VMOVDQU8_Z(m, s.rest, t)
		VPXORD(t, bias, t)
	} else {
		VPXORD(m, bias, t)
	}
	VPDPBUSD(q, t, sum)
}

func dotInt8AVX512() {
	m := biases()
	kernel("dotInt8AVX512", "func(a, b []int8) int32", "dotInt8AVX512 is DotInt8 with AVX-512 and VNNI.")
	a := Load(Param("a").Base(), GP64())
	b := Load(Param("b").Base(), GP64())
	s := byteSpanOf(Load(Param("a").Len(), GP64()).(GPVirtual))
	sum, extra := ZMM(), ZMM()
	VPXORD(sum, sum, sum)
	VPXORD(extra, extra, extra)
	at, t, q, bias := GP64(), ZMM(), ZMM(), ZMM()
	VPBROADCASTD(m, bias)
	s.each("number", at, func(masked bool) {
		s.loadBytes(masked, Mem{Base: a, Index: at, Scale: 1}, q)
		s.multiplyAddBytes(masked, Mem{Base: b, Index: at, Scale: 1}, bias, q, sum, t)
		VPDPBUSD(q, bias, extra)
	})
	VPSUBD(extra, sum, sum)
	out := GP32()
	VMOVD(halve512(sum, VPADDD), out)
	Store(out, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// dotAtInt8AVX512 first asks for the lines of all rows, then takes eight rows at a time, as two
// times four addresses, then one by one.
func dotAtInt8AVX512() {
	where := NewDataAddr(Symbol{Name: "order", Static: true}, 0)
	m := NewDataAddr(Symbol{Name: "biases", Static: true}, 0)
	kernel("dotAtInt8AVX512", "func(dst []int32, q, rows []int8, at []uint32)", "dotAtInt8AVX512 is DotAtInt8 with AVX-512 and VNNI: eight rows at a time, then one by one.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	s := byteSpanOf(Load(Param("q").Len(), GP64()).(GPVirtual))
	rows := Load(Param("rows").Base(), GP64())
	list := Load(Param("at").Base(), GP64())
	at, t, zq, bias := GP64(), ZMM(), ZMM(), ZMM()
	VPBROADCASTD(m, bias)
	row := []GPVirtual{GP64(), GP64(), GP64(), GP64()}
	address := func(place int, into GPVirtual) {
		MOVL(Mem{Base: list, Disp: 4 * place}, into.As32())
		IMULQ(s.bytes, into)
		ADDQ(rows, into)
	}

	XORQ(at, at)
	Label("ahead")
	CMPQ(at, n)
	JGE(LabelRef("asked"))
	MOVL(Mem{Base: list, Index: at, Scale: 4}, row[0].As32())
	IMULQ(s.bytes, row[0])
	ADDQ(rows, row[0])
	LEAQ(Mem{Base: row[0], Index: s.bytes, Scale: 1}, row[1])
	Label("line")
	PREFETCHT0(Mem{Base: row[0]})
	ADDQ(Imm(64), row[0])
	CMPQ(row[0], row[1])
	JL(LabelRef("line"))
	INCQ(at)
	JMP(LabelRef("ahead"))
	Label("asked")

	// −128·Σq, in one register of 16 lanes that every row begins with.
	extra := zeroed(1, ZMM)[0]
	s.each("query", at, func(masked bool) {
		s.loadBytes(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
		VPDPBUSD(zq, bias, extra)
	})
	begin := zeroed(1, ZMM)[0]
	VPSUBD(extra, begin, begin)

	Label("eight")
	CMPQ(n, Imm(8))
	JL(LabelRef("one"))
	sums := make([]VecVirtual, 8)
	for i := range sums {
		sums[i] = ZMM()
		VMOVDQA32(begin, sums[i])
	}
	for half := range 2 {
		for i := range row {
			address(4*half+i, row[i])
		}
		s.each([]string{"first_number", "second_number"}[half], at, func(masked bool) {
			s.loadBytes(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
			for i := range row {
				s.multiplyAddBytes(masked, Mem{Base: row[i], Index: at, Scale: 1}, bias, zq, sums[4*half+i], t)
			}
		})
	}
	VMOVDQU(halveEight512(sums, VPADDD, where).AsY(), Mem{Base: dst})
	ADDQ(Imm(32), dst)
	ADDQ(Imm(32), list)
	SUBQ(Imm(8), n)
	JMP(LabelRef("eight"))

	Label("one")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	sum := ZMM()
	VMOVDQA32(begin, sum)
	address(0, row[0])
	s.each("one_number", at, func(masked bool) {
		s.loadBytes(masked, Mem{Base: q, Index: at, Scale: 1}, zq)
		s.multiplyAddBytes(masked, Mem{Base: row[0], Index: at, Scale: 1}, bias, zq, sum, t)
	})
	VMOVD(halve512(sum, VPADDD), Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(4), list)
	DECQ(n)
	JMP(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}

// dotInt8AVX2 widens 16 bytes of each side to words and adds the products in pairs, which cannot
// overflow: 2·128² < 2^31.
func dotInt8AVX2() {
	kernel("dotInt8AVX2", "func(a, b []int8) int32", "dotInt8AVX2 is DotInt8 with AVX2.")
	a := Load(Param("a").Base(), GP64())
	b := Load(Param("b").Base(), GP64())
	n := Load(Param("a").Len(), GP64())
	whole, at := GP64(), GP64()
	MOVQ(n, whole)
	ANDQ(I32(-16), whole)
	XORQ(at, at)
	low, high, x, y := YMM(), YMM(), YMM(), YMM()
	VPXOR(low, low, low)
	VPXOR(high, high, high)
	Label("sixteen")
	CMPQ(at, whole)
	JGE(LabelRef("halve"))
	VPMOVSXBW(Mem{Base: a, Index: at, Scale: 1}, x)
	VPMOVSXBW(Mem{Base: b, Index: at, Scale: 1}, y)
	VPMADDWD(y, x, x)
	VPADDD(x, low, low)
	ADDQ(Imm(16), at)
	JMP(LabelRef("sixteen"))
	Label("halve")
	sum, p, r := GP32(), GP32(), GP32()
	VMOVD(halve256(low, high, VPADDD), sum)
	Label("one")
	CMPQ(at, n)
	JGE(LabelRef("done"))
	MOVBLSX(Mem{Base: a, Index: at, Scale: 1}, p)
	MOVBLSX(Mem{Base: b, Index: at, Scale: 1}, r)
	IMULL(r, p)
	ADDL(p, sum)
	INCQ(at)
	JMP(LabelRef("one"))
	Label("done")
	Store(sum, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
