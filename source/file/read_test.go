package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

var rules = codec.Rules{Kinds: freshet.BuiltinEvents(), Now: 1_800_000_000_000, MaxFuture: freshet.Minute}

func read(t testing.TB, text string) *source.Import {
	t.Helper()
	return readBytes(t, []byte(text))
}

func readBytes(t testing.TB, data []byte) *source.Import {
	t.Helper()
	im, err := Read(context.Background(), fstest.MapFS{"in": {Data: data}}, "in", &rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// click is a line with the four fields of a whole event.
func click(user, item string, seconds int) string {
	return fmt.Sprintf(`{"user_id":%q,"item_id":%q,"event":"click","ts":%d}`, user, item, seconds)
}

// told is an import in one line: items, events and refused lines.
func told(im *source.Import) string {
	var parts []string
	for _, item := range im.Items {
		parts = append(parts, "item "+string(item.ID))
	}
	for _, user := range im.Users {
		parts = append(parts, "user "+string(codec.AppendUser(nil, &user)))
	}
	for _, e := range im.Events {
		parts = append(parts, fmt.Sprintf("%d %s %s %s", e.Line, e.Visitor(), e.Name, e.Item))
	}
	for _, r := range im.Refused {
		parts = append(parts, fmt.Sprintf("refused %d %s", r.Problem.Line, r.Problem.Code))
	}
	return strings.Join(parts, ", ")
}

func TestRead(t *testing.T) {
	a, b := click("ada", "b-1", 1_700_000_000), click("bo", "b-2", 1_700_000_001)
	long := `{"item_id":"` + strings.Repeat("x", source.MaxLineBytes) + `"}`
	cases := []struct {
		name, in, want string
		lines          int
	}{
		{"empty file", "", "", 0},
		{"only blank lines", "\n \t\n\r\n", "", 3},
		{"two events", a + "\n" + b + "\n", "1 u:ada click b-1, 2 u:bo click b-2", 2},
		{"no line end at the end", a + "\n" + b, "1 u:ada click b-1, 2 u:bo click b-2", 2},
		{"CRLF and blank lines", a + "\r\n\r\n" + b + "\r\n", "1 u:ada click b-1, 3 u:bo click b-2", 3},
		{"sorted backwards", b + "\n" + a + "\n", "2 u:ada click b-1, 1 u:bo click b-2", 2},
		{"last line cut", a + "\n" + b[:len(b)-9], "1 u:ada click b-1, refused 2 malformed", 2},
		{"bad line between", a + "\n{nonsense}\n" + b, "1 u:ada click b-1, 3 u:bo click b-2, refused 2 malformed", 3},
		{"byte order mark", "\uFEFF" + a + "\n" + b, "2 u:bo click b-2, refused 1 malformed", 2},
		{"byte order mark later", a + "\n\uFEFF" + b, "1 u:ada click b-1, refused 2 malformed", 2},
		{"line too long", a + "\n" + long + "\n" + b, "1 u:ada click b-1, 3 u:bo click b-2, refused 2 too_long", 3},
		{"item among events", a + "\n" + `{"item_id":"b-1","title":"Salt"}` + "\n" + b, "item b-1, 1 u:ada click b-1, 3 u:bo click b-2", 3},
		{"items keep their order", `{"item_id":"z"}` + "\n" + `{"item_id":"a"}`, "item z, item a", 2},
		{"bad item", `{"item_id":"b-1","price":-1}`, "refused 1 out_of_range", 1},
		{"item with NaN", `{"item_id":"b-1","price":NaN}`, "refused 1 bad_number", 1},
		{"event with NaN", `{"user_id":"ada","item_id":"b-1","event":"click","value":NaN}`, "refused 1 bad_number", 1},
		{"cut item with NaN", `{"item_id":"b-1","price":NaN,`, "refused 1 malformed", 1},
		{"item with an unknown field", `{"item_id":"b-1","titel":"Salt"}`, "refused 1 unknown_field", 1},
		{"user among events", a + "\n" + `{"user_id":"ada","attributes":{"age":36}}` + "\n" + b, `user {"user_id":"ada","attributes":{"age":36}}, 1 u:ada click b-1, 3 u:bo click b-2`, 3},
		{"user without attributes", `{"user_id":"ada"}`, `user {"user_id":"ada"}`, 1},
		{"bad user", `{"user_id":"ada","attributes":[]}`, "refused 1 type:attributes", 1},
		{"user with NaN", `{"user_id":"ada","attributes":{"age":NaN}}`, "refused 1 bad_number", 1},
		{"cut user", `{"user_id":"ada","attributes":{`, "refused 1 malformed", 1},
		{"user with an unknown field", `{"user_id":"ada","age":36}`, "refused 1 unknown_field", 1},
		{"user and time", `{"user_id":"ada","ts":1700000000}`, "refused 1 missing:event", 1},
		{"event without a name", `{"user_id":"ada","item_id":"b-1"}`, "refused 1 missing:event", 1},
		{"null, text, array", "null\n\"x\"\n[]", "refused 1 malformed, refused 2 malformed, refused 3 malformed", 3},
		{"nested 100,000 deep", strings.Repeat("[", 100_000), "refused 1 malformed", 1},
		{"binary", "\x00\x01\xff\n\xfe", "refused 1 malformed, refused 2 malformed", 2},
		{"two documents in a line", a + a, "refused 1 malformed", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			im := read(t, c.in)
			if got := told(im); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if im.Lines != c.lines {
				t.Errorf("%d lines, want %d", im.Lines, c.lines)
			}
			in := strings.Split(c.in, "\n")
			for _, r := range im.Refused {
				raw := strings.TrimSuffix(in[r.Problem.Line-1], "\r")
				if r.Cut != (len(raw) > source.MaxLineBytes) || r.File != "in" || r.Problem.Message == "" {
					t.Errorf("refused %+v", r.Problem)
				}
				if r.Cut {
					raw = raw[:source.KeptBytes]
				}
				if string(r.Raw) != raw {
					t.Errorf("kept %q of line %d, want %q", r.Raw, r.Problem.Line, raw)
				}
			}
		})
	}
}

func TestAllProblemsOfALineAreKept(t *testing.T) {
	im := read(t, `{"event":"click"}`)
	if len(im.Refused) != 1 || len(im.Refused[0].More) == 0 {
		t.Fatalf("refused %+v, want one line with several problems", im.Refused)
	}
	for _, p := range im.Refused[0].More {
		if p.Line != 1 {
			t.Errorf("problem %s is of line %d", p.Code, p.Line)
		}
	}
}

// One bad line of many costs that line, which, corrected, can be imported on its own.
func TestOneBadLineOfMany(t *testing.T) {
	const n = 20_000
	var b strings.Builder
	for i := range n {
		if i == n/2 {
			b.WriteString(`{"user_id":"ada","item_id":"b-1","event":"click","ts":"31/02/2026"}` + "\n")
			continue
		}
		b.WriteString(click("ada", "b-1", 1_700_000_000+i) + "\n") // one key only
	}
	im := read(t, b.String())
	if len(im.Events) != n-1 || len(im.Refused) != 1 || im.Refused[0].Problem.Line != n/2+1 || im.Refused[0].Problem.Code != codec.CodeBadTime {
		t.Fatalf("%d events, refused %+v", len(im.Events), im.Refused)
	}
	corrected := bytes.Replace(im.Refused[0].Raw, []byte(`"31/02/2026"`), []byte("1700000000"), 1)
	if again := readBytes(t, corrected); len(again.Events) != 1 || again.ID == im.ID {
		t.Errorf("the corrected line gives %s under %s", told(again), again.ID)
	}
}

func TestSameContentsSameImport(t *testing.T) {
	text := click("ada", "b-1", 1_700_000_001) + "\n" + click("ada", "b-1", 1_700_000_000) + "\n" + `{"event_id":"own","user_id":"ada","item_id":"b-1","event":"like","ts":1700000000}` + "\nbad\n"
	first := read(t, text)
	if !reflect.DeepEqual(first, read(t, text)) {
		t.Error("reading twice gives different imports")
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, readBytes(t, zipped.Bytes())) {
		t.Error("the compressed file gives another import")
	}
	if read(t, text+"\n").ID == first.ID {
		t.Error("other contents have the same ID")
	}
	own := 0
	lines := map[int]bool{}
	for _, e := range first.Events {
		if lines[e.Line] {
			t.Errorf("two events of line %d", e.Line)
		}
		lines[e.Line] = true
		if e.ID == "own" {
			own++
		} else if e.ID != "" {
			t.Errorf("line %d got the id %q", e.Line, e.ID)
		}
	}
	if own != 1 {
		t.Errorf("%d events have the id that one brought", own)
	}
}

func TestReadErrors(t *testing.T) {
	read := func(ctx context.Context, fsys fs.FS, name string) error {
		im, err := Read(ctx, fsys, name, &rules, nil)
		if im != nil {
			t.Errorf("%s: an import came with the error %v", name, err)
		}
		return err
	}
	fsys := fstest.MapFS{
		"dir/in":  {Data: []byte("{}\n")},
		"pipe":    {Mode: fs.ModeNamedPipe},
		"gone.gz": {Data: []byte{0x1f, 0x8b, 8, 0}},
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	cases := []struct {
		name string
		err  error
		want error
	}{
		{"missing", read(context.Background(), fsys, "missing"), fs.ErrNotExist},
		{"directory", read(context.Background(), fsys, "dir"), source.ErrNotRegular},
		{"pipe", read(context.Background(), fsys, "pipe"), source.ErrNotRegular},
		{"outside", read(context.Background(), fsys, "../dir/in"), fs.ErrNotExist},
		{"stopped", read(stopped, fsys, "dir/in"), context.Canceled},
	}
	for _, c := range cases {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.err, c.want)
		}
	}
	if err := read(context.Background(), fsys, "gone.gz"); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("half a gzip header: got %v", err)
	}
}

func TestProgressReachesTheTotal(t *testing.T) {
	data := []byte(click("ada", "b-1", 1_700_000_000))
	var done, total int64
	if _, err := Read(context.Background(), fstest.MapFS{"in": {Data: data}}, "in", &rules, func(d, n int64) { done, total = d, n }); err != nil {
		t.Fatal(err)
	}
	if done != int64(len(data)) || total != done {
		t.Errorf("told %d of %d, want %d", done, total, len(data))
	}
}

// Every line must be accounted for, and what is accepted must survive being written and read
// again.
func FuzzRead(f *testing.F) {
	a := click("ada", "b-1", 1_700_000_000)
	for _, seed := range []string{"", a, a + "\n" + a, a[:20], "\uFEFF" + a, `{"item_id":"b-1"}` + "\r\n", "{}\n[]\nnull", "\x1f\x8b\x08"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		im, err := Read(context.Background(), fstest.MapFS{"in": {Data: data}}, "in", &rules, nil)
		if err != nil {
			if im != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
				t.Fatalf("import %v with error %v", im, err)
			}
			return
		}
		seen := map[int]bool{}
		for _, e := range im.Events {
			seen[e.Line] = true
			if back, problems := codec.DecodeEvent(codec.AppendEvent(nil, &e.Event), &rules); len(problems) > 0 || back.ID != e.ID {
				t.Errorf("event %+v is read back as %+v with %v", e.Event, back, problems)
			}
		}
		for _, r := range im.Refused {
			seen[r.Problem.Line] = true
		}
		blank := 0
		if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			for line := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
				if len(bytes.Trim(bytes.TrimSuffix(line, []byte("\r")), " \t")) == 0 {
					blank++
				}
			}
			if len(data) == 0 {
				blank = 0
			}
			if len(seen)+len(im.Items)+blank != im.Lines {
				t.Errorf("%d events and refused, %d items and %d blank lines of %d", len(seen), len(im.Items), blank, im.Lines)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	lines := make([]string, 10_000)
	for i := range lines {
		lines[i] = click(fmt.Sprint("u", i%500), fmt.Sprint("b-", i%300), 1_700_000_000+i)
	}
	slices.Reverse(lines)
	data := []byte(strings.Join(lines, "\n"))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		readBytes(b, data)
	}
}
