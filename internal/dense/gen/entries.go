package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// slot is an argument where it stands: as an operand, or to be written.
func slot(name string) operand.Mem {
	addr, err := build.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return addr.Addr
}

// edges are masks for AVX2: 16 lanes that count, and then 16 that do not.
func edges() operand.Mem {
	m := build.GLOBL("edges", build.NOPTR|build.RODATA)
	for i := range side {
		build.DATA(4*i, operand.U32(0xffffffff))
	}
	for i := range side {
		build.DATA(4*(side+i), operand.U32(0))
	}
	return m
}

// lanes are those of 16 numbers that count: a mask register, or two vectors.
type lanes struct {
	isa
	k     reg.OpmaskPhysical
	parts []reg.VecPhysical
}

// first makes the lanes that are the first of left, which it overwrites.
func (l lanes) first(left reg.GPVirtual, where operand.Mem) {
	most := build.GP64()
	build.MOVQ(operand.U64(side), most)
	build.CMPQ(left, most)
	build.CMOVQGT(most, left)
	if l.bytes == 64 {
		one := build.GP64()
		build.MOVQ(operand.I64(-1), one)
		build.BZHIQ(left, one, one)
		build.KMOVW(one.As32(), l.k)
		return
	}
	build.SUBQ(left, most)
	table := build.GP64()
	build.LEAQ(where, table)
	for q, v := range l.parts {
		build.VMOVUPS(operand.Mem{Base: table, Index: most, Scale: 4, Disp: q * l.bytes}, v)
	}
}

func (l lanes) load(q int, m operand.Mem, v reg.VecPhysical) {
	m.Disp += q * l.bytes
	if l.bytes == 64 {
		build.VMOVUPS_Z(m, l.k, v)
	} else {
		build.VMASKMOVPS(m, l.parts[q], v)
	}
}

func (l lanes) store(q int, v reg.VecPhysical, m operand.Mem) {
	m.Disp += q * l.bytes
	if l.bytes == 64 {
		build.VMOVUPS(v, l.k, m)
	} else {
		build.VMASKMOVPS(v, l.parts[q], m)
	}
}

// pool is a poolFunc, or without fields a pairsFunc.
func pool(s isa, where operand.Mem, byField bool) {
	name := "pairs"
	arguments := "rows int, fields int, ends *uint32, start int, index *uint32, value *float32, vectors *float32, dim int"
	if byField {
		name = "pool"
		arguments += ", x *float32, ldx int, sums *float32"
	}
	build.TEXT(name+s.suffix, build.NOSPLIT, "func("+arguments+", to *float32)")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("%s%s is a %sFunc.", name, s.suffix, name))
	parts := s.parts()
	take := func() []reg.VecPhysical {
		v := s.vec[:parts]
		s.vec = s.vec[parts:]
		return v
	}
	total, sum, square, field, part, count := take(), take(), take(), take(), take(), take()
	l := lanes{s, reg.K1, take()}

	index := build.Load(build.Param("index"), build.GP64())
	value := build.Load(build.Param("value"), build.GP64())
	at, end, ends := build.GP64(), build.GP64(), build.GP64()
	vectors, chunk, a := build.GP64(), build.GP64(), build.GP64()
	apart := build.Load(build.Param("dim"), build.GP64())
	build.SHLQ(operand.Imm(2), apart)
	x := build.GP64()
	if byField {
		build.SHLQ(operand.Imm(2), slot("ldx"))
	}

	build.Label("row")
	for _, v := range total {
		s.zero(v)
	}
	build.XORQ(chunk, chunk)

	build.Label("chunk")
	left := build.GP64()
	build.MOVQ(apart, left)
	build.SUBQ(chunk, left)
	build.SHRQ(operand.Imm(2), left)
	l.first(left, where)
	build.MOVQ(slot("vectors"), vectors)
	build.ADDQ(chunk, vectors)
	build.MOVQ(slot("start"), at)
	build.MOVQ(slot("ends"), ends)
	for q := range parts {
		s.zero(sum[q])
		s.zero(square[q])
	}
	fields := build.GP64()
	build.MOVQ(slot("fields"), fields)
	if byField {
		build.MOVQ(slot("x"), x)
		build.ADDQ(chunk, x)
		build.Label("field")
		for _, v := range field {
			s.zero(v)
		}
		build.MOVL(operand.Mem{Base: ends}, end.As32())
		build.ADDQ(operand.Imm(4), ends)
	} else {
		build.LEAQ(operand.Mem{Base: ends, Index: fields, Scale: 4}, ends)
		build.MOVL(operand.Mem{Base: ends, Disp: -4}, end.As32())
	}
	build.CMPQ(at, end)
	build.JGE(operand.LabelRef("fieldDone"))
	build.Label("entry")
	build.MOVL(operand.Mem{Base: index, Index: at, Scale: 4}, a.As32())
	build.IMULQ(apart, a)
	build.VBROADCASTSS(operand.Mem{Base: value, Index: at, Scale: 4}, count[0])
	for q := range parts {
		l.load(q, operand.Mem{Base: vectors, Index: a, Scale: 1}, part[q])
		build.VMULPS(part[q], count[0], part[q])
		build.VADDPS(part[q], sum[q], sum[q])
		build.VFMADD231PS(part[q], part[q], square[q])
		if byField {
			build.VADDPS(part[q], field[q], field[q])
		}
	}
	build.INCQ(at)
	build.CMPQ(at, end)
	build.JLT(operand.LabelRef("entry"))
	build.Label("fieldDone")
	if byField {
		for q := range parts {
			l.store(q, field[q], operand.Mem{Base: x})
		}
		build.ADDQ(apart, x)
		build.DECQ(fields)
		build.JNZ(operand.LabelRef("field"))
		sums := build.GP64()
		build.MOVQ(slot("sums"), sums)
		for q := range parts {
			build.VMOVUPS(sum[q], operand.Mem{Base: sums, Disp: q * s.bytes})
			build.VMOVUPS(square[q], operand.Mem{Base: sums, Disp: side*4 + q*s.bytes})
		}
		build.ADDQ(operand.U32(2*side*4), sums)
		build.MOVQ(sums, slot("sums"))
	}
	for q := range parts {
		build.VFMSUB213PS(square[q], sum[q], sum[q])
		build.VADDPS(sum[q], total[q], total[q])
	}
	build.ADDQ(operand.Imm(side*4), chunk)
	build.CMPQ(chunk, apart)
	build.JLT(operand.LabelRef("chunk"))

	s.halves(total, part[0])
	out := build.GP64()
	build.MOVQ(slot("to"), out)
	build.VMOVSS(low(total[0]), operand.Mem{Base: out})
	build.ADDQ(operand.Imm(4), out)
	build.MOVQ(out, slot("to"))
	build.MOVQ(at, slot("start"))
	build.MOVQ(ends, slot("ends"))
	if byField {
		build.MOVQ(slot("x"), x)
		build.ADDQ(slot("ldx"), x)
		build.MOVQ(x, slot("x"))
	}
	build.DECQ(slot("rows"))
	build.JNZ(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}

// chains are how many sums the entries of a row are dealt to.
const chains = 8

// linear is a linearFunc: it takes AVX2 alone, for its numbers lie apart.
func linear(s isa) {
	build.TEXT("linear"+s.suffix, build.NOSPLIT, "func(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, weights *float32, to *float32)")
	build.Pragma("noescape")
	build.Doc("linear" + s.suffix + " is a linearFunc.")
	rows := build.Load(build.Param("rows"), build.GP64())
	fields := build.Load(build.Param("fields"), build.GP64())
	ends := build.Load(build.Param("ends"), build.GP64())
	at := build.Load(build.Param("start"), build.GP64())
	index := build.Load(build.Param("index"), build.GP64())
	value := build.Load(build.Param("value"), build.GP64())
	weights := build.Load(build.Param("weights"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())
	end, next, a := build.GP64(), build.GP64(), build.GP64()
	add := func(j, place int) {
		build.MOVL(operand.Mem{Base: index, Index: at, Scale: 4, Disp: 4 * place}, a.As32())
		build.VMOVSS(operand.Mem{Base: value, Index: at, Scale: 4, Disp: 4 * place}, low(s.vec[chains]))
		build.VFMADD231SS(operand.Mem{Base: weights, Index: a, Scale: 4}, low(s.vec[chains]), low(s.vec[j]))
	}

	build.Label("row")
	for _, v := range s.vec[:chains] {
		build.VXORPS(low(v), low(v), low(v))
	}
	build.LEAQ(operand.Mem{Base: ends, Index: fields, Scale: 4}, ends)
	build.MOVL(operand.Mem{Base: ends, Disp: -4}, end.As32())
	build.Label("eight")
	build.LEAQ(operand.Mem{Base: at, Disp: chains}, next)
	build.CMPQ(next, end)
	build.JGT(operand.LabelRef("rest"))
	for j := range chains {
		add(j, j)
	}
	build.MOVQ(next, at)
	build.JMP(operand.LabelRef("eight"))
	build.Label("rest")
	for j := range chains - 1 {
		build.CMPQ(at, end)
		build.JGE(operand.LabelRef("halve"))
		add(j, 0)
		build.INCQ(at)
	}
	build.Label("halve")
	for half := chains / 2; half > 0; half /= 2 {
		for j := range half {
			build.VADDSS(low(s.vec[j+half]), low(s.vec[j]), low(s.vec[j]))
		}
	}
	build.VMOVSS(low(s.vec[0]), operand.Mem{Base: to})
	build.ADDQ(operand.Imm(4), to)
	build.DECQ(rows)
	build.JNZ(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}

// most is a mostFunc.
func most(s isa) {
	build.TEXT("most"+s.suffix, build.NOSPLIT, "func(n int, p *uint32) uint32")
	build.Pragma("noescape")
	build.Doc("most" + s.suffix + " is a mostFunc.")
	n := build.Load(build.Param("n"), build.GP64())
	p := build.Load(build.Param("p"), build.GP64())
	v, half := s.vec[0], s.vec[1]
	s.zero(v)
	build.Label("loop")
	build.SUBQ(operand.U32(uint32(s.bytes/4)), n)
	build.JLT(operand.LabelRef("rest"))
	build.VPMAXUD(operand.Mem{Base: p}, v, v)
	build.ADDQ(operand.U32(uint32(s.bytes)), p)
	build.JMP(operand.LabelRef("loop"))
	build.Label("rest")
	if s.bytes == 64 {
		build.VEXTRACTI64X4(operand.Imm(1), v, half.AsY())
		build.VPMAXUD(half.AsY(), v.AsY(), v.AsY())
	}
	build.VEXTRACTI128(operand.Imm(1), v.AsY(), half.AsX())
	build.VPMAXUD(half.AsX(), v.AsX(), v.AsX())
	build.VPSHUFD(operand.Imm(0x0e), v.AsX(), half.AsX())
	build.VPMAXUD(half.AsX(), v.AsX(), v.AsX())
	build.VPSHUFD(operand.Imm(0x01), v.AsX(), half.AsX())
	build.VPMAXUD(half.AsX(), v.AsX(), v.AsX())
	top, x := build.GP32(), build.GP32()
	build.VMOVD(v.AsX(), top)
	build.ADDQ(operand.U32(uint32(s.bytes/4)), n)
	build.Label("one")
	build.DECQ(n)
	build.JLT(operand.LabelRef("done"))
	build.MOVL(operand.Mem{Base: p}, x)
	build.CMPL(x, top)
	build.CMOVLHI(x, top)
	build.ADDQ(operand.Imm(4), p)
	build.JMP(operand.LabelRef("one"))
	build.Label("done")
	build.Store(top, build.ReturnIndex(0))
	build.VZEROUPPER()
	build.RET()
}

// join is a joinFunc.
func join(s isa) {
	build.TEXT("join"+s.suffix, build.NOSPLIT, "func(wide int, chunks int, a *float32, b *float32, c *float32, floor float32, to *float32) float32")
	build.Pragma("noescape")
	build.Doc("join" + s.suffix + " is a joinFunc.")
	wide := build.Load(build.Param("wide"), build.GP64())
	chunks := build.Load(build.Param("chunks"), build.GP64())
	a := build.Load(build.Param("a"), build.GP64())
	b := build.Load(build.Param("b"), build.GP64())
	c := build.Load(build.Param("c"), build.GP64())
	to := build.Load(build.Param("to"), build.GP64())
	parts := s.parts()
	v, square, floor, total := s.vec[0], s.vec[1], s.vec[2], s.vec[3:3+parts]
	build.VBROADCASTSS(slot("floor"), floor)
	for _, t := range total {
		s.zero(t)
	}
	step := func(bytes int, all ...reg.Register) {
		for _, p := range all {
			build.ADDQ(operand.U32(uint32(bytes)), p)
		}
	}

	build.Label("wide")
	build.SUBQ(operand.Imm(side), wide)
	build.JLT(operand.LabelRef("chunk"))
	for q := range parts {
		build.VMOVUPS(operand.Mem{Base: a, Disp: q * s.bytes}, v)
		build.VADDPS(operand.Mem{Base: b, Disp: q * s.bytes}, v, v)
		build.VMAXPS(v, floor, v)
		build.VMOVUPS(v, operand.Mem{Base: to, Disp: q * s.bytes})
	}
	step(4*side, a, b, to)
	build.JMP(operand.LabelRef("wide"))

	build.Label("chunk")
	for q := range parts {
		for i, u := range []reg.VecPhysical{v, square} {
			at := 4*side*i + q*s.bytes
			build.VMOVUPS(operand.Mem{Base: a, Disp: at}, u)
			build.VADDPS(operand.Mem{Base: b, Disp: at}, u, u)
			build.VADDPS(operand.Mem{Base: c, Disp: at}, u, u)
		}
		build.VFMSUB213PS(square, v, v)
		build.VADDPS(v, total[q], total[q])
	}
	step(2*4*side, a, b, c)
	build.DECQ(chunks)
	build.JNZ(operand.LabelRef("chunk"))
	s.halves(total, v)
	build.Store(low(total[0]), build.ReturnIndex(0))
	build.VZEROUPPER()
	build.RET()
}
