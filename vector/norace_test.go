//go:build !race

package vector

// raceDetector says that a pool forgets on purpose, so that allocations say nothing.
const raceDetector = false
