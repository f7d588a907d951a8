package movielens

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// maxAge is older than anybody became.
const maxAge = 150

// barredUser reads a line of u.user: number, age, gender, occupation and zip code, separated by
// bars. What is empty is left out.
func barredUser(line []byte) (user freshet.User, problem *codec.Problem) {
	text, ok := latin1(line)
	if !ok {
		return user, &codec.Problem{Code: codec.CodeBadText, Message: "the line holds characters that ISO-8859-1 does not print", Hint: "use the file as it was published"}
	}
	fields := strings.Split(text, "|")
	if len(fields) != 5 {
		return user, malformed("%d fields separated by bars; a user has number, age, gender, occupation and zip code", len(fields))
	}
	number, age := fields[0], fields[1]
	if !source.IsNumber(number) {
		return user, &codec.Problem{Code: codec.CodeBadID, Message: fmt.Sprintf("the user %s is not a number of at most %d digits", source.Quote(number), source.MaxDigits)}
	}
	attributes := map[string]any{}
	if age != "" {
		years, err := strconv.Atoi(age)
		if err != nil || !source.IsNumber(age) || years > maxAge {
			return user, &codec.Problem{Code: codec.CodeBadNumber, Message: fmt.Sprintf("the age %s is not a number of years up to %d", source.Quote(age), maxAge)}
		}
		attributes["age"] = json.Number(strconv.Itoa(years))
	}
	for i, name := range []string{"gender", "occupation", "zip"} {
		if value := fields[2+i]; value != "" {
			attributes[name] = value
		}
	}
	return freshet.User{ID: freshet.UserID(number), Attributes: attributes}, nil
}
