package config

import (
	"fmt"

	"github.com/freshet-rec/freshet/internal/nearest"
)

// didYouMean is the hint for an unknown word: the nearest of the known ones, or "" when
// none is near.
func didYouMean(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// Nearest returns the known word that is nearest to word, "" when none is near.
func Nearest(word string, known []string) string { return nearest.Word(word, known) }
