// Command gen writes the kernels of package dense in assembly:
//
//	cd internal/dense/gen && go run . -out ../kernel_amd64.s -stubs ../stub_amd64.go -pkg dense
//
// It is a module of its own, so that nothing but this command depends on the generator.
package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set as far as the kernels need it.
type isa struct {
	suffix string
	bytes  int               // of a vector
	vec    []reg.VecPhysical // its registers
}

func avx2() isa {
	return isa{"AVX2", 32, []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}}
}

func avx512() isa {
	return isa{"AVX512", 64, []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}}
}

func (s isa) zero(v reg.VecPhysical) {
	if s.bytes == 64 {
		build.VPXORD(v, v, v)
	} else {
		build.VXORPS(v, v, v)
	}
}

func main() {
	build.ConstraintExpr("amd64")
	for _, t := range []struct {
		set     isa
		rows, n int
	}{
		{avx512(), 12, 2}, {avx512(), 8, 2}, {avx512(), 8, 1},
		{avx2(), 6, 2}, {avx2(), 4, 2},
	} {
		tile(t.set, t.rows, t.n)
	}
	where := edges()
	for _, s := range []isa{avx512(), avx2()} {
		factor(s)
		under(s)
		forward(s)
		backward(s)
		weigh(s)
		dots(s)
		roots(s)
		spread(s)
		pool(s, where, true)
		pool(s, where, false)
		most(s)
		join(s)
	}
	layer(avx512(), 12, 2)
	layer(avx512(), 4, 2)
	layer(avx2(), 6, 2)
	layer(avx2(), 4, 2)
	for _, panels := range []int{4, 3, 2} {
		line(avx512(), panels)
	}
	line(avx2(), 2)
	linear(avx2())
	build.Generate()
}

// tile is a block of rows × (n vectors) of a product: its sums stay in registers while k goes by.
// The column of A that a step needs is rows floats that lie together, the row of B n vectors.
func tile(s isa, rows, n int) {
	width := n * s.bytes / 4
	build.TEXT(fmt.Sprintf("tile%dx%d%s", rows, width, s.suffix), build.NOSPLIT,
		"func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool)")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("tile%dx%d%s is a tile of %d rows and %d columns; see tileFunc.", rows, width, s.suffix, rows, width))

	k := build.Load(build.Param("k"), build.GP64())
	a := build.Load(build.Param("a"), build.GP64())
	lda := build.Load(build.Param("lda"), build.GP64())
	b := build.Load(build.Param("b"), build.GP64())
	ldb := build.Load(build.Param("ldb"), build.GP64())
	c := build.Load(build.Param("c"), build.GP64())
	ldc := build.Load(build.Param("ldc"), build.GP64())
	for _, stride := range []reg.Register{lda, ldb, ldc} {
		build.SHLQ(operand.Imm(2), stride)
	}

	sums, rest := s.vec[:rows*n], s.vec[rows*n:]
	row, x := rest[:n], rest[n]
	for _, v := range sums {
		s.zero(v)
	}
	ahead := build.GP64()
	build.MOVQ(c, ahead)
	for range rows {
		for at := 0; at < n*s.bytes; at += 64 {
			build.PREFETCHT0(operand.Mem{Base: ahead, Disp: at})
		}
		build.ADDQ(ldc, ahead)
	}

	build.TESTQ(k, k)
	build.JZ(operand.LabelRef("done"))
	build.Label("loop")
	for j, v := range row {
		build.VMOVUPS(operand.Mem{Base: b, Disp: j * s.bytes}, v)
	}
	for r := range rows {
		build.VBROADCASTSS(operand.Mem{Base: a, Disp: 4 * r}, x)
		for j, v := range row {
			build.VFMADD231PS(v, x, sums[r*n+j])
		}
	}
	build.ADDQ(lda, a)
	build.ADDQ(ldb, b)
	build.DECQ(k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")

	alpha, old := rest[0], rest[1]
	addr, err := build.Param("alpha").Resolve()
	if err != nil {
		panic(err)
	}
	build.VBROADCASTSS(addr.Addr, alpha)
	add := build.Load(build.Param("add"), build.GP8())
	build.TESTB(add, add)
	build.JZ(operand.LabelRef("set"))
	for r := range rows {
		for j := range n {
			at := operand.Mem{Base: c, Disp: j * s.bytes}
			build.VMOVUPS(at, old)
			build.VFMADD231PS(sums[r*n+j], alpha, old)
			build.VMOVUPS(old, at)
		}
		build.ADDQ(ldc, c)
	}
	build.VZEROUPPER()
	build.RET()

	build.Label("set")
	for r := range rows {
		for j := range n {
			build.VMULPS(sums[r*n+j], alpha, sums[r*n+j])
			build.VMOVUPS(sums[r*n+j], operand.Mem{Base: c, Disp: j * s.bytes})
		}
		build.ADDQ(ldc, c)
	}
	build.VZEROUPPER()
	build.RET()
}
