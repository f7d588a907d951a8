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

	// What is done with blocks of side × side on the diagonal of a triangle.
	factor   factorFunc
	under    underFunc
	forward  solveFunc
	backward solveFunc

	weigh  weighFunc
	dots   dotsFunc
	roots  rootsFunc
	spread spreadFunc

	layer  layerFunc
	linear linearFunc
	pairs  pairsFunc
	pool   poolFunc
	join   joinFunc
	most   mostFunc
}

// side is that of a block on the diagonal; cols of the functions below are multiples of it, and
// may be 0. x − y·z is one fused operation in all of them.
const side = 16

// A factorFunc makes the Cholesky factor U of a block A = U'U, of which it reads the upper
// triangle. For each row i it takes, in the order of r, U[r][i]·U[r] from A[i], for r < i; then
// U[i][i] is the root of what stands there, inv[i] one divided by it, and the rest of the row is
// multiplied by inv[i]. U stands in d, rows side apart, with anything below its diagonal. It
// returns false when a root is not of a number above 0.
type factorFunc func(a *float32, lda int, d *float32, inv *float32) bool

// An underFunc solves U'Y = X for side rows and cols columns, and puts Y in the place of X: from
// row i it takes, in the order of r, U[r][i]·Y[r], for r < i, and multiplies by inv[i].
type underFunc func(cols int, d *float32, inv *float32, x *float32, ldx int)

// A solveFunc is a step in solving with a triangle for one vector v, whose first side elements are
// those of the block: forward (U'y = v) or backward (Uz = v). u are the rows of the block in the
// cols columns that follow it.
//
// forward solves for the block as an underFunc does, and then takes, in the order of r,
// u[r]·y[r] from the elements that follow. backward takes the products of u with those from the
// elements of the block: the j-th to the sum of j mod side, the halves of the sums being added
// until one is left; and then solves, from the last row up and from the last column on.
type solveFunc func(cols int, d *float32, inv *float32, u *float32, ldu int, v *float32)

// The sides of a strip: what all kernels can do.
const (
	stripRows = 8
	stripCols = 16
)

// A weighFunc adds m > 0 rows x of cols > 0 columns, a multiple of side, to sum: one after the
// other, each multiplied by its weight in w. The rows so multiplied are written to left. Without
// weights, nil, nothing is multiplied, and nothing written to left.
type weighFunc func(m int, cols int, x *float32, w *float32, left *float32, sum *float32)

// A dotsFunc writes to to the products of m > 0 rows x of cols > 0 columns, a multiple of side,
// with z: the j-th term goes to the sum of j mod side, and the halves of the sums are added until
// one is left.
type dotsFunc func(m int, cols int, x *float32, z *float32, to *float32)

// A rootsFunc writes 1/√(g + shift) to to, for cols > 0 columns, a multiple of side.
type rootsFunc func(cols int, g *float32, shift float32, to *float32)

// A spreadFunc writes to to m > 0 rows x of cols > 0 columns, a multiple of side, each multiplied by
// one row, element by element.
type spreadFunc func(m int, cols int, x *float32, by *float32, to *float32)

// kernels are those that run on this machine, the fastest first. plain is always the last.
var kernels = append(assembly(), &plain)

// Kernel names the instruction set in use: "avx512", "avx2" or "go". Results do not depend on it.
func Kernel() string { return kernels[0].name }
