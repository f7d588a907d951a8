package movielens

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// genreList is u.genre: the name of each flag of u.item, in order.
type genreList struct{ names []string }

// maxGenres is far above the 19 there are.
const maxGenres = 100

// row reads a line of u.genre, name|number, numbers counting from 0. Since every film depends
// on it, a bad line is an error.
func (g *genreList) row(line []byte) (*codec.Problem, error) {
	name, number, _ := strings.Cut(string(line), "|")
	if n, err := strconv.Atoi(number); err != nil || n != len(g.names) || n >= maxGenres || name == "" || !utf8.ValidString(name) {
		return nil, fmt.Errorf("%s is not the genre number %d, written name|%[2]d", source.Quote(string(line)), len(g.names))
	}
	g.names = append(g.names, name)
	return nil, nil
}

// film reads a line of u.item: number, title, release date, video date, address, then one
// flag per genre, separated by bars.
func (g *genreList) film(line []byte) (item freshet.Item, problem *codec.Problem) {
	text, ok := latin1(line)
	if !ok {
		return item, &codec.Problem{Code: codec.CodeBadText, Message: "the line holds characters that ISO-8859-1 does not print", Hint: "use the file as it was published"}
	}
	fields := strings.Split(text, "|")
	const fixed = 5
	if len(fields) != fixed+len(g.names) {
		return item, malformed("%d fields separated by bars; a film has %d and a flag for each of the %d genres", len(fields), fixed, len(g.names))
	}
	if item, problem = newFilm(fields[0], fields[1]); problem != nil {
		return item, problem
	}
	if date := fields[2]; date != "" {
		released, err := time.Parse("2-Jan-2006", date)
		if err != nil {
			return item, &codec.Problem{Code: codec.CodeBadTime, Message: fmt.Sprintf("the release date %s is not of the form 01-Jan-1995", source.Quote(date))}
		}
		item.Published, item.HasPublished = released.UnixMilli(), true
		if item.Attributes == nil {
			item.Attributes = map[string]any{"year": json.Number(strconv.Itoa(released.Year()))}
		}
	}
	for i, flag := range fields[fixed:] {
		switch {
		case flag == "1" && g.names[i] != "unknown":
			item.Categories = append(item.Categories, g.names[i])
		case flag != "0" && flag != "1":
			return item, malformed("the flag of genre %s is %s, neither 0 nor 1", g.names[i], source.Quote(flag))
		}
	}
	return item, nil
}

// movieColumns are the columns of movies.csv in the order that listedFilm takes them.
var movieColumns = []string{"movieId", "title", "genres"}

// ratingColumns are the columns of ratings.csv in the order that ratingRows.event takes them.
var ratingColumns = []string{"userId", "movieId", "rating", "timestamp"}

// listedFilm makes an item of a row of movies.csv.
func listedFilm(fields []string) (item freshet.Item, problem *codec.Problem) {
	if item, problem = newFilm(fields[0], fields[1]); problem != nil {
		return item, problem
	}
	if fields[2] != "(no genres listed)" {
		for _, genre := range strings.Split(fields[2], "|") {
			if genre = strings.TrimSpace(genre); genre != "" {
				item.Categories = append(item.Categories, genre)
			}
		}
	}
	for _, text := range append(item.Categories, item.Title) {
		if !utf8.ValidString(text) {
			return item, &codec.Problem{Code: codec.CodeBadText, Message: fmt.Sprintf("%s is not UTF-8", source.Quote(text)), Hint: "use the file as it was published"}
		}
	}
	return item, nil
}

// newFilm makes an item of a film's number and full title.
func newFilm(number, fullTitle string) (item freshet.Item, problem *codec.Problem) {
	if !source.IsNumber(number) {
		return item, &codec.Problem{Code: codec.CodeBadID, Message: fmt.Sprintf("the film %s is not a number of at most %d digits", source.Quote(number), source.MaxDigits)}
	}
	title, year := splitTitle(fullTitle)
	if title == "" {
		return item, &codec.Problem{Code: "missing:title", Message: "the film has no title"}
	}
	item = freshet.Item{ID: freshet.ItemID(number), Title: title}
	if year != "" {
		item.Attributes = map[string]any{"year": json.Number(year)}
	}
	return item, nil
}

// titleYear is a title that ends in a year, or in the years of a series, of which the first
// counts: "Fawlty Towers (1975-1979)", "The Big Bang Theory (2007-)".
var titleYear = regexp.MustCompile(`^(.*\S)\s*\(((?:18|19|20)\d\d)(?:[-–](?:\d{4})?)?\)$`)

// splitTitle separates the year at the end of a title, "" if there is none.
func splitTitle(full string) (title, year string) {
	full = strings.TrimSpace(full)
	if m := titleYear.FindStringSubmatch(full); m != nil {
		return m[1], m[2]
	}
	return full, ""
}

// latin1 decodes ISO-8859-1. ok is false if the text holds a control character: then it is in
// another encoding or no text.
func latin1(line []byte) (text string, ok bool) {
	runes := make([]rune, len(line))
	for i, b := range line {
		if b < 0x20 || b >= 0x7f && b < 0xa0 {
			return "", false
		}
		runes[i] = rune(b)
	}
	return string(runes), true
}
