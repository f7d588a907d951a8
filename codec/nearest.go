package codec

import "strings"

// maxNameBytes bounds the names that are compared, so that a hint never costs more than the
// document it is about.
const maxNameBytes = 64

// Nearest returns the known name that name was probably meant to be, or "". Letter case,
// underscores and hyphens do not matter; a third of the letters may be wrong, or the end
// missing. Of equally near names the first wins.
func Nearest(name string, known []string) string {
	if len(name) > maxNameBytes {
		return ""
	}
	plain := plainName(name)
	if plain == "" {
		return ""
	}
	best, nearest := max(1, len(plain)/3)+1, ""
	for _, k := range known {
		if len(k) > maxNameBytes {
			continue
		}
		p := plainName(k)
		d := edits(plain, p)
		if len(plain) >= 3 && strings.HasPrefix(p, plain) {
			d = min(d, 1)
		}
		if d < best {
			best, nearest = d, k
		}
	}
	return nearest
}

func plainName(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
}

// edits is the Levenshtein distance of two names in bytes, by Wagner and Fischer's dynamic
// program with one row: row[j] is the distance of the part of a seen so far to b[:j].
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
