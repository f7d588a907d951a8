package dense

import "fmt"

// AddRows adds rows of len(sum) floats, one behind the other, to sum, in their order. len(sum) is a
// multiple of 16.
func (k Kit) AddRows(sum, rows []float32) {
	if len(sum) == 0 || len(sum)%side != 0 || len(rows)%len(sum) != 0 {
		panic(fmt.Sprintf("BUG: dense: rows of %d to be added in %d floats", len(sum), len(rows)))
	}
	if len(rows) > 0 {
		k.of().weigh(len(rows)/len(sum), len(sum), &rows[0], nil, nil, &sum[0])
	}
}
