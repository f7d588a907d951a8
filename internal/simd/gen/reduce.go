package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// adder is VADDPS or VPADDD: the lanes of floats and of integers are halved alike.
type adder func(ops ...Op)

// halve512 adds the 16 lanes of z in the order of the package and returns the sum in lane 0.
func halve512(z VecVirtual, add adder) Register {
	high := YMM()
	VEXTRACTF64X4(Imm(1), z, high)
	return halve256(z.AsY(), high, add)
}

// halve256 adds the 16 lanes of low and high, which it overwrites.
func halve256(low, high Register, add adder) Register {
	sum, x := YMM(), XMM()
	add(high, low, sum)
	VEXTRACTF128(Imm(1), sum, x)
	s := sum.AsX()
	add(x, s, s)
	VPERMILPS(Imm(0x0E), s, x)
	add(x, s, s)
	VPERMILPS(Imm(0x01), s, x)
	add(x, s, s)
	return s
}

// order is where halveEight512 leaves the sums of its eight rows.
func order() Mem {
	m := GLOBL("order", RODATA|NOPTR)
	for i, lane := range []U32{0, 4, 8, 12, 1, 5, 9, 13} {
		DATA(4*i, lane)
	}
	return m
}

// halveEight512 adds the 16 lanes of each of eight registers, all in the order of the package, and
// returns the eight sums: every step halves the lanes of two registers into one. The registers are overwritten.
func halveEight512(z []VecVirtual, add adder, at Mem) VecVirtual {
	t := ZMM()
	for i := 0; i < 8; i += 2 { // lanes j and j+8: the halves of one register and of the next
		VINSERTF64X4(Imm(1), z[i+1].AsY(), z[i], t)
		VSHUFF64X2(Imm(0xEE), z[i+1], z[i], z[i])
		add(z[i], t, z[i])
	}
	for i := 0; i < 8; i += 4 { // j and j+4
		VSHUFF64X2(Imm(0x88), z[i+2], z[i], t)
		VSHUFF64X2(Imm(0xDD), z[i+2], z[i], z[i])
		add(z[i], t, z[i])
	}
	VSHUFPS(Imm(0x44), z[4], z[0], t) // j and j+2
	VSHUFPS(Imm(0xEE), z[4], z[0], z[0])
	add(z[0], t, z[0])
	VSHUFPS(Imm(0x88), z[0], z[0], t) // j and j+1
	VSHUFPS(Imm(0xDD), z[0], z[0], z[0])
	add(z[0], t, z[0])
	where := ZMM()
	VMOVUPS(at, where.AsY())
	VPERMPS(z[0], where, z[0])
	return z[0]
}

// halveFour256 adds the 16 lanes of each of four pairs of registers and returns the four sums.
func halveFour256(low, high []VecVirtual) VecVirtual {
	for i := range 4 { // lanes j and j+8
		VADDPS(high[i], low[i], low[i])
	}
	t := high[0]
	for i := 0; i < 4; i += 2 { // j and j+4
		VINSERTF128(Imm(1), low[i+1].AsX(), low[i], t)
		VPERM2F128(Imm(0x31), low[i+1], low[i], low[i])
		VADDPS(low[i], t, low[i])
	}
	VSHUFPS(Imm(0x44), low[2], low[0], t) // j and j+2
	VSHUFPS(Imm(0xEE), low[2], low[0], low[0])
	VADDPS(low[0], t, low[0])
	VSHUFPS(Imm(0x88), low[0], low[0], t) // j and j+1
	VSHUFPS(Imm(0xDD), low[0], low[0], low[0])
	VADDPS(low[0], t, low[0]) // rows 0 and 2 in the low half, 1 and 3 in the high
	VEXTRACTF128(Imm(1), low[0], t.AsX())
	VUNPCKLPS(t.AsX(), low[0].AsX(), low[0].AsX())
	return low[0]
}
