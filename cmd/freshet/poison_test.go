package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/source"
)

// poison is a line that must be refused, and why.
type poison struct {
	name, line, code string
}

// with is an event that is good but for what members add.
func with(members string) string {
	return `{"user_id":"u","item_id":"i","event":"click",` + members + `}`
}

// ofItem is a catalogue item that is good but for what members add.
func ofItem(members string) string { return `{"item_id":"i",` + members + `}` }

func nestedArrays(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// poisons are what the lines of a file can have wrong with them, one of each kind.
func poisons() []poison {
	fields := func(n int) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf(`"k%d":%d`, i, i))
		}
		return strings.Join(parts, ",")
	}
	long := strings.Repeat("x", 17<<10)
	return []poison{
		{"null", `null`, "malformed"},
		{"an empty list", `[]`, "malformed"},
		{"a bare text", `"click"`, "malformed"},
		{"an empty object", `{}`, "missing:user_id"},
		{"cut off", `{"user_id":"u","item_id":"i","ev`, "malformed"},
		{"two documents", with(`"rank":1`) + with(`"rank":1`), "malformed"},
		{"bytes behind", with(`"rank":1`) + "x", "malformed"},
		{"a byte order mark", "\ufeff" + with(`"rank":1`), "malformed"},
		{"binary", "\x00\x01\xfe\xff", "malformed"},
		{"a row of CSV", `u,i,click,1700000000`, "malformed"},
		{"invalid UTF-8", with("\"query\":\"\xff\""), "bad_text"},
		{"half a surrogate pair", with(`"query":"\ud800"`), "bad_text"},
		{"NUL in an id", with("\"session_id\":\"a\x00\""), "bad_text"},
		{"escaped NUL in an id", with(`"session_id":"a\u0000"`), "bad_text"},
		{"a key twice", with(`"user_id":"v"`), "duplicate_field"},
		{"a key in another case", with(`"User_ID":"v"`), "unknown_field"},
		{"an unknown key", with(`"colour":"red"`), "unknown_field"},
		{"no user", `{"item_id":"i","event":"click"}`, "missing:user_id"},
		{"no item", `{"user_id":"u","event":"click"}`, "missing:item_id"},
		{"no event", `{"user_id":"u","item_id":"i"}`, "missing:event"},
		{"an empty id", with(`"session_id":""`), "bad_id"},
		{"a blank id", with(`"session_id":"  "`), "bad_id"},
		{"an id of 10 KiB", with(`"session_id":"` + long[:10<<10] + `"`), "bad_id"},
		{"a line feed in an id", with(`"session_id":"a\nb"`), "bad_id"},
		{"ANSI escapes in an id", with(`"session_id":"\u001b[31m"`), "bad_id"},
		{"NaN", with(`"value":NaN`), "bad_number"},
		{"Infinity", with(`"value":Infinity`), "bad_number"},
		{"1e999", with(`"value":1e999`), "bad_number"},
		{"10,000 digits", with(`"value":` + strings.Repeat("7", 10_000)), "bad_number"},
		{"2^53+1", with(`"value":9007199254740993`), "out_of_range"},
		{"2^63", with(`"value":9223372036854775808`), "out_of_range"},
		{"a negative rank", with(`"rank":-1`), "out_of_range"},
		{"half a rank", with(`"rank":1.5`), "out_of_range"},
		{"a weight of 1e308", with(`"value":1e308`), "out_of_range"},
		{"a day that is none", with(`"ts":"31/02/2026"`), "bad_time"},
		{"a time in words", with(`"ts":"yesterday"`), "bad_time"},
		{"a time without a zone", with(`"ts":"2023-11-20T15:04:05"`), "bad_time"},
		{"a leap second", with(`"ts":"2016-12-31T23:59:60Z"`), "bad_time"},
		{"microseconds", with(`"ts":1700000000000000`), "bad_time"},
		{"nanoseconds", with(`"ts":1700000000000000000`), "bad_time"},
		{"the year 10000", with(`"ts":"10000-01-01T00:00:00Z"`), "bad_time"},
		{"time 0", with(`"ts":0`), "too_old"},
		{"a negative time", with(`"ts":-1`), "too_old"},
		{"a time to come", with(`"ts":"2999-01-01T00:00:00Z"`), "in_future"},
		{"the event id of another event", `{"event_id":"taken","user_id":"other","item_id":"i","event":"click","ts":1700000000}`, "id_conflict"},
		{"nested 33 deep", with(`"context":{"a":` + nestedArrays(31) + `}`), "too_deep"},
		{"nested 100,000 deep", with(`"context":{"a":` + nestedArrays(100_000) + `}`), "too_deep"},
		{"257 fields", with(`"context":{` + fields(257) + `}`), "too_many_fields"},
		{"a text of 17 KiB", with(`"query":"` + long + `"`), "too_long"},
		{"a line over 1 MiB", with(`"query":"` + strings.Repeat("x", source.MaxLineBytes) + `"`), "too_long"},
		{"many items at once", with(`"item_ids":["a"` + strings.Repeat(`,"a"`, 100_000) + `]`), "unknown_field"},
		{"text for a number", with(`"value":"12"`), "type:value"},
		{"text for a rank", with(`"rank":"1"`), "type:rank"},
		{"a number for an id", `{"user_id":7,"item_id":"i","event":"click"}`, "type:user_id"},
		{"text for a truth", ofItem(`"available":"true"`), "type:available"},
		{"a negative price", ofItem(`"price":-5`), "out_of_range"},
		{"an embedding of zeros", ofItem(`"embedding":[0,0,0]`), "bad_vector"},
		{"an empty embedding", ofItem(`"embedding":[]`), "bad_vector"},
		{"NaN in an embedding", ofItem(`"embedding":[1,NaN]`), "bad_vector"},
		{"an embedding that is too long", ofItem(`"embedding":[1` + strings.Repeat(",1", 100_000) + `]`), "bad_vector"},
	}
}

// load is a file of events, some lines of which are poison.
type load struct {
	text  []byte
	clean []byte         // the same without poison
	codes map[int]poison // by line
	good  int            // lines that are new events
	twice int            // lines that repeat an event
}

// newLoad makes a file of so many lines, of which every 100th is one of the poisons in turn, or
// none if there are none.
func newLoad(lines int, kinds []poison) *load {
	l := &load{codes: map[int]poison{}}
	first := `{"event_id":"taken","user_id":"u0","item_id":"i0","event":"click","ts":1600000000}` + "\n"
	for n := 1; n <= lines; n++ {
		if n%100 == 0 && len(kinds) > 0 {
			p := kinds[len(l.codes)%len(kinds)]
			l.codes[n] = p
			l.text = append(append(l.text, p.line...), '\n')
			continue
		}
		var line string
		switch {
		case n == 1:
			line = first
			l.good++
		case n%10_000 == 7: // a retry: the same id with the same contents
			line = first
			l.twice++
		case n%1000 == 8: // odd, and good
			line = fmt.Sprintf(`{"user_id":"../{tag}*? é e%s","item_id":"never-seen-%d","event":"expose","ts":%d,"value":-0}`+"\n", "\u0301", n, 1_600_000_000+n)
			l.good++
		default:
			line = fmt.Sprintf(`{"user_id":"u%d","item_id":"i%d","event":"click","ts":%d}`+"\n", n%500, n*7%300, 1_600_000_000+n)
			l.good++
		}
		l.text = append(l.text, line...)
		l.clean = append(l.clean, line...)
	}
	return l
}

func writeFile(t testing.TB, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// imported is what import --json says.
type imported struct {
	Accepted, Duplicate, Refused, Late int
	KeptAs                             string `json:"kept_as"`
	Errors                             []struct {
		Line   int
		Code   string
		KeptAs string `json:"kept_as"`
	}
}

// importFile imports a file and returns what was said.
func importFile(t testing.TB, data, path string, wantCode int) (reply imported) {
	t.Helper()
	out, talk, code := runCommand(t, "import", "--data", data, "--json", path)
	if code != wantCode {
		t.Fatalf("import exits with %d, want %d:\n%s", code, wantCode, talk)
	}
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return reply
}

// stateHash is the hash of all features of a data directory.
func stateHash(t testing.TB, data string) string {
	t.Helper()
	out, talk, code := runCommand(t, "export", "--data", data, "--json")
	var reply struct{ SHA256 string }
	if err := json.Unmarshal([]byte(out), &reply); err != nil || code != 0 || reply.SHA256 == "" {
		t.Fatalf("export exits with %d: %v\n%s%s", code, err, out, talk)
	}
	return reply.SHA256
}

// lettersIn lists the dead letters of a data directory.
func lettersIn(t testing.TB, data string) (list []deadletter.Letter) {
	t.Helper()
	disk := existing(t, data)
	after := deadletter.ID(0)
	for {
		page, err := deadletter.List(disk, after, 1000)
		if err != nil || len(page.Damages) > 0 {
			t.Fatalf("%v, damages %v", err, page.Damages)
		}
		list = append(list, page.Letters...)
		if !page.More {
			return list
		}
		after = list[len(list)-1].ID
	}
}

// TestPoisonOfEveryKindCostsOnlyItself mixes one per cent of lines that cannot be used, of every
// kind, into a file of 50,000: each becomes a dead letter with the right reason, place and text,
// the state is that of the file without them, and what is corrected goes in.
func TestGoalPoison(t *testing.T) {
	g := goal.Begin(t, "G13", "100 % with the right reason, the rest in", goal.Sizes{Quick: 500, CI: 500})
	kinds := poisons()
	l := newLoad(50_000, kinds)
	if len(l.codes) != 500 {
		t.Fatalf("%d lines of poison", len(l.codes))
	}
	data, path := filepath.Join(t.TempDir(), "data"), writeFile(t, "load.jsonl", l.text)
	reply := importFile(t, data, path, exitRefused)
	if reply.Accepted != l.good || reply.Duplicate != l.twice || reply.Refused != 500 || reply.Late != 0 {
		t.Errorf("reply %d accepted, %d duplicate, %d refused, %d late; want %d, %d, 500, 0", reply.Accepted, reply.Duplicate, reply.Refused, reply.Late, l.good, l.twice)
	}
	letters := lettersIn(t, data)
	right := 0
	var ids []string
	lines := strings.Split(string(l.text), "\n")
	for i := range letters {
		got := &letters[i]
		ids = append(ids, got.ID.String())
		want, ok := l.codes[int(got.Line)]
		raw := lines[got.Line-1]
		switch {
		case !ok:
			t.Errorf("line %d is good and became a dead letter: %s %s", got.Line, got.Code, got.Message)
		case got.Code != want.code:
			t.Errorf("%s: line %d has the reason %s, want %s", want.name, got.Line, got.Code, want.code)
		case got.Message == "" || got.File != "load.jsonl" || !strings.HasPrefix(got.Source, "import:"):
			t.Errorf("%s: %+v", want.name, got)
		case want.code == "id_conflict": // the event, not the line, is at hand
			if !strings.Contains(string(got.Payload), `"other"`) || got.Truncated {
				t.Errorf("%s: text %q", want.name, got.Payload)
			}
			right++
		case !strings.HasPrefix(raw, string(got.Payload)) || got.Truncated != (len(got.Payload) < len(raw)) || len(got.Payload) < min(len(raw), source.KeptBytes):
			t.Errorf("%s: %d bytes of %d are kept, truncated: %v", want.name, len(got.Payload), len(raw), got.Truncated)
		default:
			right++
		}
	}
	if right != 500 || len(letters) != 500 {
		t.Errorf("%d of 500 lines have their reason, in %d letters", right, len(letters))
	}
	g.Add(right)
	for _, e := range reply.Errors {
		if !slices.Contains(ids, e.KeptAs) {
			t.Errorf("line %d is said to be kept as %q", e.Line, e.KeptAs)
		}
	}

	clean := filepath.Join(t.TempDir(), "clean")
	importFile(t, clean, writeFile(t, "clean.jsonl", l.clean), exitOK)
	if got, want := stateHash(t, data), stateHash(t, clean); got != want {
		t.Errorf("the state with poison is %s, without it %s", got, want)
	}

	// The same again changes nothing.
	if again := importFile(t, data, path, exitRefused); again.Accepted != 0 || again.Refused != 500 || len(lettersIn(t, data)) != 500 {
		t.Errorf("the second time: %+v", again)
	}

	// What is corrected in the file of refused lines goes in.
	kept, err := os.ReadFile(reply.KeptAs)
	if err != nil {
		t.Fatal(err)
	}
	var corrected []byte
	n := 0
	for line := range bytes.Lines(kept) {
		if bytes.Contains(line, []byte(`"31/02/2026"`)) {
			n++
			corrected = append(corrected, bytes.Replace(line, []byte(`"31/02/2026"`), fmt.Append(nil, 1_650_000_000+n), 1)...)
		}
	}
	if fixed := importFile(t, data, writeFile(t, "corrected.jsonl", corrected), exitOK); n == 0 || fixed.Accepted != n {
		t.Errorf("%d of %d corrected lines went in", fixed.Accepted, n)
	}
	g.End("100 %% of %d kinds with the right reason, the other %d lines in, corrected ones too", len(kinds), l.good+l.twice)
}

// TestGoalPoisonPace imports files with and without one per cent of poison, in turn, and takes the
// median of the ratios of neighbours, so that what else the machine does is in both.
func TestGoalPoisonPace(t *testing.T) {
	goal.Timed(t)
	g := goal.Begin(t, "G13", "throughput ≥ 0.9 of clean", goal.Sizes{Quick: 3, CI: 9})
	const lines = 300_000
	var short []poison // the long ones have up to a mebibyte each: another load
	for _, p := range poisons() {
		if len(p.line) < 1000 {
			short = append(short, p)
		}
	}
	paths := []string{writeFile(t, "clean.jsonl", newLoad(lines, nil).text), writeFile(t, "bad.jsonl", newLoad(lines, short).text)}
	var ratios []float64
	for g.More() {
		var took [2]float64 // of the clean file, of the other
		for i := range paths {
			i = (i + len(ratios)) % 2
			began := time.Now()
			importFile(t, filepath.Join(t.TempDir(), "data"), paths[i], []int{exitOK, exitRefused}[i])
			took[i] = time.Since(began).Seconds()
		}
		ratios = append(ratios, took[0]/took[1])
		g.Add(1)
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	if ratio < 0.9 {
		t.Errorf("%.2f of the throughput of a clean file", ratio)
	}
	g.End("%.2f", ratio)
}

// BenchmarkImport compares importing 50,000 lines with and without one per cent of poison, in
// turn, and reports lines per second and their ratio. The long kinds of poison have up to a
// mebibyte each; without them the files are about as long.
func BenchmarkImport(b *testing.B) {
	var short []poison
	for _, p := range poisons() {
		if len(p.line) < 1000 {
			short = append(short, p)
		}
	}
	const lines = 50_000
	clean := writeFile(b, "clean.jsonl", newLoad(lines, nil).text)
	for name, kinds := range map[string][]poison{"poison=short": short, "poison=every": poisons()} {
		b.Run(name, func(b *testing.B) {
			bad := writeFile(b, "bad.jsonl", newLoad(lines, kinds).text)
			var spent [2]time.Duration
			for b.Loop() {
				for i, path := range []string{clean, bad} {
					began := time.Now()
					code := Run(context.Background(), []string{"import", "--quiet", "--json", "--data", filepath.Join(b.TempDir(), "data"), path}, strings.NewReader(""), io.Discard, io.Discard)
					spent[i] += time.Since(began)
					if want := []int{exitOK, exitRefused}[i]; code != want {
						b.Fatalf("exit %d, want %d", code, want)
					}
				}
			}
			n := float64(b.N * lines)
			b.ReportMetric(n/spent[0].Seconds(), "clean-lines/s")
			b.ReportMetric(n/spent[1].Seconds(), "poisoned-lines/s")
			b.ReportMetric(spent[0].Seconds()/spent[1].Seconds(), "poisoned/clean")
		})
	}
}
