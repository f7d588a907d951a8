package simd

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// BenchmarkScan reads 1 M rows of 64 numbers, larger than most caches, in chunks whose scores stay
// in the first of them, beside a plain read of the same bytes.
func BenchmarkScan(b *testing.B) {
	const rows, k, chunk = 1 << 20, 64, 256
	rng := rand.New(rand.NewPCG(1, 1))
	q, all := floats(rng, k, 0, false), floats(rng, rows*k, 0, false)
	q8, blocks, scales := words8(rng, k, 0, false), make([]uint8, rows*k), floats(rng, rows, 0, false)
	for i := range blocks {
		blocks[i] = uint8(i * 7)
	}
	dst := make([]float32, chunk)
	b.Run("kernel=Read/type=float32", func(b *testing.B) {
		for b.Loop() {
			Read(unsafe.Slice((*byte)(unsafe.Pointer(&all[0])), 4*len(all)))
		}
	})
	b.Run("kernel=DotRows/type=float32", func(b *testing.B) {
		for b.Loop() {
			for i := 0; i < rows; i += chunk {
				DotRows(dst, q, all[i*k:][:chunk*k])
			}
		}
	})
	b.Run("kernel=Read/type=int8", func(b *testing.B) {
		for b.Loop() {
			Read(blocks)
		}
	})
	b.Run("kernel=ScanInt8/type=int8", func(b *testing.B) {
		for b.Loop() {
			for i := 0; i < rows; i += chunk {
				ScanInt8(dst, q8, blocks[i*k:][:chunk*k], scales[i:][:chunk])
			}
		}
	})
	b.Run("kernel=Dot/cached", func(b *testing.B) {
		for b.Loop() {
			Dot(q, all[:k])
		}
	})
	b.Run("kernel=DotRows/cached=256", func(b *testing.B) {
		for b.Loop() {
			DotRows(dst, q, all[:chunk*k])
		}
	})
	b.Run("kernel=ScanInt8/cached=256", func(b *testing.B) {
		for b.Loop() {
			ScanInt8(dst, q8, blocks[:chunk*k], scales[:chunk])
		}
	})
	at := make([]uint32, 256)
	for i := range at {
		at[i] = rng.Uint32N(rows)
	}
	b.Run("kernel=DotAt/random=256", func(b *testing.B) {
		for b.Loop() {
			for i := range at {
				at[i] = at[i]*1664525&(rows-1) ^ 12345
			}
			DotAt(dst, q, all, at)
		}
	})
}
