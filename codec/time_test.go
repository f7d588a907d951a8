package codec

import (
	"math/rand"
	"strings"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // RFC 3339 in UTC, "" for none
		hint       string // a part of it
	}{
		{"UTC", "2026-11-20T15:04:05Z", "2026-11-20T15:04:05.000Z", ""},
		{"lower case", "2026-11-20t15:04:05z", "2026-11-20T15:04:05.000Z", ""},
		{"one digit", "2026-11-20T15:04:05.3Z", "2026-11-20T15:04:05.300Z", ""},
		{"nine digits are cut", "2026-11-20T15:04:05.123999999Z", "2026-11-20T15:04:05.123Z", ""},
		{"offset", "2026-11-20T00:30:00+05:45", "2026-11-19T18:45:00.000Z", ""},
		{"negative offset", "2026-12-31T23:30:00-08:00", "2027-01-01T07:30:00.000Z", ""},
		{"unknown offset", "2026-11-20T15:04:05-00:00", "2026-11-20T15:04:05.000Z", ""},
		{"leap day", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z", ""},
		{"leap day of a century", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z", ""},
		{"before 1970, fraction", "1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z", ""},
		{"first", "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z", ""},
		{"last", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", ""},
		{"before the first", "0000-01-01T00:00:00+00:01", "", "0000 to 9999"},
		{"after the last", "9999-12-31T23:59:59-00:01", "", "0000 to 9999"},
		{"no leap day", "2026-02-29T00:00:00Z", "", "2026-02 has days 01 to 28"},
		{"no leap day of a century", "1900-02-29T00:00:00Z", "", "1900-02 has days 01 to 28"},
		{"31st", "2026-04-31T00:00:00Z", "", "2026-04 has days 01 to 30"},
		{"day 0", "2026-04-00T00:00:00Z", "", "days"},
		{"month 0", "2026-00-01T00:00:00Z", "", "months"},
		{"month 13", "2026-13-01T00:00:00Z", "", "months"},
		{"hour 24", "2026-11-20T24:00:00Z", "", "hours"},
		{"minute 60", "2026-11-20T00:60:00Z", "", "hours"},
		{"leap second", "2016-12-31T23:59:60Z", "", "leap"},
		{"second 61", "2016-12-31T23:59:61Z", "", "hours"},
		{"no zone", "2026-11-20T15:04:05", "", "zone"},
		{"no zone, fraction", "2026-11-20T15:04:05.5", "", "zone"},
		{"space for T", "2026-11-20 15:04:05Z", "", "put a T"},
		{"space before zone", "2026-11-20T15:04:05 Z", "", "Z or an offset"},
		{"named zone", "2026-11-20T15:04:05 UTC", "", "Z or an offset"},
		{"short offset", "2026-11-20T15:04:05+08", "", "Z or an offset"},
		{"offset without colon", "2026-11-20T15:04:05+0800", "", "Z or an offset"},
		{"offset of a day", "2026-11-20T15:04:05+24:00", "", "offsets"},
		{"offset minute 60", "2026-11-20T15:04:05+00:60", "", "offsets"},
		{"empty fraction", "2026-11-20T15:04:05.Z", "", "fraction"},
		{"ten digits", "2026-11-20T15:04:05.1234567890Z", "", "fraction"},
		{"comma", "2026-11-20T15:04:05,5Z", "", "Z or an offset"},
		{"trailing byte", "2026-11-20T15:04:05Zx", "", "Z or an offset"},
		{"only a date", "2026-11-20", "", "RFC 3339"},
		{"other order", "20/11/2026 15:04:05", "", "RFC 3339"},
		{"words", "Fri, 20 Nov 2026 15:04:05 GMT", "", "RFC 3339"},
		{"five digits of year", "12026-11-20T15:04:05Z", "", "RFC 3339"},
		{"sign", "-026-11-20T15:04:05Z", "", "RFC 3339"},
		{"digits", "1700000000", "", "without quotes"},
		{"empty", "", "", "RFC 3339"},
		{"other digits", "２026-11-20T15:04:05Z", "", "RFC 3339"},
	} {
		ms, hint := ParseTime([]byte(c.text))
		switch {
		case c.want == "" && (hint == "" || !strings.Contains(hint, c.hint)):
			t.Errorf("%s: %q gives %d with hint %q, want a hint with %q", c.name, c.text, ms, hint, c.hint)
		case c.want != "" && (hint != "" || string(AppendTime(nil, ms)) != c.want):
			t.Errorf("%s: %q gives %s %q, want %s", c.name, c.text, AppendTime(nil, ms), hint, c.want)
		}
	}
}

// The standard library is the oracle, over the whole range and every offset.
func TestParseTimeOracle(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	const span = yearMost - yearZero
	for range 20_000 {
		want := yearZero + rng.Int63n(span)
		zone := time.FixedZone("", (rng.Intn(2*24*60-1)-24*60+1)*60)
		at := time.UnixMilli(want).In(zone)
		if y := at.Year(); y < 0 || y > 9999 {
			continue
		}
		text := at.Format("2006-01-02T15:04:05.000Z07:00")
		if got, hint := ParseTime([]byte(text)); hint != "" || got != want {
			t.Fatalf("%s gives %d %q, want %d", text, got, hint, want)
		}
	}
	for day := time.UnixMilli(yearZero).UTC(); day.Year() < 2401; day = day.AddDate(0, 0, 1) {
		if got := daysBefore(day.Year(), int(day.Month()), day.Day()); got != day.Unix()/86400 {
			t.Fatalf("%s is day %d, want %d", day, got, day.Unix()/86400)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-11-20T15:04:05Z", "2026-11-20t15:04:05.123456789+08:00", "2024-02-30T23:59:60Z", "0000-01-01T00:00:00-23:59"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ms, hint := ParseTime([]byte(text))
		if hint != "" {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
		if err != nil || want.UnixMilli() != ms {
			t.Errorf("%q gives %d, the standard library %d %v", text, ms, want.UnixMilli(), err)
		}
		if again, hint := ParseTime(AppendTime(nil, ms)); again != ms || hint != "" {
			t.Errorf("%d is written as %s and read as %d %s", ms, AppendTime(nil, ms), again, hint)
		}
	})
}
