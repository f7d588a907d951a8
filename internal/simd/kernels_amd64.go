package simd

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd gen && go run . -out ../kernels_amd64.s -stubs ../stubs_amd64.go -pkg simd"

// What this processor has. Every level gives the same bits, so this is a question of speed alone.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasBMI2
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
	hasVNNI   = hasAVX512 && cpu.X86.HasAVX512VNNI
)

func dot(a, b []float32) float32 {
	switch {
	case hasAVX512:
		return dotAVX512(a, b)
	case hasAVX2:
		return dotAVX2(a, b)
	}
	return dotGo(a, b)
}

func dotRows(dst, q, rows []float32) {
	switch {
	case hasAVX512:
		dotRowsAVX512(dst, q, rows)
	case hasAVX2:
		dotRowsAVX2(dst, q, rows)
	default:
		dotRowsGo(dst, q, rows)
	}
}

func dotAt(dst, q, rows []float32, at []uint32) {
	switch {
	case hasAVX512:
		dotAtAVX512(dst, q, rows, at)
	case hasAVX2:
		dotAtAVX2(dst, q, rows, at)
	default:
		dotAtGo(dst, q, rows, at)
	}
}

func dotInt8(a, b []int8) int32 {
	switch {
	case hasVNNI:
		return dotInt8AVX512(a, b)
	case hasAVX2:
		return dotInt8AVX2(a, b)
	}
	return dotInt8Go(a, b)
}

func dotAtInt8(dst []int32, q, rows []int8, at []uint32) {
	switch {
	case hasVNNI:
		dotAtInt8AVX512(dst, q, rows, at)
	case hasAVX2:
		for i, row := range at {
			dst[i] = dotInt8AVX2(q, rows[int(row)*len(q):][:len(q)])
		}
	default:
		dotAtInt8Go(dst, q, rows, at)
	}
}
func scanInt8(dst []float32, q []int8, blocks []uint8, scales []float32) {
	switch {
	case hasVNNI:
		scanInt8AVX512(dst, q, blocks, scales)
	case hasAVX2:
		scanInt8AVX2(dst, q, blocks, scales)
	default:
		scanInt8Go(dst, q, blocks, scales)
	}
}

func atLeast(mask []uint64, scores []float32, least float32) {
	switch {
	case hasAVX512:
		atLeastAVX512(mask, scores, least)
	case hasAVX2:
		atLeastAVX2(mask, scores, least)
	default:
		atLeastGo(mask, scores, least)
	}
}

func read(b []byte) uint64 {
	switch {
	case hasAVX512:
		return readAVX512(b)
	case hasAVX2:
		return readAVX2(b)
	}
	return readGo(b)
}

func largest(best *[lanes]float32, where *[lanes]uint32, scores []float32, by float32, less []float32) {
	if hasAVX512 {
		largestAVX512(best, where, scores, by, less)
		return
	}
	largestGo(best, where, scores, by, less)
}

func index(list []uint32, x uint32) int {
	switch {
	case hasAVX512:
		return indexAVX512(list, x)
	case hasAVX2:
		whole := len(list) &^ 7
		if i := indexAVX2(list[:whole], x); i >= 0 {
			return i
		}
		if i := indexGo(list[whole:], x); i >= 0 {
			return whole + i
		}
		return -1
	}
	return indexGo(list, x)
}
