package window

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/hopping")

// The files of testdata/hopping are small stories of one hopping cell. A line is one of
//
//	# a remark
//	hopping window=5m hop=30s slack=1m lanes=2    begins anew; slack and lanes may be left out
//	add 1m10s lane=1 amount=3                     an event of this key; lane 0 and amount 1 when left out
//	elsewhere 2m                                  an event of another key: only time moves on
//	read 2m lane=1 = 3                            the sum read at that time, and the answer
//	beyond 10s = true                             whether no read that may be made covers that time
//	spent = false                                 whether the cell may be dropped
//
// with times as durations since the epoch. Every read is also compared with the oracle that
// keeps all events, so that -update cannot bless a wrong answer.
func TestHoppingStories(t *testing.T) {
	files, err := filepath.Glob("testdata/hopping/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no stories in testdata/hopping")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(t, file, string(text))
			if *update && told != string(text) {
				if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// tell plays a story and returns it with the answers that the code gives.
func tell(t *testing.T, file, text string) string {
	t.Helper()
	lines := strings.Split(text, "\n")
	var s *story
	for i, line := range lines {
		ask, want, answered := strings.Cut(line+" ", " = ")
		fields := strings.Fields(ask)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if fields[0] == "hopping" {
			s = &story{}
		}
		if s == nil {
			t.Fatalf("%s:%d: a story begins with a line \"hopping\"", file, i+1)
		}
		got, err := s.step(fields[0], fields[1:])
		if err != nil {
			t.Fatalf("%s:%d: %v", file, i+1, err)
		}
		if got == "" && answered {
			t.Fatalf("%s:%d: %q has no answer", file, i+1, fields[0])
		}
		if got != "" && *update {
			lines[i] = strings.TrimRight(ask, " ") + " = " + got
		} else if got != strings.TrimSpace(want) {
			t.Errorf("%s:%d: %s = %s, want %s", file, i+1, strings.Join(fields, " "), got, strings.TrimSpace(want))
		}
	}
	return strings.Join(lines, "\n")
}

type story struct {
	h      Hopping
	cell   []uint64
	kept   kept
	newest int64
}

// step does one line and returns its answer, "" when the line asks nothing.
func (s *story) step(verb string, fields []string) (string, error) {
	var at int64
	if verb == "add" || verb == "elsewhere" || verb == "read" || verb == "beyond" {
		if len(fields) == 0 {
			return "", fmt.Errorf("%s needs a time", verb)
		}
		var err error
		if at, err = millis(fields[0]); err != nil {
			return "", err
		}
		fields = fields[1:]
	}
	given, err := settings(fields)
	if err != nil {
		return "", err
	}
	lane := int(given.get("lane", 0))
	if s.h.Lanes > 0 && (lane < 0 || lane >= s.h.Lanes) {
		return "", fmt.Errorf("there is no lane %d", lane)
	}
	answer := ""
	switch verb {
	case "hopping":
		s.h = Hopping{Window: given.get("window", 0), Hop: given.get("hop", 0), Slack: given.get("slack", 0), Lanes: int(given.get("lanes", 1))}
		if s.h.Hop <= 0 || s.h.Window <= 0 || s.h.Window%s.h.Hop != 0 || s.h.Lanes < 1 {
			return "", fmt.Errorf("no such window: %+v", s.h)
		}
		s.cell = make([]uint64, s.h.Words())
	case "add":
		amount := given.get("amount", 1)
		s.newest = max(s.newest, at)
		s.h.Add(s.cell, at, lane, amount)
		s.kept = append(s.kept, struct {
			t, amount int64
			lane      int
		}{at, amount, lane})
	case "elsewhere":
		s.newest = max(s.newest, at)
	case "read":
		if at < s.newest-s.h.Slack {
			return "", fmt.Errorf("a read at %d lies more than the slack behind the newest event, %d", at, s.newest)
		}
		got := s.h.Sum(s.cell, at, lane)
		if want := s.kept.sum(&s.h, at, lane); got != want {
			return "", fmt.Errorf("read %d, but the oracle counts %d", got, want)
		}
		answer = strconv.FormatInt(got, 10)
	case "beyond":
		answer = strconv.FormatBool(s.h.Beyond(at, s.newest))
	case "spent":
		answer = strconv.FormatBool(s.h.Spent(s.cell, s.newest))
	default:
		return "", fmt.Errorf("unknown line %q", verb)
	}
	for name := range given {
		return "", fmt.Errorf("%s takes no %q", verb, name)
	}
	return answer, nil
}

func millis(text string) (int64, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, err
	}
	if d < 0 || d%time.Millisecond != 0 {
		return 0, fmt.Errorf("%s is not a whole number of milliseconds since the epoch", text)
	}
	return d.Milliseconds(), nil
}

// options are the name=value parts of a line; get takes one out.
type options map[string]int64

func settings(fields []string) (options, error) {
	given := options{}
	for _, f := range fields {
		name, text, ok := strings.Cut(f, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not name=value", f)
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			n, err = millis(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", f, err)
		}
		given[name] = n
	}
	return given, nil
}

func (o options) get(name string, otherwise int64) int64 {
	n, ok := o[name]
	if !ok {
		return otherwise
	}
	delete(o, name)
	return n
}
