package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// panel is how many columns of a layer's weights lie together.
const panel = 32

// layer is a block of rows × (n vectors) of what a layer gives: its sums begin with what they are
// given and stay in registers while k goes by. The rows of x lie as they are; three of them share
// a register, which holds the address of the one in the middle of the first two steps.
func layer(s isa, rows, n int) {
	name := fmt.Sprintf("layer%dx%d%s", rows, n*s.bytes/4, s.suffix)
	build.TEXT(name, build.NOSPLIT, "func(k int, x *float32, ldx int, w *float32, from *float32, ldf int, to *float32, ldt int, cut bool)")
	build.Pragma("noescape")
	build.Doc(name + " is a layerFunc.")
	k := build.Load(build.Param("k"), build.GP64())
	x := build.Load(build.Param("x"), build.GP64())
	ldx := build.Load(build.Param("ldx"), build.GP64())
	w := build.Load(build.Param("w"), build.GP64())
	from := build.Load(build.Param("from"), build.GP64())
	ldf := build.Load(build.Param("ldf"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())
	ldt := build.Load(build.Param("ldt"), build.GP64())
	for _, stride := range []reg.Register{ldx, ldf, ldt} {
		build.SHLQ(operand.Imm(2), stride)
	}

	sums, rest := s.vec[:rows*n], s.vec[rows*n:]
	row, v := rest[:n], rest[n]
	for r := range rows {
		for j := range n {
			build.VMOVUPS(operand.Mem{Base: from, Disp: j * s.bytes}, sums[r*n+j])
		}
		build.ADDQ(ldf, from)
	}
	var bases []reg.GPVirtual
	for r := 0; r < rows; r += 3 {
		base := build.GP64()
		if r == 0 {
			build.MOVQ(x, base)
		} else {
			build.LEAQ(operand.Mem{Base: bases[len(bases)-1], Index: ldx, Scale: 2}, base)
			build.ADDQ(ldx, base)
		}
		bases = append(bases, base)
	}
	build.TESTQ(k, k)
	build.JZ(operand.LabelRef("done"))
	build.Label("loop")
	for j, u := range row {
		build.VMOVUPS(operand.Mem{Base: w, Disp: j * s.bytes}, u)
	}
	for r := range rows {
		at := operand.Mem{Base: bases[r/3]}
		if r%3 > 0 {
			at.Index, at.Scale = ldx, uint8(r%3)
		}
		build.VBROADCASTSS(at, v)
		for j, u := range row {
			build.VFMADD231PS(u, v, sums[r*n+j])
		}
	}
	for _, base := range bases {
		build.ADDQ(operand.Imm(4), base)
	}
	build.ADDQ(operand.U32(4*panel), w)
	build.DECQ(k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")

	cut := build.Load(build.Param("cut"), build.GP8())
	build.TESTB(cut, cut)
	build.JZ(operand.LabelRef("store"))
	s.zero(v)
	for _, sum := range sums {
		build.VMAXPS(sum, v, sum) // of a NaN the second: the sum
	}
	build.Label("store")
	for r := range rows {
		for j := range n {
			build.VMOVUPS(sums[r*n+j], operand.Mem{Base: to, Disp: j * s.bytes})
		}
		build.ADDQ(ldt, to)
	}
	build.VZEROUPPER()
	build.RET()
}

// line is one row of a layer for so many panels, gap bytes apart: sums enough that each waits for its
// last product while the others are added to.
func line(s isa, panels int) {
	name := fmt.Sprintf("line%dx%d%s", panels, panel, s.suffix)
	build.TEXT(name, build.NOSPLIT, "func(k int, x *float32, w *float32, gap int, from *float32, to *float32, cut bool)")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("%s is a layerFunc for one row and %d panels, gap bytes apart.", name, panels))
	k := build.Load(build.Param("k"), build.GP64())
	x := build.Load(build.Param("x"), build.GP64())
	w := build.Load(build.Param("w"), build.GP64())
	gap := build.Load(build.Param("gap"), build.GP64())
	from := build.Load(build.Param("from"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())

	each := 4 * panel / s.bytes // vectors of a panel
	sums, v := s.vec[:panels*each], s.vec[panels*each]
	bases := []reg.Register{w}
	for range panels - 1 {
		next := build.GP64()
		build.MOVQ(bases[len(bases)-1], next)
		build.ADDQ(gap, next)
		bases = append(bases, next)
	}
	for j, sum := range sums {
		build.VMOVUPS(operand.Mem{Base: from, Disp: j * s.bytes}, sum)
	}
	build.TESTQ(k, k)
	build.JZ(operand.LabelRef("done"))
	build.Label("loop")
	build.VBROADCASTSS(operand.Mem{Base: x}, v)
	for j, sum := range sums {
		build.VFMADD231PS(operand.Mem{Base: bases[j/each], Disp: j % each * s.bytes}, v, sum)
	}
	build.ADDQ(operand.Imm(4), x)
	for _, base := range bases {
		build.ADDQ(operand.U32(4*panel), base)
	}
	build.DECQ(k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")

	cut := build.Load(build.Param("cut"), build.GP8())
	build.TESTB(cut, cut)
	build.JZ(operand.LabelRef("store"))
	s.zero(v)
	for _, sum := range sums {
		build.VMAXPS(sum, v, sum) // of a NaN the second: the sum
	}
	build.Label("store")
	for j, sum := range sums {
		build.VMOVUPS(sum, operand.Mem{Base: to, Disp: j * s.bytes})
	}
	build.VZEROUPPER()
	build.RET()
}
