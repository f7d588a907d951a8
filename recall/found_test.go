package recall_test

import (
	"testing"

	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/vector"
)

func TestFound(t *testing.T) {
	nearest := []vector.Hit{{Row: 4, Score: 9}, {Row: 1, Score: 7}, {Row: 2, Score: 7}, {Row: 3, Score: 5}}
	for _, c := range []struct {
		name  string
		found []vector.Hit
		want  float64
	}{
		{"all", nearest, 1},
		{"none", nil, 0},
		{"one is missed for a lesser one", []vector.Hit{{Row: 4, Score: 9}, {Row: 1, Score: 7}, {Row: 3, Score: 5}, {Row: 8, Score: 1}}, 0.75},
		{"another one with an equal score", []vector.Hit{{Row: 4, Score: 9}, {Row: 1, Score: 7}, {Row: 2, Score: 7}, {Row: 9, Score: 5}}, 1},
	} {
		if got := recall.Found(c.found, nearest); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
