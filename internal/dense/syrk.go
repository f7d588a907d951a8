package dense

// Syrk is the symmetric product C = alpha·A'·A + beta·C of a k × n matrix A with trans, and
// alpha·A·A' + beta·C of an n × k matrix without; C is n × n. Only the upper triangle of C is read
// and written, unless whole is set: then the lower one becomes its mirror image. C must not overlap
// A.
func Syrk(workers int, trans bool, n, k int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int, whole bool) {
	kn := kernels[0]
	kn.gemm(workers, &product{transA: trans, transB: !trans, m: n, n: n, k: k, alpha: alpha, a: a, lda: lda, b: a, ldb: lda, beta: beta, c: c, ldc: ldc, upper: true})
	if whole {
		Mirror(workers, n, c, ldc)
	}
}

// Mirror copies the upper triangle of an n × n matrix into the lower one.
func Mirror(workers, n int, a []float32, lda int) {
	const side = 64
	blocks := (n + side - 1) / side
	Parallel(workers, blocks, func(t int) {
		for j0 := t * side; j0 < n; j0 += side {
			for i := t * side; i < min(n, (t+1)*side); i++ {
				for j := max(i+1, j0); j < min(n, j0+side); j++ {
					a[j*lda+i] = a[i*lda+j]
				}
			}
		}
	})
}
