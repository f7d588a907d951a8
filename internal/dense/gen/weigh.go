package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// weigh multiplies rows by their weights and adds them up, 64 columns at a time and then 16.
func weigh(s isa) {
	build.TEXT("weigh"+s.suffix, build.NOSPLIT, "func(m int, cols int, x *float32, w *float32, left *float32, sum *float32)")
	build.Pragma("noescape")
	build.Doc("weigh" + s.suffix + " is a weighFunc.")
	m := build.Load(build.Param("m"), build.GP64())
	cols := build.Load(build.Param("cols"), build.GP64())
	x := build.Load(build.Param("x"), build.GP64())
	w := build.Load(build.Param("w"), build.GP64())
	left := build.Load(build.Param("left"), build.GP64())
	sum := build.Load(build.Param("sum"), build.GP64())
	stride, rest := build.GP64(), build.GP64()
	build.MOVQ(cols, stride)
	build.SHLQ(operand.Imm(2), stride)
	build.MOVQ(cols, rest)

	build.Label("wide")
	build.CMPQ(rest, operand.Imm(64))
	build.JLT(operand.LabelRef("narrow"))
	weighColumns(s, "wide", 64, m, x, w, left, sum, stride, rest)
	build.JMP(operand.LabelRef("wide"))

	build.Label("narrow")
	build.TESTQ(rest, rest)
	build.JZ(operand.LabelRef("done"))
	weighColumns(s, "narrow", side, m, x, w, left, sum, stride, rest)
	build.JMP(operand.LabelRef("narrow"))

	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// weighColumns does so many columns of all rows, and goes on to the next.
func weighColumns(s isa, name string, columns int, m, x, w, left, sum, stride, rest reg.Register) {
	n := columns * 4 / s.bytes
	sums, v, weight := s.vec[:n], s.vec[n], s.vec[n+1]
	for j, a := range sums {
		build.VMOVUPS(operand.Mem{Base: sum, Disp: j * s.bytes}, a)
	}
	from, to, weights, rows := build.GP64(), build.GP64(), build.GP64(), build.GP64()
	build.MOVQ(x, from)
	build.MOVQ(m, rows)
	build.MOVQ(w, weights)
	build.MOVQ(left, to)
	build.TESTQ(w, w)
	build.JZ(operand.LabelRef(name + "_plain"))

	build.Label(name + "_weighted")
	build.VBROADCASTSS(operand.Mem{Base: weights}, weight)
	for j, a := range sums {
		build.VMULPS(operand.Mem{Base: from, Disp: j * s.bytes}, weight, v)
		build.VMOVUPS(v, operand.Mem{Base: to, Disp: j * s.bytes})
		build.VADDPS(v, a, a)
	}
	build.ADDQ(stride, from)
	build.ADDQ(stride, to)
	build.ADDQ(operand.Imm(4), weights)
	build.DECQ(rows)
	build.JNZ(operand.LabelRef(name + "_weighted"))
	build.JMP(operand.LabelRef(name + "_next"))

	build.Label(name + "_plain")
	for j, a := range sums {
		build.VADDPS(operand.Mem{Base: from, Disp: j * s.bytes}, a, a)
	}
	build.ADDQ(stride, from)
	build.DECQ(rows)
	build.JNZ(operand.LabelRef(name + "_plain"))

	build.Label(name + "_next")
	for j, a := range sums {
		build.VMOVUPS(a, operand.Mem{Base: sum, Disp: j * s.bytes})
	}
	build.ADDQ(operand.U32(4*columns), x)
	build.ADDQ(operand.U32(4*columns), left)
	build.ADDQ(operand.U32(4*columns), sum)
	build.SUBQ(operand.U32(columns), rest)
}

// dots are the products of rows with one vector: 16 sums a row, which are then added in halves.
func dots(s isa) {
	build.TEXT("dots"+s.suffix, build.NOSPLIT, "func(m int, cols int, x *float32, z *float32, to *float32)")
	build.Pragma("noescape")
	build.Doc("dots" + s.suffix + " is a dotsFunc.")
	m := build.Load(build.Param("m"), build.GP64())
	cols := build.Load(build.Param("cols"), build.GP64())
	x := build.Load(build.Param("x"), build.GP64())
	z := build.Load(build.Param("z"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())
	parts := s.parts()
	sums, half := s.vec[:parts], s.vec[parts+1]

	build.Label("row")
	for _, v := range sums {
		s.zero(v)
	}
	at, left := build.GP64(), build.GP64()
	build.MOVQ(z, at)
	build.MOVQ(cols, left)
	build.Label("loop")
	for q, v := range sums {
		build.VMOVUPS(operand.Mem{Base: at, Disp: q * s.bytes}, half)
		build.VFMADD231PS(operand.Mem{Base: x, Disp: q * s.bytes}, half, v)
	}
	build.ADDQ(operand.Imm(4*side), x)
	build.ADDQ(operand.Imm(4*side), at)
	build.SUBQ(operand.Imm(side), left)
	build.JNZ(operand.LabelRef("loop"))
	s.halves(sums, half)
	build.VMOVSS(low(sums[0]), operand.Mem{Base: to})
	build.ADDQ(operand.Imm(4), to)
	build.DECQ(m)
	build.JNZ(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}

// halves adds the 16 sums of a block, the upper half to the lower one, until one is left.
func (s isa) halves(sums []reg.VecPhysical, half reg.VecPhysical) {
	sum := sums[0]
	if len(sums) == 2 {
		build.VADDPS(sums[1].AsY(), sum.AsY(), sum.AsY())
	} else {
		build.VEXTRACTF64X4(operand.Imm(1), sum, half.AsY())
		build.VADDPS(half.AsY(), sum.AsY(), sum.AsY())
	}
	build.VEXTRACTF128(operand.Imm(1), sum.AsY(), half.AsX())
	build.VADDPS(half.AsX(), sum.AsX(), sum.AsX())
	build.VMOVHLPS(sum.AsX(), sum.AsX(), half.AsX())
	build.VADDPS(half.AsX(), sum.AsX(), sum.AsX())
	build.VMOVSHDUP(sum.AsX(), half.AsX())
	build.VADDSS(half.AsX(), sum.AsX(), sum.AsX())
}
