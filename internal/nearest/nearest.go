// Package nearest finds the word that someone probably meant.
package nearest

import "strings"

// Word returns the known word with the fewest edits to word, ignoring case, the first
// one on a tie. More than a third of the word's bytes, but at least one, is not near.
func Word(word string, known []string) string {
	const longest = 64 // bytes; no name of ours comes close
	if word == "" || len(word) > longest {
		return ""
	}
	best, fewest := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := edits(strings.ToLower(word), strings.ToLower(k)); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// edits counts the insertions, deletions, substitutions and swaps of neighbouring bytes
// that turn a into b: the optimal string alignment distance, in O(len(a)·len(b)).
func edits(a, b string) int {
	var before []int // row i-2
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(change, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
