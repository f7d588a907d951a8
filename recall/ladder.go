package recall

import (
	"math"

	"github.com/freshet-rec/freshet"
)

// The ladder of half-lives by which short memories fade: each is six times the one before, from
// minutes, for news, to days. Which of them counts how much is learned (see blend), so only the
// ends and the step are chosen: the ends wider than what was of use anywhere, the step about as
// wide as costs nothing measurable against more rungs.
const (
	rungs    = 6
	shortest = 2 * freshet.Minute
	longest  = shortest * 7776 // 6^5: 10.8 days
)

// halfLife is that of a rung in ms.
var halfLife = func() (h [rungs]float64) {
	for k := range h {
		h[k] = float64(shortest) * math.Pow(6, float64(k))
	}
	return h
}()

// unfaded are the weights of something that is not old.
var unfaded = [rungs]float64{1, 1, 1, 1, 1, 1}

// fades are the weights of something of an age in ms, by rung: 2^(−age/halfLife), 1 for what
// lies ahead. Each is the sixth power of the next, which costs less than an exponential.
func fades(age int64) (f [rungs]float64) {
	if age <= 0 {
		return unfaded
	}
	x := math.Exp2(-float64(age) / float64(longest))
	for k := rungs - 1; k >= 0; k-- {
		f[k] = x
		x *= x
		x = x * x * x
	}
	return f
}
