#include "textflag.h"

// func Line(p unsafe.Pointer)
TEXT ·Line(SB), NOSPLIT, $0-8
	MOVD p+0(FP), R0
	PRFM (R0), PLDL1KEEP
	RET

// func Words(base *uint64, at []uint32)
TEXT ·Words(SB), NOSPLIT, $0-32
	MOVD base+0(FP), R0
	MOVD at_base+8(FP), R1
	MOVD at_len+16(FP), R2
	CMP  $0, R2
	BLE  done
next:
	MOVWU.P 4(R1), R3
	ADD  R3<<3, R0, R4
	PRFM (R4), PLDL1KEEP
	SUBS $1, R2
	BNE  next
done:
	RET

// func At(lines []unsafe.Pointer)
TEXT ·At(SB), NOSPLIT, $0-24
	MOVD lines_base+0(FP), R0
	MOVD lines_len+8(FP), R1
	CMP  $0, R1
	BLE  done
next:
	MOVD.P 8(R0), R2
	PRFM (R2), PLDL1KEEP
	SUBS $1, R1
	BNE  next
done:
	RET

// func Lines(base unsafe.Pointer, n int)
TEXT ·Lines(SB), NOSPLIT, $0-16
	MOVD base+0(FP), R0
	MOVD n+8(FP), R1
	CMP  $0, R1
	BLE  done
next:
	PRFM (R0), PLDL1KEEP
	ADD  $64, R0
	SUBS $1, R1
	BNE  next
done:
	RET
