package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// roots are 1/√(g + shift), element by element.
func roots(s isa) {
	build.TEXT("roots"+s.suffix, build.NOSPLIT, "func(cols int, from *float32, shift float32, to *float32)")
	build.Pragma("noescape")
	build.Doc("roots" + s.suffix + " is a rootsFunc.")
	cols := build.Load(build.Param("cols"), build.GP64())
	g := build.Load(build.Param("from"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())
	shift, one, v := s.vec[0], s.vec[1], s.vec[2]
	addr, err := build.Param("shift").Resolve()
	if err != nil {
		panic(err)
	}
	build.VBROADCASTSS(addr.Addr, shift)
	bits := build.GP32()
	build.MOVL(operand.U32(0x3f800000), bits)
	build.VMOVD(bits, low(one))
	build.VBROADCASTSS(low(one), one)
	build.Label("loop")
	build.VADDPS(operand.Mem{Base: g}, shift, v)
	build.VSQRTPS(v, v)
	build.VDIVPS(v, one, v)
	build.VMOVUPS(v, operand.Mem{Base: to})
	build.ADDQ(operand.U32(uint32(s.bytes)), g)
	build.ADDQ(operand.U32(uint32(s.bytes)), to)
	build.SUBQ(operand.U32(uint32(s.bytes/4)), cols)
	build.JNZ(operand.LabelRef("loop"))
	build.VZEROUPPER()
	build.RET()
}

// spread multiplies rows by one vector, element by element.
func spread(s isa) {
	build.TEXT("spread"+s.suffix, build.NOSPLIT, "func(m int, cols int, x *float32, by *float32, to *float32)")
	build.Pragma("noescape")
	build.Doc("spread" + s.suffix + " is a spreadFunc.")
	m := build.Load(build.Param("m"), build.GP64())
	cols := build.Load(build.Param("cols"), build.GP64())
	x := build.Load(build.Param("x"), build.GP64())
	by := build.Load(build.Param("by"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())
	v := s.vec[0]
	build.Label("row")
	at, left := build.GP64(), build.GP64()
	build.MOVQ(by, at)
	build.MOVQ(cols, left)
	build.Label("loop")
	build.VMOVUPS(operand.Mem{Base: x}, v)
	build.VMULPS(operand.Mem{Base: at}, v, v)
	build.VMOVUPS(v, operand.Mem{Base: to})
	build.ADDQ(operand.U32(uint32(s.bytes)), x)
	build.ADDQ(operand.U32(uint32(s.bytes)), at)
	build.ADDQ(operand.U32(uint32(s.bytes)), to)
	build.SUBQ(operand.U32(uint32(s.bytes/4)), left)
	build.JNZ(operand.LabelRef("loop"))
	build.DECQ(m)
	build.JNZ(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}
