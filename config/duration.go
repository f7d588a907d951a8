package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
)

// durationIn reads a duration in [low, high]. The fault, "" when there is none, speaks of
// the value as what; the hint says what to write.
func durationIn(what, text string, low, high freshet.Duration) (d freshet.Duration, fault, hint string) {
	d, err := freshet.ParseDuration(text)
	if text == "0" { // nothing needs no unit; whether it is allowed is for the bounds to say
		d, err = 0, nil
	}
	switch {
	case err != nil && guess(text) != "":
		return 0, fmt.Sprintf("%s is not a duration", quote(text)), "write " + guess(text)
	case err != nil && bareNumber.MatchString(text):
		return 0, fmt.Sprintf("%s is not a duration: the unit is missing", quote(text)),
			fmt.Sprintf("write %sms, %[1]ss, %[1]sm, %[1]sh or %[1]sd", text)
	case err != nil && plainDuration.MatchString(text):
		return 0, fmt.Sprintf("%s is longer than %s, the longest duration accepted", quote(text), freshet.MaxDuration), ""
	case err != nil:
		return 0, fmt.Sprintf("%s is not a duration", quote(text)),
			"write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d"
	case d >= low && d <= high:
		return d, "", ""
	case high < freshet.MaxDuration:
		return 0, fmt.Sprintf("%s is %s; it must be from %s to %s", what, text, low, high), ""
	}
	return 0, fmt.Sprintf("%s is %s; it must be %s or more", what, text, low), ""
}

var (
	bareNumber    = regexp.MustCompile(`^[0-9]{1,9}$`)
	plainDuration = regexp.MustCompile(`^([0-9]+(ms|s|m|h|d))+$`)
	guessPart     = regexp.MustCompile(`^([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-z]+)\.?(?:\s*(?:,|and\b))?\s*`)
)

// wordUnits are the ways people write a unit, in lower case.
var wordUnits = func() map[string]freshet.Duration {
	units := make(map[string]freshet.Duration)
	for unit, words := range map[freshet.Duration]string{
		freshet.Millisecond: "ms msec msecs milli millis millisecond milliseconds",
		freshet.Second:      "s sec secs second seconds",
		freshet.Minute:      "m min mins minute minutes",
		freshet.Hour:        "h hr hrs hour hours",
		freshet.Day:         "d day days",
		7 * freshet.Day:     "w wk wks week weeks",
	} {
		for _, w := range strings.Fields(words) {
			units[w] = unit
		}
	}
	return units
}()

// guess returns the duration that text most likely means, in the form that ParseDuration
// reads, or "" when it cannot tell.
func guess(text string) string {
	rest := strings.ToLower(strings.TrimSpace(text))
	switch rest {
	case "":
		return ""
	case "0":
		return "0s"
	}
	var sum float64
	var only string // the single part as the user counted it: 90m, not 1h30m
	for parts := 0; rest != ""; parts++ {
		m := guessPart.FindStringSubmatch(rest)
		if m == nil {
			return ""
		}
		unit, known := wordUnits[m[2]]
		n, err := strconv.ParseFloat(m[1], 64)
		if !known || err != nil {
			return ""
		}
		sum += n * float64(unit)
		only = ""
		if parts == 0 && !strings.Contains(m[1], ".") && unit <= freshet.Day {
			short := unit.String()[1:] // "1h" without its number
			only = m[1] + short
		}
		rest = rest[len(m[0]):]
	}
	if sum > float64(freshet.MaxDuration) || sum != math.Trunc(sum) {
		return ""
	}
	if only != "" {
		return only
	}
	return freshet.Duration(sum).String()
}
