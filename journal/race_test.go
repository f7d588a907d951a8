//go:build race

package journal

// raceDetector makes the tests that go over many cases take fewer of them.
const raceDetector = true
