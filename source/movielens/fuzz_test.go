package movielens

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

func FuzzTabbedRating(f *testing.F) {
	for _, seed := range []string{"196\t242\t3\t881250949", "1\t1\t5", "\t\t\t", "1\t1\t1e9\t1", "1\t1\tNaN\t881250949"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		rows := ratingRows{now: now}
		if event, problem := rows.tabbed(line); problem == nil {
			checkEvent(t, &event)
		} else if problem.Code == "" || problem.Message == "" {
			t.Errorf("a problem without code or words: %+v", problem)
		}
	})
}

func FuzzListedRating(f *testing.F) {
	for _, seed := range []string{"1,31,2.5,1260759144", `"1",31,2.5,1260759144`, `"`, ",,,", `1,"2"3,4,5`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		ratings := table{want: ratingColumns}
		rows := ratingRows{now: now}
		read := ratings.rows(func(fields []string) (*codec.Problem, error) {
			event, problem := rows.event(fields[0], fields[1], fields[2], fields[3])
			if problem == nil {
				checkEvent(t, &event)
			}
			return problem, nil
		})
		if _, err := read([]byte(strings.Join(ratingColumns, ","))); err != nil {
			t.Fatal(err)
		}
		if _, err := read(line); err != nil {
			t.Errorf("one row ended the import: %v", err)
		}
	})
}

func FuzzFilm(f *testing.F) {
	for _, seed := range []string{"1|Toy Story (1995)|01-Jan-1995||http://x|0|1|1", "3|unknown||||1|0|0", "1|(1995)||||0|0|0", "1|A|31-Feb-1995|||0|0|0", "||||||"} {
		f.Add([]byte(seed))
	}
	list := genreList{names: []string{"unknown", "Action", "Drama"}}
	f.Fuzz(func(t *testing.T, line []byte) {
		item, problem := list.film(line)
		if problem != nil {
			return
		}
		if !source.IsNumber(string(item.ID)) || item.Title == "" || !utf8.ValidString(item.Title) || strings.TrimSpace(item.Title) != item.Title {
			t.Errorf("accepted %+v", item)
		}
	})
}

// A row must fall into the fields that package csv finds.
func FuzzSplitRow(f *testing.F) {
	for _, seed := range []string{"a,b", `"a,b",c`, `a"b`, `"a`, `""`, `"",""`, "a,,", " a ,\tb"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		text := string(line)
		if strings.ContainsAny(text, "\r\n") || text == "" {
			return // never in a line, or ends it
		}
		got, err := splitRow(line)
		want, wantErr := csv.NewReader(strings.NewReader(text)).Read()
		if errors.Is(wantErr, io.EOF) || (err == nil) != (wantErr == nil) || err == nil && !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v, want %q, %v", text, got, err, want, wantErr)
		}
	})
}
