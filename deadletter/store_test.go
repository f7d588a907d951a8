package deadletter

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// letter is the one that stood at a line of a source.
func letter(source string, line int) Letter {
	return Letter{
		Received: 1_795_187_045_123, Source: source, File: "events.jsonl", Line: int64(line), Code: "bad_time", Pointer: "/ts",
		Message: fmt.Sprintf("line %d is not a time", line), Hint: "use RFC 3339", Payload: fmt.Appendf(nil, `{"ts":"%d/02"}`, line),
	}
}

func letters(source string, from, to int) (list []Letter) {
	for line := from; line <= to; line++ {
		list = append(list, letter(source, line))
	}
	return list
}

// start opens a Store that the test closes at its end.
func start(t testing.TB, disk fsys.FS, maxBytes int64) (*Store, Report) {
	t.Helper()
	s, report, err := Open(Options{FS: disk, MaxBytes: maxBytes})
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	return s, report
}

func add(t testing.TB, s *Store, list []Letter, wantKept, wantKnown int) {
	t.Helper()
	kept, known, err := s.Append(list)
	if err != nil || kept != wantKept || known != wantKnown {
		t.Fatalf("%d kept, %d known, %v; want %d, %d", kept, known, err, wantKept, wantKnown)
	}
}

// all lists every letter, page by page.
func all(t testing.TB, disk fsys.FS, limit int) (list []Letter) {
	t.Helper()
	after := ID(0)
	for {
		page, err := List(disk, after, limit)
		ok(t, err)
		if len(page.Damages) > 0 {
			t.Fatalf("damages %v", page.Damages)
		}
		list = append(list, page.Letters...)
		if !page.More {
			return list
		}
		after = list[len(list)-1].ID
	}
}

func TestWhatIsKeptIsRead(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, 0)
	if entries, err := disk.ReadDir("."); err != nil || len(entries) > 0 {
		t.Fatalf("opening made %v, %v", entries, err)
	}
	odd := letter("import:b", 9)
	odd.Payload, odd.Truncated, odd.Received, odd.Code = []byte("\xff\x00"), true, -1, ""
	want := append(letters("import:a", 1, 10), odd)
	add(t, s, want, 11, 0)
	if want[10].ID != 11 {
		t.Fatalf("the last of 11 is %s", want[10].ID)
	}
	for _, limit := range []int{1, 3, 100} {
		if got := all(t, disk, limit); !reflect.DeepEqual(got, want) {
			t.Errorf("in pages of %d: %+v, want %+v", limit, got, want)
		}
	}
	for i := range want {
		got, err := Get(disk, want[i].ID)
		ok(t, err)
		if !reflect.DeepEqual(*got, want[i]) {
			t.Errorf("%s is %+v, want %+v", want[i].ID, *got, want[i])
		}
	}
	for _, id := range []ID{0, 12, 1 << 63} {
		if _, err := Get(disk, id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestSameLineIsSameLetter(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, 0)
	add(t, s, letters("import:a", 1, 5), 5, 0)
	again := letters("import:a", 3, 7)
	again[0].File, again[0].Code = "renamed.jsonl", "another"
	add(t, s, again, 2, 3)
	if again[0].ID != 3 || again[4].ID != 7 {
		t.Errorf("ids %s to %s", again[0].ID, again[4].ID)
	}
	add(t, s, letters("import:b", 3, 3), 1, 0)
	add(t, s, append(letters("import:c", 1, 1), letters("import:c", 1, 1)...), 1, 1)
	ok(t, s.Close())
	s, _ = start(t, disk, 0)
	add(t, s, letters("import:a", 1, 8), 1, 7)
	if c := s.Counts(); c.Total != 10 || c.Kept != 10 || c.Dropped != 0 {
		t.Errorf("counts %+v", c)
	}
	if got := all(t, disk, 100); got[2].Code != "bad_time" || got[2].File != "events.jsonl" {
		t.Errorf("the first one must stand: %+v", got[2])
	}
}

func TestTextsAreCutToTheirBounds(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, 0)
	l := letter("import:a", 1)
	l.Payload = []byte(strings.Repeat("p", MaxPayload+1))
	l.Message = strings.Repeat("é", maxText) // two bytes each
	l.Pointer, l.Hint, l.File, l.Code = strings.Repeat("/", 1<<20), strings.Repeat("h", 1<<20), strings.Repeat("f", 1<<20), strings.Repeat("c", 1<<20)
	exact := letter("import:a", 2)
	exact.Payload = []byte(strings.Repeat("p", MaxPayload))
	add(t, s, []Letter{l, exact}, 2, 0)
	got := all(t, disk, 10)
	if len(got[0].Payload) != MaxPayload || !got[0].Truncated || got[0].Message != strings.Repeat("é", maxText/2) ||
		len(got[0].Pointer) != maxPointer || len(got[0].Hint) != maxText || len(got[0].File) != maxText || len(got[0].Code) != maxCode {
		t.Errorf("kept %d bytes of payload, truncated %v, %d of message", len(got[0].Payload), got[0].Truncated, len(got[0].Message))
	}
	if len(got[1].Payload) != MaxPayload || got[1].Truncated {
		t.Errorf("a payload at the bound: %d bytes, truncated %v", len(got[1].Payload), got[1].Truncated)
	}
}

func TestSourceMustHaveAName(t *testing.T) {
	for _, source := range []string{"", strings.Repeat("s", maxSource+1)} {
		s, _ := start(t, fsys.NewMem(), 0)
		if _, _, err := s.Append([]Letter{letter(source, 1)}); err == nil {
			t.Errorf("a source of %d bytes is kept", len(source))
		}
	}
}

func TestOldestGoesFirst(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, minMaxBytes)
	const n = 20_000
	for line := 1; line <= n; line += 500 {
		add(t, s, letters("import:a", line, line+499), 500, 0)
		if c := s.Counts(); c.Bytes > minMaxBytes || c.Kept+c.Dropped != c.Total {
			t.Fatalf("after %d: %+v", line, c)
		}
	}
	want := s.Counts()
	if want.Total != n || want.Dropped == 0 || want.Bytes < minMaxBytes*3/4 {
		t.Fatalf("counts %+v", want)
	}
	got := all(t, disk, 777)
	if uint64(len(got)) != want.Kept || got[0].ID != ID(want.Dropped+1) || got[len(got)-1].ID != n {
		t.Errorf("%d letters from %s to %s, counts %+v", len(got), got[0].ID, got[len(got)-1].ID, want)
	}
	var size int64
	entries, err := disk.ReadDir(dir)
	ok(t, err)
	for _, e := range entries {
		n, err := disk.Stat(dir + "/" + e.Name)
		ok(t, err)
		size += n
	}
	if size != want.Bytes {
		t.Errorf("the files have %d bytes, counted were %d", size, want.Bytes)
	}
	if read, err := Count(disk); err != nil || !reflect.DeepEqual(read, want) {
		t.Errorf("read %+v, %v, want %+v", read, err, want)
	}
	ok(t, s.Close())
	s, report := start(t, disk, minMaxBytes)
	if !reflect.DeepEqual(report.Counts, want) || report.CutBytes != 0 {
		t.Errorf("opened again %+v, want %+v", report, want)
	}
	// What was dropped is new again, what is kept is known.
	add(t, s, []Letter{letter("import:a", 1), letter("import:a", n)}, 1, 1)
}

func TestOneBatchBeyondTheBound(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, minMaxBytes)
	const n = 15_000
	list := letters("import:a", 1, n)
	add(t, s, list, n, 0)
	if c := s.Counts(); c.Bytes > minMaxBytes || c.Total != n || c.Dropped == 0 {
		t.Errorf("counts %+v", c)
	}
	if last := all(t, disk, 1000); !reflect.DeepEqual(last[len(last)-1], list[n-1]) {
		t.Errorf("the newest is %+v", last[len(last)-1])
	}
}

func TestPagesAreBounded(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, 0)
	var list []Letter
	for line := range 600 {
		l := letter("import:a", line)
		l.Payload = make([]byte, MaxPayload)
		list = append(list, l)
	}
	add(t, s, list, 600, 0)
	page, err := List(disk, 0, 1000)
	ok(t, err)
	if n := len(page.Letters); !page.More || n*MaxPayload > maxPageBytes || n < 200 {
		t.Errorf("a page of %d letters, more %v", n, page.More)
	}
	if got := all(t, disk, 1000); len(got) != 600 {
		t.Errorf("%d letters in all", len(got))
	}
}

func TestIDs(t *testing.T) {
	for _, id := range []ID{1, 88, 1<<64 - 1} {
		if got, err := ParseID(id.String()); got != id || err != nil {
			t.Errorf("%s is read as %s, %v", id, got, err)
		}
	}
	for _, text := range []string{"", "rej-", "rej-0", "rej-01", "rej-+1", "rej--1", "7", "REJ-7", "rej-7 ", "rej-18446744073709551616"} {
		if _, err := ParseID(text); !errors.Is(err, ErrID) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJSON(t *testing.T) {
	l := letter("import:a", 7)
	l.ID = 3
	text, err := l.MarshalJSON()
	ok(t, err)
	want := `{"id":"rej-3","received_at":"2026-11-20T15:04:05.123Z","source":"import:a","file":"events.jsonl","line":7,"code":"bad_time","pointer":"/ts","message":"line 7 is not a time","hint":"use RFC 3339","payload":"{\"ts\":\"7/02\"}","truncated":false}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	l.Payload = []byte("a\xff")
	text, err = l.MarshalJSON()
	ok(t, err)
	if want := `"payload":"a\ufffd","payload_base64":"Yf8="`; !strings.Contains(string(text), want) {
		t.Errorf("%s does not have %s", text, want)
	}
}

func TestReadersBesideAWriter(t *testing.T) {
	disk := fsys.NewMem()
	s, _ := start(t, disk, minMaxBytes)
	done := make(chan error, 1)
	go func() {
		for line := 1; line <= 12_000; line += 40 {
			if _, _, err := s.Append(letters("import:a", line, line+39)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	reads := 0
	for running := true; running; reads++ {
		select {
		case err := <-done:
			ok(t, err)
			running = false
		default:
		}
		page, err := List(disk, 0, 100)
		ok(t, err)
		if len(page.Damages) > 0 || !slices.IsSortedFunc(page.Letters, func(a, b Letter) int { return int(a.ID) - int(b.ID) }) {
			t.Fatalf("damages %v", page.Damages)
		}
		for _, l := range page.Letters {
			if want := letter("import:a", int(l.ID)); l.Message != want.Message {
				t.Fatalf("%s is %q", l.ID, l.Message)
			}
		}
	}
	t.Logf("%d reads", reads)
}
