package recall

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// The bounds of what is read of one text.
const (
	maxTokenBytes = 64   // of a token; what is longer is cut there
	maxTextBytes  = 4096 // of a text
)

// tokens calls yield with each token of a text, until it returns false, in the order of the text.
//
// Words are those of Unicode's text segmentation (UAX #29), in lower case, full-width letters
// and digits as ASCII. A word without a letter or digit, such as an emoji, is none. Scripts that
// set no spaces between words (Han, kana, Thai, Lao, Khmer, Burmese) have no words that a rule
// could find: a run of their letters becomes its overlapping pairs, a run of one that letter. With
// singles, as texts to be searched are read, every letter of a run is a token as well, so that a
// query of one letter finds it.
func tokens(text string, singles bool, yield func(token string) bool) {
	if len(text) > maxTextBytes {
		text = text[:maxTextBytes] // a letter cut in half is no letter
	}
	var run []rune // letters of a script without spaces, not yet given out
	flush := func() bool {
		defer func() { run = run[:0] }()
		for i, r := range run {
			if (singles || len(run) == 1) && !yield(string(r)) {
				return false
			}
			if i > 0 && !yield(string(run[i-1:i+1])) {
				return false
			}
		}
		return true
	}
	state, word := -1, ""
	for len(text) > 0 {
		word, text, state = uniseg.FirstWordInString(text, state)
		dense, plain := false, false
		for _, r := range word {
			dense = dense || unspaced(r)
			plain = plain || unicode.IsLetter(r) || unicode.IsNumber(r)
		}
		if dense {
			for _, r := range word {
				if unspaced(r) {
					run = append(run, r)
				}
			}
			continue
		}
		if !flush() {
			return
		}
		if plain && !yield(folded(word)) {
			return
		}
	}
	flush()
}

// unspaced reports a letter, or a mark upon one, of a script that sets no spaces between words.
func unspaced(r rune) bool {
	if r < 0x0e00 {
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー'
}

// folded is a word in the form in which it is compared.
func folded(word string) string {
	word = strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		return unicode.ToLower(r)
	}, word)
	if len(word) > maxTokenBytes {
		word = strings.ToValidUTF8(word[:maxTokenBytes], "")
	}
	return word
}
