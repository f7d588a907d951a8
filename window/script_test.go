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

	"github.com/freshet-rec/freshet/internal/slab"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/hopping")

// The files of testdata/hopping are small stories of one cell of Hopping and, where everything in it
// is a count, of one of Counters beside it. A line is one of
//
//	# a remark
//	hopping window=5m hop=30s slack=1m lanes=2    begins anew; slack and lanes may be left out
//	add 1m10s lane=1 amount=3                     an event of this key; lane 0 and amount 1 when left out
//	elsewhere 2m                                  an event of another key: only time moves on
//	read 2m lane=1 = 3                            what is read at that time, and the answer
//	beyond 10s = true                             whether no read that may be made covers that time
//	spent = false                                 whether nothing in the cell can be read any more
//
// with times as durations since the epoch. With one lane it is the sum of the amounts that is kept,
// with two the counts of a rate. Every read is also compared with a loop over all events, so that
// -update cannot bless a wrong answer.
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

// story is one cell, kept in two ways.
type story struct {
	span
	lanes    int
	pieces   slab.Slab
	hopping  Cells
	counters *Counters // nil when there were amounts that are no count
	cell     []uint64
	counts   []uint64
	kept     []event
	newest   int64
}

// event is one of a story.
type event struct {
	t, amount int64
	lane      int
}

func (s *story) begin() {
	var a Aggregate = Sum{}
	var rate *Rate
	if s.lanes == 2 {
		rate = &Rate{}
		a = rate
	}
	s.hopping = NewHopping(a, s.window, s.hop, s.slack)
	s.counters = NewCounters(rate, s.window, s.hop, s.slack, &s.pieces)
	s.cell, s.counts = make([]uint64, s.hopping.Words()), make([]uint64, s.counters.Words())
}

func (s *story) add(at int64, lane int, amount int64) error {
	s.newest = max(s.newest, at)
	s.kept = append(s.kept, event{at, amount, lane})
	if s.lanes == 2 && amount != 1 {
		return fmt.Errorf("a rate counts events, not amounts")
	}
	sample := Sample{Time: at, Number: float64(amount), Lanes: 1 << lane, Horizon: s.newest - s.slack}
	if s.hopping.Add(s.cell, &sample); amount < 0 {
		s.counters = nil
	}
	for n := int64(0); s.counters != nil && n < amount; n++ {
		s.counters.Add(s.counts, &sample)
	}
	return nil
}

// read gives what is read, unless the ways differ.
func (s *story) read(at int64, lane int) (int64, error) {
	want := int64(0)
	for _, e := range s.kept {
		if e.lane == lane && s.covers(at, e.t) {
			want += e.amount
		}
	}
	if s.counters != nil {
		if got := countsAt(s.counters, s.counts, at)[lane]; got != want {
			return 0, fmt.Errorf("counters read %d, but a loop counts %d", got, want)
		}
	}
	h := s.hopping.(*Hopping)
	got := int64(0)
	if first, n := h.ring.span(Newest(s.cell), at); s.cell[0] != 0 && n > 0 {
		for tile := first; tile < first+n; tile++ {
			if state := h.state(s.cell, tile); s.lanes == 2 {
				got += int64(state[lane])
			} else {
				got += int64(state[1]) / 1e6
			}
		}
	}
	var v Value
	if s.hopping.Read(&v, s.cell, at); s.lanes == 1 && v.Value != float64(got) {
		return 0, fmt.Errorf("read %v, but the tiles hold %d", v.Value, got)
	}
	if got != want {
		return 0, fmt.Errorf("read %d, but a loop counts %d", got, want)
	}
	return got, nil
}

// spent reports that no read that may still be made finds anything.
func (s *story) spent() bool {
	for q := max(0, s.newest-s.slack); q <= s.newest+s.window; q++ {
		var v Value
		if s.hopping.Read(&v, s.cell, q); v.Events > 0 {
			return false
		}
	}
	return true
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
	if s.lanes > 0 && (lane < 0 || lane >= s.lanes) {
		return "", fmt.Errorf("there is no lane %d", lane)
	}
	answer := ""
	switch verb {
	case "hopping":
		s.span, s.lanes = span{given.get("window", 0), given.get("hop", 0), given.get("slack", 0)}, int(given.get("lanes", 1))
		if s.hop <= 0 || s.window <= 0 || s.window%s.hop != 0 || s.lanes < 1 || s.lanes > 2 {
			return "", fmt.Errorf("no such window: %+v", s.span)
		}
		s.begin()
	case "add":
		if err := s.add(at, lane, given.get("amount", 1)); err != nil {
			return "", err
		}
	case "elsewhere":
		s.newest = max(s.newest, at)
	case "read":
		if at < s.newest-s.slack {
			return "", fmt.Errorf("a read at %d lies more than the slack behind the newest event, %d", at, s.newest)
		}
		n, err := s.read(at, lane)
		if err != nil {
			return "", err
		}
		answer = strconv.FormatInt(n, 10)
	case "beyond":
		answer = strconv.FormatBool(s.hopping.Beyond(at, s.newest-s.slack))
	case "spent":
		answer = strconv.FormatBool(s.spent())
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
