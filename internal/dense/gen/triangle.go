package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// side is that of the blocks on the diagonal of a triangle.
const side = 16

// parts is how many vectors a row of a block has.
func (s isa) parts() int { return side * 4 / s.bytes }

// low are the first four floats of a register.
func low(v reg.VecPhysical) reg.Register { return v.AsX() }

// factor is the Cholesky factor of a block, row by row: a row less its part in the rows above,
// divided by the root of what is left on the diagonal.
func factor(s isa) {
	build.TEXT("factor"+s.suffix, build.NOSPLIT, "func(a *float32, lda int, d *float32, inv *float32) bool")
	build.Pragma("noescape")
	build.Doc("factor" + s.suffix + " is a factorFunc.")
	a := build.Load(build.Param("a"), build.GP64())
	lda := build.Load(build.Param("lda"), build.GP64())
	d := build.Load(build.Param("d"), build.GP64())
	inv := build.Load(build.Param("inv"), build.GP64())
	build.SHLQ(operand.Imm(2), lda)

	parts := s.parts()
	one, zero := s.vec[len(s.vec)-1], s.vec[len(s.vec)-2]
	pivot, x := s.vec[len(s.vec)-3], s.vec[len(s.vec)-4]
	build.VXORPS(low(zero), low(zero), low(zero))
	bits := build.GP32()
	build.MOVL(operand.U32(0x3f800000), bits)
	build.VMOVD(bits, low(one))
	for i := range side {
		rows := s.vec[:parts]
		if parts == 1 {
			rows = s.vec[i : i+1] // all rows stay in registers
		}
		for q, row := range rows {
			build.VMOVUPS(operand.Mem{Base: a, Disp: q * s.bytes}, row)
		}
		build.ADDQ(lda, a)
		for r := range i {
			build.VBROADCASTSS(operand.Mem{Base: d, Disp: 4 * (r*side + i)}, x)
			for q, row := range rows {
				if parts == 1 {
					build.VFNMADD231PS(s.vec[r], x, row)
				} else {
					build.VFNMADD231PS(operand.Mem{Base: d, Disp: 4*r*side + q*s.bytes}, x, row)
				}
			}
		}
		for q, row := range rows {
			build.VMOVUPS(row, operand.Mem{Base: d, Disp: 4*i*side + q*s.bytes})
		}
		at := operand.Mem{Base: d, Disp: 4 * (i*side + i)}
		build.VMOVSS(at, low(pivot))
		build.VUCOMISS(low(zero), low(pivot))
		build.JLS(operand.LabelRef("refused"))
		build.VSQRTSS(low(pivot), low(pivot), low(pivot))
		build.VDIVSS(low(pivot), low(one), low(x))
		build.VMOVSS(low(x), operand.Mem{Base: inv, Disp: 4 * i})
		build.VBROADCASTSS(low(x), x)
		for q, row := range rows {
			build.VMULPS(row, x, row)
			build.VMOVUPS(row, operand.Mem{Base: d, Disp: 4*i*side + q*s.bytes})
		}
		build.VMOVSS(low(pivot), at)
	}
	build.VZEROUPPER()
	ok := build.GP8()
	build.MOVB(operand.U8(1), ok)
	build.Store(ok, build.ReturnIndex(0))
	build.RET()
	build.Label("refused")
	build.VZEROUPPER()
	no := build.GP8()
	build.MOVB(operand.U8(0), no)
	build.Store(no, build.ReturnIndex(0))
	build.RET()
}

// under solves for the rows of a block's factor in cols columns.
func under(s isa) {
	build.TEXT("under"+s.suffix, build.NOSPLIT, "func(cols int, d *float32, inv *float32, x *float32, ldx int)")
	build.Pragma("noescape")
	build.Doc("under" + s.suffix + " is an underFunc.")
	cols := build.Load(build.Param("cols"), build.GP64())
	d := build.Load(build.Param("d"), build.GP64())
	inv := build.Load(build.Param("inv"), build.GP64())
	x := build.Load(build.Param("x"), build.GP64())
	ldx := build.Load(build.Param("ldx"), build.GP64())
	build.SHLQ(operand.Imm(2), ldx)

	// With few registers a row that was solved is read again where it was written.
	kept := len(s.vec) >= 2*side
	factor := s.vec[len(s.vec)-1]
	build.TESTQ(cols, cols)
	build.JZ(operand.LabelRef("done"))
	build.Label("loop")
	at, above := build.GP64(), build.GP64()
	build.MOVQ(x, at)
	for i := range side {
		row := s.vec[0]
		if kept {
			row = s.vec[i]
		}
		build.VMOVUPS(operand.Mem{Base: at}, row)
		build.MOVQ(x, above)
		for r := range i {
			build.VBROADCASTSS(operand.Mem{Base: d, Disp: 4 * (r*side + i)}, factor)
			if kept {
				build.VFNMADD231PS(s.vec[r], factor, row)
			} else {
				build.VFNMADD231PS(operand.Mem{Base: above}, factor, row)
				build.ADDQ(ldx, above)
			}
		}
		build.VBROADCASTSS(operand.Mem{Base: inv, Disp: 4 * i}, factor)
		build.VMULPS(factor, row, row)
		build.VMOVUPS(row, operand.Mem{Base: at})
		build.ADDQ(ldx, at)
	}
	build.ADDQ(operand.Imm(uint64(s.bytes)), x)
	build.SUBQ(operand.Imm(uint64(s.bytes/4)), cols)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// forward solves a block of U'y = b and takes its part out of the blocks that follow.
func forward(s isa) {
	build.TEXT("forward"+s.suffix, build.NOSPLIT, "func(cols int, d *float32, inv *float32, u *float32, ldu int, y *float32)")
	build.Pragma("noescape")
	build.Doc("forward" + s.suffix + " is a solveFunc.")
	cols := build.Load(build.Param("cols"), build.GP64())
	d := build.Load(build.Param("d"), build.GP64())
	inv := build.Load(build.Param("inv"), build.GP64())
	u := build.Load(build.Param("u"), build.GP64())
	ldu := build.Load(build.Param("ldu"), build.GP64())
	y := build.Load(build.Param("y"), build.GP64())
	build.SHLQ(operand.Imm(2), ldu)

	for i := range side {
		yi := low(s.vec[i])
		build.VMOVSS(operand.Mem{Base: y, Disp: 4 * i}, yi)
		for r := range i {
			build.VFNMADD231SS(operand.Mem{Base: d, Disp: 4 * (r*side + i)}, low(s.vec[r]), yi)
		}
		build.VMULSS(operand.Mem{Base: inv, Disp: 4 * i}, yi, yi)
		build.VMOVSS(yi, operand.Mem{Base: y, Disp: 4 * i})
	}
	build.TESTQ(cols, cols)
	build.JZ(operand.LabelRef("done"))
	kept := len(s.vec) >= 2*side
	sum, factor := s.vec[len(s.vec)-1], s.vec[len(s.vec)-2]
	if kept {
		for i := range side {
			build.VBROADCASTSS(operand.Mem{Base: y, Disp: 4 * i}, s.vec[i])
		}
	}
	to := build.GP64()
	build.MOVQ(y, to)
	build.ADDQ(operand.Imm(4*side), to)
	build.Label("loop")
	build.VMOVUPS(operand.Mem{Base: to}, sum)
	row := build.GP64()
	build.MOVQ(u, row)
	for r := range side {
		if kept {
			factor = s.vec[r]
		} else {
			build.VBROADCASTSS(operand.Mem{Base: y, Disp: 4 * r}, factor)
		}
		build.VFNMADD231PS(operand.Mem{Base: row}, factor, sum)
		build.ADDQ(ldu, row)
	}
	build.VMOVUPS(sum, operand.Mem{Base: to})
	build.ADDQ(operand.Imm(uint64(s.bytes)), u)
	build.ADDQ(operand.Imm(uint64(s.bytes)), to)
	build.SUBQ(operand.Imm(uint64(s.bytes/4)), cols)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// backward solves a block of Uz = y, given those that follow.
func backward(s isa) {
	build.TEXT("backward"+s.suffix, build.NOSPLIT, "func(cols int, d *float32, inv *float32, u *float32, ldu int, z *float32)")
	build.Pragma("noescape")
	build.Doc("backward" + s.suffix + " is a solveFunc.")
	cols := build.Load(build.Param("cols"), build.GP64())
	d := build.Load(build.Param("d"), build.GP64())
	inv := build.Load(build.Param("inv"), build.GP64())
	u := build.Load(build.Param("u"), build.GP64())
	ldu := build.Load(build.Param("ldu"), build.GP64())
	z := build.Load(build.Param("z"), build.GP64())
	build.SHLQ(operand.Imm(2), ldu)

	// Each row's product with what follows: 16 sums, which are then added in halves.
	build.TESTQ(cols, cols)
	build.JZ(operand.LabelRef("solve"))
	parts := s.parts()
	sums, half := s.vec[:parts], s.vec[parts+1]
	to, rows := build.GP64(), build.GP64()
	build.MOVQ(z, to)
	build.MOVQ(operand.U64(side), rows)
	build.Label("row")
	for _, v := range sums {
		s.zero(v)
	}
	at, from, left := build.GP64(), build.GP64(), build.GP64()
	build.MOVQ(u, at)
	build.MOVQ(z, from)
	build.ADDQ(operand.Imm(4*side), from)
	build.MOVQ(cols, left)
	build.Label("loop")
	for q, v := range sums {
		build.VMOVUPS(operand.Mem{Base: from, Disp: q * s.bytes}, half)
		build.VFNMADD231PS(operand.Mem{Base: at, Disp: q * s.bytes}, half, v)
	}
	build.ADDQ(operand.Imm(4*side), at)
	build.ADDQ(operand.Imm(4*side), from)
	build.SUBQ(operand.Imm(side), left)
	build.JNZ(operand.LabelRef("loop"))
	s.halves(sums, half)
	sum := sums[0]
	build.VADDSS(operand.Mem{Base: to}, sum.AsX(), sum.AsX())
	build.VMOVSS(sum.AsX(), operand.Mem{Base: to})
	build.ADDQ(operand.Imm(4), to)
	build.ADDQ(ldu, u)
	build.DECQ(rows)
	build.JNZ(operand.LabelRef("row"))

	build.Label("solve")
	for i := side - 1; i >= 0; i-- {
		zi := low(s.vec[i])
		build.VMOVSS(operand.Mem{Base: z, Disp: 4 * i}, zi)
		for j := side - 1; j > i; j-- {
			build.VFNMADD231SS(operand.Mem{Base: d, Disp: 4 * (i*side + j)}, low(s.vec[j]), zi)
		}
		build.VMULSS(operand.Mem{Base: inv, Disp: 4 * i}, zi, zi)
		build.VMOVSS(zi, operand.Mem{Base: z, Disp: 4 * i})
	}
	build.VZEROUPPER()
	build.RET()
}
