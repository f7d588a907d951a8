//go:build !amd64

package simd

func dot(a, b []float32) float32                { return dotGo(a, b) }
func dotRows(dst, q, rows []float32)            { dotRowsGo(dst, q, rows) }
func dotAt(dst, q, rows []float32, at []uint32) { dotAtGo(dst, q, rows, at) }
func dotInt8(a, b []int8) int32                 { return dotInt8Go(a, b) }

func dotAtInt8(dst []int32, q, rows []int8, at []uint32) { dotAtInt8Go(dst, q, rows, at) }
func scanInt8(dst []float32, q []int8, blocks []uint8, scales []float32) {
	scanInt8Go(dst, q, blocks, scales)
}
func atLeast(mask []uint64, scores []float32, least float32) { atLeastGo(mask, scores, least) }
func read(b []byte) uint64                                   { return readGo(b) }
func largest(best *[lanes]float32, where *[lanes]uint32, scores []float32, by float32, less []float32) {
	largestGo(best, where, scores, by, less)
}
func index(list []uint32, x uint32) int { return indexGo(list, x) }
