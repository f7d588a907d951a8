// Package lives holds only tests: whole lives of a node, journal, admission, fold and snapshots on
// one disk in memory, with crashes, restarts, repetition and disorder, against lives without.
package lives
