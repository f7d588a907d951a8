//go:build !amd64

package simd

func dot(a, b []float32) float32                { return dotGo(a, b) }
func dotRows(dst, q, rows []float32)            { dotRowsGo(dst, q, rows) }
func dotAt(dst, q, rows []float32, at []uint32) { dotAtGo(dst, q, rows, at) }
func dotInt8(a, b []int8) int32                 { return dotInt8Go(a, b) }
func dotRowsInt8(dst []int32, q, rows []int8)   { dotRowsInt8Go(dst, q, rows) }
