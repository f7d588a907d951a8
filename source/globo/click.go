package globo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// The columns read, in the order of clicks.place.
var columns = []string{"user_id", "session_id", "click_article_id", "click_timestamp"}

const (
	columnUser = iota
	columnSession
	columnArticle
	columnTime
)

// oldest is the earliest event time accepted anywhere, 1990-01-01, in milliseconds.
var oldest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// maxAhead is how far past now a click's time may lie, as for any event.
const maxAhead = freshet.Minute

// clicks makes events of the rows of one file after the other. Its zero value but for now is
// ready to use.
type clicks struct {
	now   int64 // Unix milliseconds
	place []int // place[i] is where columns[i] stands in a row
	width int   // columns in the header
	words source.Words
}

// header finds the columns of a file.
func (c *clicks) header(line []byte) error {
	names := strings.Split(string(line), ",")
	c.place, c.width = make([]int, len(columns)), len(names)
	for i, want := range columns {
		c.place[i] = slices.Index(names, want)
		if c.place[i] < 0 {
			return fmt.Errorf("the header has no column %s; it must name %s", want, strings.Join(columns, ", "))
		}
		if slices.Contains(names[c.place[i]+1:], want) {
			return fmt.Errorf("the header has the column %s twice", want)
		}
	}
	return nil
}

// row reads one click.
func (c *clicks) row(line []byte) (event freshet.Event, problem *codec.Problem) {
	fields := strings.Split(string(line), ",")
	if len(fields) != c.width {
		return event, &codec.Problem{Code: codec.CodeMalformed, Message: fmt.Sprintf("%d fields; the header has %d", len(fields), c.width)}
	}
	for i, column := range columns {
		if text := fields[c.place[i]]; !source.IsNumber(text) {
			code := codec.CodeBadID
			if i == columnTime {
				code = codec.CodeBadTime
			}
			return event, &codec.Problem{Code: code, Message: fmt.Sprintf("the %s %s is not a number of at most %d digits", column, source.Quote(text), source.MaxDigits)}
		}
	}
	stamp := fields[c.place[columnTime]]
	at, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case err != nil:
		return event, &codec.Problem{Code: codec.CodeBadTime, Message: fmt.Sprintf("the time %s: %v", source.Quote(stamp), err)}
	case at < oldest:
		return event, &codec.Problem{Code: codec.CodeTooOld, Message: fmt.Sprintf("the time %s is before 1990", source.Quote(stamp)), Hint: "times are Unix milliseconds"}
	case at > c.now+int64(maxAhead):
		return event, &codec.Problem{Code: codec.CodeInFuture, Message: fmt.Sprintf("the time %s is in the future", source.Quote(stamp)), Hint: "times are Unix milliseconds"}
	}
	return freshet.Event{
		User:    freshet.UserID(c.words.Of(fields[c.place[columnUser]])),
		Session: c.words.Of(fields[c.place[columnSession]]),
		Item:    freshet.ItemID(c.words.Of(fields[c.place[columnArticle]])),
		Name:    "click",
		Time:    at,
	}, nil
}
