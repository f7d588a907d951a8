package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A block holds 16 rows, four numbers of each side by side: VPDPBUSD multiplies those with four
// numbers of the query that every lane gets, so a lane is a row and nothing is left to halve.

func scanInt8AVX512() {
	m := NewDataAddr(Symbol{Name: "biases", Static: true}, 0)
	kernel("scanInt8AVX512", "func(dst []float32, q []int8, blocks []uint8, scales []float32)", "scanInt8AVX512 is ScanInt8 with AVX-512 and VNNI.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	length := Load(Param("q").Len(), GP64())
	block := Load(Param("blocks").Base(), GP64())
	scale := Load(Param("scales").Base(), GP64())
	at, four, bias, t := GP64(), GP64(), ZMM(), ZMM()
	MOVQ(length, four)
	ANDQ(I32(-16), four)
	VPBROADCASTD(m, bias)

	extra, begin := ZMM(), ZMM() // −128·Σq in every lane
	VPXORD(extra, extra, extra)
	VPXORD(begin, begin, begin)
	XORQ(at, at)
	Label("query")
	CMPQ(at, length)
	JGE(LabelRef("block"))
	VPBROADCASTD(Mem{Base: q, Index: at, Scale: 1}, t)
	VPDPBUSD(t, bias, extra)
	ADDQ(Imm(4), at)
	JMP(LabelRef("query"))

	Label("block")
	SUBQ(Imm(16), n)
	JL(LabelRef("done"))
	sum := []VecVirtual{ZMM(), ZMM()}
	VPSUBD(extra, begin, sum[0])
	VPXORD(sum[1], sum[1], sum[1])
	XORQ(at, at)
	Label("four")
	CMPQ(at, four)
	JGE(LabelRef("one"))
	for i := range 4 {
		m := Mem{Base: block, Disp: 64 * i}
		askAhead(m)
		VMOVDQU32(m, t)
		VPDPBUSD_BCST(Mem{Base: q, Index: at, Scale: 1, Disp: 4 * i}, t, sum[i%2])
	}
	ADDQ(I32(256), block)
	ADDQ(Imm(16), at)
	JMP(LabelRef("four"))
	Label("one")
	CMPQ(at, length)
	JGE(LabelRef("scale"))
	askAhead(Mem{Base: block})
	VMOVDQU32(Mem{Base: block}, t)
	VPDPBUSD_BCST(Mem{Base: q, Index: at, Scale: 1}, t, sum[0])
	ADDQ(Imm(64), block)
	ADDQ(Imm(4), at)
	JMP(LabelRef("one"))
	Label("scale")
	VPADDD(sum[1], sum[0], sum[0])
	VCVTDQ2PS(sum[0], sum[0])
	VMULPS(Mem{Base: scale}, sum[0], sum[0])
	VMOVUPS(sum[0], Mem{Base: dst})
	ADDQ(Imm(64), scale)
	ADDQ(Imm(64), dst)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// scanInt8AVX2 widens to words, since VPMADDUBSW would saturate.
func scanInt8AVX2() {
	m := NewDataAddr(Symbol{Name: "halves", Static: true}, 0)
	GLOBL("halves", RODATA|NOPTR)
	DATA(0, U32(0x00800080))
	kernel("scanInt8AVX2", "func(dst []float32, q []int8, blocks []uint8, scales []float32)", "scanInt8AVX2 is ScanInt8 with AVX2.")
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	q := Load(Param("q").Base(), GP64())
	length := Load(Param("q").Len(), GP64())
	block := Load(Param("blocks").Base(), GP64())
	scale := Load(Param("scales").Base(), GP64())
	at, bias, word, t := GP64(), YMM(), YMM(), YMM()
	VPBROADCASTD(m, bias)

	Label("block")
	SUBQ(Imm(16), n)
	JL(LabelRef("done"))
	sum := []VecVirtual{YMM(), YMM(), YMM(), YMM()} // four rows each, two sums of a row
	for _, s := range sum {
		VPXOR(s, s, s)
	}
	XORQ(at, at)
	Label("group")
	CMPQ(at, length)
	JGE(LabelRef("scale"))
	VPBROADCASTD(Mem{Base: q, Index: at, Scale: 1}, word.AsX())
	VPMOVSXBW(word.AsX(), word)
	askAhead(Mem{Base: block})
	for i, s := range sum {
		VPMOVZXBW(Mem{Base: block, Disp: 16 * i}, t)
		VPSUBW(bias, t, t)
		VPMADDWD(word, t, t)
		VPADDD(t, s, s)
	}
	ADDQ(Imm(64), block)
	ADDQ(Imm(4), at)
	JMP(LabelRef("group"))
	Label("scale")
	for i := 0; i < 4; i += 2 {
		VPHADDD(sum[i+1], sum[i], t)
		VPERMQ(Imm(0xD8), t, t)
		VCVTDQ2PS(t, t)
		VMULPS(Mem{Base: scale, Disp: 16 * i}, t, t)
		VMOVUPS(t, Mem{Base: dst, Disp: 16 * i})
	}
	ADDQ(Imm(64), scale)
	ADDQ(Imm(64), dst)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// Comparisons that are false for no number.
const (
	lessThan    = 0x11
	lessOrEqual = 0x12
)

func atLeastAVX512() {
	kernel("atLeastAVX512", "func(mask []uint64, scores []float32, least float32)", "atLeastAVX512 is AtLeast with AVX-512.")
	mask := Load(Param("mask").Base(), GP64())
	score := Load(Param("scores").Base(), GP64())
	n := Load(Param("scores").Len(), GP64())
	least, k := ZMM(), K()
	m, err := Param("least").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(m.Addr, least)
	Label("sixteen")
	SUBQ(Imm(16), n)
	JL(LabelRef("done"))
	VCMPPS(Imm(lessOrEqual), Mem{Base: score}, least, k)
	KMOVW(k, Mem{Base: mask})
	ADDQ(Imm(64), score)
	ADDQ(Imm(2), mask)
	JMP(LabelRef("sixteen"))
	Label("done")
	VZEROUPPER()
	RET()
}

func atLeastAVX2() {
	kernel("atLeastAVX2", "func(mask []uint64, scores []float32, least float32)", "atLeastAVX2 is AtLeast with AVX2.")
	mask := Load(Param("mask").Base(), GP64())
	score := Load(Param("scores").Base(), GP64())
	n := Load(Param("scores").Len(), GP64())
	least, t, bits := YMM(), YMM(), GP32()
	m, err := Param("least").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(m.Addr, least)
	Label("eight")
	SUBQ(Imm(8), n)
	JL(LabelRef("done"))
	VCMPPS(Imm(lessOrEqual), Mem{Base: score}, least, t)
	VMOVMSKPS(t, bits)
	MOVB(bits.As8(), Mem{Base: mask})
	ADDQ(Imm(32), score)
	INCQ(mask)
	JMP(LabelRef("eight"))
	Label("done")
	VZEROUPPER()
	RET()
}

// read writes the body of readAVX512 and readAVX2: eight registers at a time, of width bytes each.
func read(width int, vec func() VecVirtual, xor adder) {
	b := Load(Param("b").Base(), GP64())
	n := Load(Param("b").Len(), GP64())
	all := make([]VecVirtual, 8)
	for i := range all {
		all[i] = vec()
		xor(all[i], all[i], all[i])
	}
	Label("eight")
	SUBQ(I32(8*width), n)
	JL(LabelRef("done"))
	for i, v := range all {
		xor(Mem{Base: b, Disp: width * i}, v, v)
	}
	ADDQ(I32(8*width), b)
	JMP(LabelRef("eight"))
	Label("done")
	for _, v := range all[1:] {
		xor(v, all[0], all[0])
	}
	out := GP64()
	VMOVQ(all[0].AsX(), out)
	Store(out, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func readAVX512() {
	kernel("readAVX512", "func(b []byte) uint64", "readAVX512 is Read with AVX-512: whole 512 bytes.")
	read(64, ZMM, func(ops ...Op) { VPXORQ(ops...) })
}

func readAVX2() {
	kernel("readAVX2", "func(b []byte) uint64", "readAVX2 is Read with AVX2: whole 256 bytes.")
	read(32, YMM, func(ops ...Op) { VPXOR(ops[0], ops[1], ops[2]) })
}

// largestAVX512 keeps for each of 16 lanes the largest difference and where it is; a later equal one does not
// replace it. where holds 0 to 15 at first.
func largestAVX512() {
	kernel("largestAVX512", "func(best *[16]float32, where *[16]uint32, scores []float32, by float32, less []float32)", "largestAVX512 is largestGo with AVX-512, for a length that 16 divides.")
	bestAt, whereAt := Load(Param("best"), GP64()), Load(Param("where"), GP64())
	score := Load(Param("scores").Base(), GP64())
	n := Load(Param("scores").Len(), GP64())
	less := Load(Param("less").Base(), GP64())
	best, where, now, sixteen, by, t, k := ZMM(), ZMM(), ZMM(), ZMM(), ZMM(), ZMM(), K()
	m, err := Param("by").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(m.Addr, by)
	VMOVUPS(Mem{Base: bestAt}, best)
	VMOVDQU32(Mem{Base: whereAt}, where)
	VMOVDQA32(where, now)
	step := GP32()
	MOVL(U32(16), step)
	VPBROADCASTD(step, sixteen)
	Label("sixteen")
	SUBQ(Imm(16), n)
	JL(LabelRef("done"))
	VMULPS(Mem{Base: score}, by, t)
	VSUBPS(Mem{Base: less}, t, t)
	VCMPPS(Imm(lessThan), t, best, k)
	VMOVAPS(t, k, best)
	VMOVDQA32(now, k, where)
	VPADDD(sixteen, now, now)
	ADDQ(Imm(64), score)
	ADDQ(Imm(64), less)
	JMP(LabelRef("sixteen"))
	Label("done")
	VMOVUPS(best, Mem{Base: bestAt})
	VMOVDQU32(where, Mem{Base: whereAt})
	VZEROUPPER()
	RET()
}

// indexAVX512 compares 16 numbers at a time, the last ones under a mask, so that nothing is read behind
// the end.
func indexAVX512() {
	kernel("indexAVX512", "func(list []uint32, x uint32) int", "indexAVX512 is Index with AVX-512.")
	list := Load(Param("list").Base(), GP64())
	n, x, bits, whole, at, some, k := GP64(), ZMM(), GP32(), GP32(), GP64(), K(), K()
	Load(Param("list").Len(), n)
	VPBROADCASTD(Load(Param("x"), GP32()), x)
	XORQ(at, at)
	Label("sixteen")
	SUBQ(Imm(16), n)
	JL(LabelRef("rest"))
	VPCMPEQD(Mem{Base: list, Index: at, Scale: 4}, x, k)
	KORTESTW(k, k)
	JNZ(LabelRef("found"))
	ADDQ(Imm(16), at)
	JMP(LabelRef("sixteen"))
	Label("rest")
	ADDQ(Imm(16), n)
	MOVL(U32(0xffff), whole)
	BZHIL(n.As32(), whole, bits)
	KMOVW(bits, some)
	VPCMPEQD(Mem{Base: list, Index: at, Scale: 4}, x, some, k)
	KORTESTW(k, k)
	JNZ(LabelRef("found"))
	MOVQ(I32(-1), at)
	JMP(LabelRef("done"))
	Label("found")
	KMOVW(k, bits)
	BSFL(bits, bits)
	ADDQ(bits.As64(), at)
	Label("done")
	Store(at, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func indexAVX2() {
	kernel("indexAVX2", "func(list []uint32, x uint32) int", "indexAVX2 is Index with AVX2, for a length that 8 divides.")
	list := Load(Param("list").Base(), GP64())
	n := Load(Param("list").Len(), GP64())
	x, t, bits, at := YMM(), YMM(), GP32(), GP64()
	VMOVD(Load(Param("x"), GP32()), x.AsX())
	VPBROADCASTD(x.AsX(), x)
	XORQ(at, at)
	Label("eight")
	CMPQ(at, n)
	JE(LabelRef("none"))
	VPCMPEQD(Mem{Base: list, Index: at, Scale: 4}, x, t)
	VMOVMSKPS(t, bits)
	TESTL(bits, bits)
	JNZ(LabelRef("found"))
	ADDQ(Imm(8), at)
	JMP(LabelRef("eight"))
	Label("none")
	MOVQ(I32(-1), at)
	JMP(LabelRef("done"))
	Label("found")
	BSFL(bits, bits)
	ADDQ(bits.As64(), at)
	Label("done")
	Store(at, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
