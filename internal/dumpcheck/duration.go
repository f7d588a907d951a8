package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// unitMS lists the units of a duration and their length in ms, "ms" before "m".
var unitMS = []struct {
	unit string
	ms   int64
}{
	{"ms", 1}, {"s", 1000}, {"m", 60_000}, {"h", 3_600_000}, {"d", 86_400_000},
}

// parseDuration reads one or more of a whole number and a unit, such as "5m" or "1h30m",
// into ms.
func parseDuration(text string) (int64, error) {
	if text == "" {
		return 0, fmt.Errorf("duration %q is empty", text)
	}
	total := int64(0)
	for rest := text; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("duration %q: a whole number is wanted at %q", text, rest)
		}
		rest = rest[digits:]
		length := int64(0)
		for _, u := range unitMS {
			if after, ok := strings.CutPrefix(rest, u.unit); ok {
				length, rest = u.ms, after
				break
			}
		}
		if length == 0 {
			return 0, fmt.Errorf("duration %q: one of ms, s, m, h, d is wanted at %q", text, rest)
		}
		if n > (math.MaxInt64-total)/length {
			return 0, fmt.Errorf("duration %q is too long", text)
		}
		total += n * length
	}
	return total, nil
}
