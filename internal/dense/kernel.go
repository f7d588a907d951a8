package dense

// A tileFunc computes a tile of a product, of fixed numbers of rows r and columns w:
//
//	t[i][j] = Σ_{p<k} a[p·lda+i] · b[p·ldb+j]
//	c[i·ldc+j] = alpha·t[i][j], or c[i·ldc+j] + alpha·t[i][j] with add
//
// A column of the left factor and a row of the right one are floats that lie together. The sum
// begins at +0 and goes by p with fused multiply-adds; so does the last line. k may be 0. Nothing
// is checked: whole tiles must be there.
type tileFunc func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool)

// kernel is what one instruction set offers.
type kernel struct {
	name string

	// The tile of large products, whose factors are packed for it.
	rows, cols int
	tile       tileFunc

	// strip computes stripRows rows and cols columns, a multiple of stripCols, of factors that lie
	// as they are: the tile of small triangles.
	strip func(cols, k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha float32, add bool)
}

// The sides of a strip: what all kernels can do.
const (
	stripRows = 8
	stripCols = 16
)

// kernels are those that run on this machine, the fastest first. plain is always the last.
var kernels = append(assembly(), &plain)

// Kernel names the instruction set in use: "avx512", "avx2" or "go". Results do not depend on it.
func Kernel() string { return kernels[0].name }
