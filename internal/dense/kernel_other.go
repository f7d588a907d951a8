//go:build !amd64

package dense

// assembly lists the kernels in assembly: none on this processor.
func assembly() []*kernel { return nil }
