package config

import (
	"regexp"
	"strconv"
	"strings"
)

// The bounds of a distance in metres: nothing on Earth is farther away than half way around.
const (
	minDistance = 1
	maxDistance = 20_038_000
)

var distanceForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(m|km)$`)

// distance reads a distance such as 800m or 2.5km, in metres.
func (r *reader) distance(dst *float64) func(string, *node) {
	return func(path string, n *node) {
		s := n.text
		switch n.kind {
		case number: // judged as a distance without its unit
		case boolean, list, mapping:
			r.add(n.at, "", "%s must be a distance such as 800m or 5km, not %s", path, n.kind)
			return
		default:
			var ok bool
			if s, ok = r.text(path, n); !ok {
				return
			}
		}
		parts := distanceForm.FindStringSubmatch(s)
		if parts == nil {
			hint := ""
			if decimal.MatchString(s) && !strings.HasPrefix(s, "-") {
				hint = "the unit is missing; write " + s + "m or " + s + "km"
			}
			r.add(n.at, hint, "%s is %s; it must be a distance such as 800m or 5km", path, quote(s))
			return
		}
		v, err := strconv.ParseFloat(parts[1], 64)
		if parts[2] == "km" {
			v *= 1000
		}
		if err != nil || v < minDistance || v > maxDistance {
			r.add(n.at, "", "%s is %s; it must be from %s to %s", path, s, distanceText(minDistance), distanceText(maxDistance))
			return
		}
		*dst = v
	}
}

// distanceText prints a distance so that it reads back as the same number.
func distanceText(metres float64) string {
	text := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	if km, err := strconv.ParseFloat(text(metres/1000), 64); err == nil && metres >= 1000 && km*1000 == metres {
		return text(km) + "km"
	}
	return text(metres) + "m"
}
