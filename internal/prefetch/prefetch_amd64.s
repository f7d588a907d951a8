#include "textflag.h"

// func Line(p unsafe.Pointer)
TEXT ·Line(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT1 (AX)
	RET

// func Words(base *uint64, at []uint32)
TEXT ·Words(SB), NOSPLIT, $0-32
	MOVQ base+0(FP), AX
	MOVQ at_base+8(FP), BX
	MOVQ at_len+16(FP), CX
	TESTQ CX, CX
	JLE  done
next:
	MOVL (BX), DX
	PREFETCHT1 (AX)(DX*8)
	ADDQ $4, BX
	DECQ CX
	JNZ  next
done:
	RET

// func At(lines []unsafe.Pointer)
TEXT ·At(SB), NOSPLIT, $0-24
	MOVQ lines_base+0(FP), AX
	MOVQ lines_len+8(FP), CX
	TESTQ CX, CX
	JLE  done
next:
	MOVQ (AX), DX
	PREFETCHT1 (DX)
	ADDQ $8, AX
	DECQ CX
	JNZ  next
done:
	RET

// func Lines(base unsafe.Pointer, n int)
TEXT ·Lines(SB), NOSPLIT, $0-16
	MOVQ base+0(FP), AX
	MOVQ n+8(FP), CX
	TESTQ CX, CX
	JLE  done
next:
	PREFETCHT0 (AX)
	ADDQ $64, AX
	DECQ CX
	JNZ  next
done:
	RET
