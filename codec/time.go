package codec

import (
	"fmt"
	"time"
)

// Times are Unix milliseconds. An integer of less than secondsBelow in magnitude counts
// seconds instead: as milliseconds those would all lie before 1973-03-03.
const (
	secondsBelow = 100_000_000_000
	yearZero     = -62_167_219_200_000 // 0000-01-01T00:00:00Z
	yearOne      = -62_135_596_800_000 // 0001-01-01T00:00:00Z
	oldestEvent  = 631_152_000_000     // 1990-01-01T00:00:00Z
	yearMost     = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z
)

const timeHint = "use RFC 3339 with a zone, such as 2026-11-20T15:04:05Z, or whole seconds or milliseconds since 1970"

// time reads a time: an integer or RFC 3339 text, in the years 0000 to 9999.
func (d *decoder) time() (ms int64, ok bool) {
	switch d.kind() {
	case kindNumber:
		n := d.number()
		switch {
		case d.bad != nil:
			return 0, false
		case n.fault == "" && n.overflows():
			n.fault = faultOverflow
		}
		if n.fault != "" {
			d.badNumber(n.lit, n.fault)
			return 0, false
		}
		ms, hint := wholeTime(&n)
		if hint != "" {
			d.problem(CodeBadTime, hint, "%s: %s is not a time", here{d}, token(n.lit))
		}
		return ms, hint == ""
	case kindText:
		t := d.text()
		switch {
		case d.bad != nil:
			return 0, false
		case t.fault != "":
			d.badText(t.raw, t.fault)
			return 0, false
		case d.long(&t):
			d.tooLong()
			return 0, false
		}
		b := d.bytes(&t)
		ms, hint := ParseTime(b)
		if hint != "" {
			d.problem(CodeBadTime, hint, "%s: %s is not a time", here{d}, quoted(b))
		}
		return ms, hint == ""
	}
	d.wrongType("a time (an integer or RFC 3339 text)")
	return 0, false
}

// wholeTime reads a number without fault as a time; hint is "" when it is one.
func wholeTime(n *number) (ms int64, hint string) {
	if !n.integer {
		return 0, "send whole seconds or milliseconds, without fraction or exponent"
	}
	v, ok := n.int()
	switch {
	case ok && v > -secondsBelow && v < secondsBelow && v >= yearZero/1000:
		return v * 1000, ""
	case ok && v > -secondsBelow && v < secondsBelow:
		// seconds before the year 0000
	case ok && v >= yearZero && v <= yearMost:
		return v, ""
	case ok && v/1e3 >= oldestEvent && v/1e3 <= yearMost:
		return 0, "looks like microseconds; divide by 1000"
	case ok && v/1e6 >= oldestEvent:
		return 0, "looks like nanoseconds; divide by 1000000"
	}
	return 0, "the years 0000 to 9999 are accepted; " + timeHint
}

// eventTime reads the ts of an event.
func (d *decoder) eventTime() int64 {
	ms, ok := d.time()
	if !ok {
		return 0
	}
	latest := d.rules.latest()
	switch {
	case ms < oldestEvent:
		d.problem(CodeTooOld, "leave ts out if the time is not known; it is then the time of receipt",
			"%s: %s is before 1990", here{d}, clock(ms))
	case ms > latest:
		d.problem(CodeInFuture, "check the sender's clock and time zone",
			"%s: %s is more than %s ahead of now", here{d}, clock(ms), d.rules.MaxFuture)
	}
	return ms
}

// latest is the last event time accepted.
func (r *Rules) latest() int64 {
	if r.MaxFuture > 0 && r.Now > yearMost-int64(min(r.MaxFuture, yearMost)) {
		return yearMost
	}
	return r.Now + int64(r.MaxFuture)
}

// clock shows a time in messages.
type clock int64

func (c clock) String() string { return string(AppendTime(nil, int64(c))) }

// AppendTime appends ms, Unix milliseconds in the years 0000 to 9999, as RFC 3339 text in UTC
// with three digits of fraction. [ParseTime] reads it back.
func AppendTime(dst []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// ParseTime reads RFC 3339 text, strictly: date, T, time, up to nine digits of fraction (cut
// to milliseconds), and Z or an offset; t and z may be lower case. The day must exist, leap
// seconds are refused, and the result lies in the years 0000 to 9999 of UTC. hint is "" when b
// is a time and otherwise says what would make it one.
func ParseTime(b []byte) (ms int64, hint string) {
	var field [6]int // year, month, day, hour, minute, second
	const form = "0000-00-00T00:00:00"
	if n := digits(b); n > 4 && n == len(b) {
		return 0, "send the number without quotes"
	}
	if len(b) < len(form) {
		return 0, timeHint
	}
	at := 0
	for i, c := range []byte(form) {
		switch {
		case c == '0':
			if digits(b[i:i+1]) == 0 {
				return 0, timeHint
			}
			field[at] = field[at]*10 + int(b[i]-'0')
			continue
		case c == 'T' && b[i] == ' ':
			return 0, "put a T between date and time, as in 2026-11-20T15:04:05Z"
		case b[i] != c && (c != 'T' || b[i] != 't'):
			return 0, timeHint
		}
		at++
	}
	year, month, day, hour, minute, second := field[0], field[1], field[2], field[3], field[4], field[5]
	switch {
	case month < 1 || month > 12:
		return 0, "months go from 01 to 12"
	case day < 1 || day > daysIn(year, month):
		return 0, fmt.Sprintf("%04d-%02d has days 01 to %d", year, month, daysIn(year, month))
	case second == 60:
		return 0, "leap seconds are not accepted; send second 59"
	case hour > 23 || minute > 59 || second > 59:
		return 0, "hours go to 23, minutes and seconds to 59"
	}
	fraction, rest, ok := cutFraction(b[len(form):])
	if !ok {
		return 0, "a fraction of a second has one to nine digits"
	}
	offset, hint := zone(rest)
	if hint != "" {
		return 0, hint
	}
	minutes := (daysBefore(year, month, day)*24+int64(hour))*60 + int64(minute) - offset
	ms = (minutes*60+int64(second))*1000 + fraction
	if ms < yearZero || ms > yearMost {
		return 0, "the years 0000 to 9999 of UTC are accepted"
	}
	return ms, ""
}

// cutFraction reads an optional fraction of a second, in milliseconds.
func cutFraction(b []byte) (ms int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	n := digits(b[1:])
	if n < 1 || n > 9 {
		return 0, nil, false
	}
	for i, unit := 1, int64(100); i <= min(n, 3); i, unit = i+1, unit/10 {
		ms += int64(b[i]-'0') * unit
	}
	return ms, b[1+n:], true
}

// zone reads Z or an offset from UTC, in minutes.
func zone(b []byte) (minutes int64, hint string) {
	switch {
	case len(b) == 0:
		return 0, "add the zone: Z or an offset such as +08:00"
	case len(b) == 1 && b[0]|0x20 == 'z':
		return 0, ""
	case len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' || digits(b[1:]) != 2 || digits(b[4:]) != 2:
		return 0, "end with Z or an offset such as +08:00"
	}
	hours, rest := int64(b[1]-'0')*10+int64(b[2]-'0'), int64(b[4]-'0')*10+int64(b[5]-'0')
	if hours > 23 || rest > 59 {
		return 0, "offsets go to 23:59"
	}
	minutes = hours*60 + rest
	if b[0] == '-' {
		minutes = -minutes
	}
	return minutes, ""
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysBefore returns the days from 1970-01-01 to a day of the proleptic Gregorian calendar,
// year ≥ 0. Years are counted from March, which puts the leap day last, and 400 years (146097
// days) up, which keeps the divisions positive. 719468 days lie between 0000-03-01 and 1970.
func daysBefore(year, month, day int) int64 {
	if month < 3 {
		year, month = year-1, month+12
	}
	y := int64(year) + 400
	return 365*y + y/4 - y/100 + y/400 + int64(153*(month-3)+2)/5 + int64(day-1) - 719468 - 146097
}
