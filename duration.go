package freshet

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time in milliseconds, the resolution of event time. Its text form
// is one or more whole numbers with a unit, largest first: 500ms, 30s, 5m, 1h30m, 7d.
type Duration int64

// The units of a Duration.
const (
	Millisecond Duration = 1
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
	Day                  = 24 * Hour
)

// MaxDuration is the longest Duration read from text: 100 years.
const MaxDuration = 36525 * Day

var durationUnits = []struct {
	name string
	size Duration
}{{"d", Day}, {"h", Hour}, {"m", Minute}, {"s", Second}, {"ms", Millisecond}}

// ParseDuration reads the text form. The result is in [0, MaxDuration].
func ParseDuration(s string) (Duration, error) {
	bad := func() (Duration, error) {
		return 0, fmt.Errorf("%q is not a duration; write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d", s)
	}
	rest, next := s, 0
	var sum Duration
	for {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		letters := digits
		for letters < len(rest) && rest[letters] >= 'a' && rest[letters] <= 'z' {
			letters++
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil {
			return bad()
		}
		unit := -1
		for i := next; i < len(durationUnits); i++ {
			if durationUnits[i].name == rest[digits:letters] {
				unit = i
			}
		}
		if unit < 0 {
			return bad()
		}
		size := durationUnits[unit].size
		if n > int64(MaxDuration/size) || sum > MaxDuration-Duration(n)*size {
			return 0, fmt.Errorf("%q is longer than %s, the longest duration accepted", s, MaxDuration)
		}
		sum += Duration(n) * size
		next, rest = unit+1, rest[letters:]
		if rest == "" {
			return sum, nil
		}
	}
}

// String returns the text form; the zero Duration is 0s.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	if d < 0 {
		b.WriteByte('-')
		d = -d
	}
	for _, u := range durationUnits {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return b.String()
}

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) * time.Millisecond }

// MarshalText makes a Duration a JSON string.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
