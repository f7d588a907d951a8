package movielens

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// likedFrom is the rating from which a film counts as liked.
const likedFrom = 4

// maxStars is the highest rating of every MovieLens data set; the lowest is 0.5 or 1.
const maxStars = 5

// oldest is the earliest event time accepted anywhere, 1990-01-01, in seconds.
var oldest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// ratingRows makes events of ratings. Its zero value but for now is ready to use.
type ratingRows struct {
	now   int64        // Unix milliseconds
	words source.Words // one copy of every id, of which there are far fewer than ratings
}

// tabbed reads a row of u.data: user, film, rating and time, separated by tabs.
func (r *ratingRows) tabbed(line []byte) (freshet.Event, *codec.Problem) {
	fields := strings.Split(string(line), "\t")
	if len(fields) != 4 {
		return freshet.Event{}, malformed("%d fields separated by tabs; a rating has user, film, rating and time", len(fields))
	}
	return r.event(fields[0], fields[1], fields[2], fields[3])
}

// event makes an event of the texts of a rating. seconds is Unix time.
func (r *ratingRows) event(user, film, rating, seconds string) (event freshet.Event, problem *codec.Problem) {
	for _, id := range []struct{ what, text string }{{"user", user}, {"film", film}} {
		if !source.IsNumber(id.text) {
			return event, &codec.Problem{Code: codec.CodeBadID, Message: fmt.Sprintf("the %s %s is not a number of at most %d digits", id.what, source.Quote(id.text), source.MaxDigits)}
		}
	}
	stars, err := strconv.ParseFloat(rating, 64)
	if err != nil || strings.Trim(rating, "0123456789.") != "" {
		return event, &codec.Problem{Code: codec.CodeBadNumber, Message: fmt.Sprintf("the rating %s is not a decimal number", source.Quote(rating))}
	}
	if stars <= 0 || stars > maxStars {
		return event, &codec.Problem{Code: codec.CodeOutOfRange, Message: fmt.Sprintf("the rating %s is not above 0 and at most %d", source.Quote(rating), maxStars)}
	}
	if !source.IsNumber(seconds) {
		return event, &codec.Problem{Code: codec.CodeBadTime, Message: fmt.Sprintf("the time %s is not a whole number of seconds", source.Quote(seconds))}
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return event, &codec.Problem{Code: codec.CodeBadTime, Message: fmt.Sprintf("the time %s: %v", source.Quote(seconds), err)}
	}
	switch {
	case at < oldest:
		return event, &codec.Problem{Code: codec.CodeTooOld, Message: fmt.Sprintf("the time %s is before 1990", source.Quote(seconds)), Hint: "times are Unix seconds; is the line complete?"}
	case at > (r.now+int64(maxAhead))/1000:
		return event, &codec.Problem{Code: codec.CodeInFuture, Message: fmt.Sprintf("the time %s is in the future", source.Quote(seconds)), Hint: "times are Unix seconds"}
	}
	event = freshet.Event{
		User:     freshet.UserID(r.words.Of(user)),
		Item:     freshet.ItemID(r.words.Of(film)),
		Name:     "view",
		Time:     at * 1000,
		Value:    stars,
		HasValue: true,
	}
	if stars >= likedFrom {
		event.Name = "like"
	}
	return event, nil
}

func malformed(format string, args ...any) *codec.Problem {
	return &codec.Problem{Code: codec.CodeMalformed, Message: fmt.Sprintf(format, args...)}
}
