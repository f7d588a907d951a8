package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func zip(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func folder(data []byte) fstest.MapFS {
	return fstest.MapFS{"in": {Data: data, ModTime: time.Unix(1_700_000_000, 0)}}
}

// scanned returns the lines of the file "in".
func scanned(fsys fs.FS, hash io.Writer) (texts []string, err error) {
	err = Scan(context.Background(), fsys, "in", hash, nil, func(l Line) error {
		if l.Number != len(texts)+1 {
			return fmt.Errorf("line %d is numbered %d", len(texts)+1, l.Number)
		}
		text := string(l.Text)
		if l.Long {
			text = "long:" + text
		}
		texts = append(texts, text)
		return nil
	})
	return texts, err
}

func TestScanLines(t *testing.T) {
	full := strings.Repeat("x", MaxLineBytes)
	cut := "long:" + strings.Repeat("x", KeptBytes)
	cases := []struct {
		name, in string
		want     []string
	}{
		{"empty", "", nil},
		{"one end", "\n", []string{""}},
		{"no end", "a\nb", []string{"a", "b"}},
		{"blank lines", "a\n\n \nb\n", []string{"a", "", " ", "b"}},
		{"CRLF and LF", "a\r\nb\nc\r\n", []string{"a", "b", "c"}},
		{"CR alone is text", "a\rb\r\r\nc", []string{"a\rb\r", "c"}},
		{"CR at the end of the file", "a\r", []string{"a"}},
		{"longest", full + "\nb", []string{full, "b"}},
		{"longest with CRLF", full + "\r\nb", []string{full, "b"}},
		{"one byte too long", full + "x\nb", []string{cut, "b"}},
		{"one byte too long with CRLF", full + "x\r\nb", []string{cut, "b"}},
		{"CR beyond the limit", full + "\r\r\nb", []string{cut, "b"}},
		{"too long and last", "a\n" + full + "x", []string{"a", cut}},
		{"far too long", strings.Repeat(full, 2) + "\nb\n", []string{cut, "b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for stored, data := range map[string][]byte{"plain": []byte(c.in), "gzip": zip(t, c.in)} {
				hash := sha256.New()
				got, err := scanned(folder(data), hash)
				if err != nil {
					t.Fatalf("%s: %v", stored, err)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: got %.60q, want %.60q", stored, got, c.want)
				}
				if sum := sha256.Sum256([]byte(c.in)); !bytes.Equal(hash.Sum(nil), sum[:]) {
					t.Errorf("%s: the hash is not that of the contents", stored)
				}
			}
		})
	}
}

func TestScanGzip(t *testing.T) {
	whole := zip(t, "a\nb\n")
	cases := []struct {
		name string
		in   []byte
		want []string
		fail string // what the error says, "" for none
	}{
		{"two members", zip(t, "a\n", "b\n"), []string{"a", "b"}, ""},
		{"bytes after it", append(slices.Clone(whole), "tail of another kind"...), nil, "not gzip follows"},
		{"one byte after it", append(slices.Clone(whole), 0), nil, "gzip"},
		{"cut in the trailer", whole[:len(whole)-3], nil, "unexpected EOF"},
		{"cut in the header", whole[:6], nil, "gzip"},
		{"damaged", append(whole[:len(whole)-5:len(whole)-5], 1, 2, 3, 4, 5), nil, "gzip"},
		{"bomb", zip(t, strings.Repeat("\x00", 10<<20)), nil, "1000 times"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := scanned(folder(c.in), io.Discard)
			if c.fail == "" && (err != nil || !slices.Equal(got, c.want)) {
				t.Errorf("got %q, %v", got, err)
			}
			if c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) {
				t.Errorf("got %v, want an error with %q", err, c.fail)
			}
		})
	}
}

// endless is an instant stream of unspecified bytes.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestUnpackedSizeIsBounded(t *testing.T) {
	b := &bounded{r: endless{}, file: &input{done: 1 << 40}}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{b}, make([]byte, 64<<20))
	if !errors.Is(err, ErrTooLarge) || n != MaxUnpackedBytes {
		t.Errorf("%d bytes and %v, want %d and ErrTooLarge", n, err, int64(MaxUnpackedBytes))
	}
}

func TestScanStopsAtTooManyLines(t *testing.T) {
	n := 0
	err := scan(context.Background(), folder([]byte("1\n2\n3\n4\n")), "in", io.Discard, nil, 3, func(Line) error { n++; return nil })
	if !errors.Is(err, ErrTooLarge) || n != 3 {
		t.Errorf("%d lines and %v, want 3 and ErrTooLarge", n, err)
	}
}

func TestScanRefusesWhatIsNoRegularFile(t *testing.T) {
	for kind, mode := range map[string]fs.FileMode{
		"a directory": fs.ModeDir, "a named pipe": fs.ModeNamedPipe, "a device": fs.ModeDevice | fs.ModeCharDevice,
		"a socket": fs.ModeSocket, "something else": fs.ModeIrregular,
	} {
		_, err := scanned(unopenable{mode}, io.Discard)
		if !errors.Is(err, ErrNotRegular) || !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	if _, err := scanned(fstest.MapFS{}, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

// unopenable has one file that must not be opened.
type unopenable struct{ mode fs.FileMode }

func (u unopenable) Open(string) (fs.File, error) {
	return nil, errors.New("opened a file that blocks")
}
func (u unopenable) Stat(name string) (fs.FileInfo, error) {
	return fstest.MapFS{"in": {Mode: u.mode}}.Stat(name)
}

// shifty serves "in" and does something to it after the first read.
type shifty struct {
	files fstest.MapFS
	then  func(fstest.MapFS)
}

func (s *shifty) Open(name string) (fs.File, error) {
	f, err := s.files.Open(name)
	return &shiftyFile{File: f, fsys: s}, err
}

func (s *shifty) Stat(name string) (fs.FileInfo, error) { return s.files.Stat(name) }

type shiftyFile struct {
	fs.File
	fsys *shifty
	tail []byte // served after the file's own bytes
	cut  bool
}

func (f *shiftyFile) Read(p []byte) (int, error) {
	if f.cut {
		return 0, io.EOF
	}
	n, err := f.File.Read(p[:min(len(p), 1000)])
	if errors.Is(err, io.EOF) && len(f.tail) > 0 {
		n, err = copy(p, f.tail), nil
		f.tail = f.tail[n:]
	}
	if f.fsys.then != nil {
		f.fsys.then(f.fsys.files)
		f.fsys.then = nil
	}
	return n, err
}

func TestScanNoticesChanges(t *testing.T) {
	text := []byte(strings.Repeat("line\n", 1000))
	later := time.Unix(1_800_000_000, 0)
	cases := map[string]func(fstest.MapFS){
		"vanishes":             func(m fstest.MapFS) { delete(m, "in") },
		"is replaced":          func(m fstest.MapFS) { m["in"] = &fstest.MapFile{Data: text, ModTime: later} },
		"turns into directory": func(m fstest.MapFS) { m["in"] = &fstest.MapFile{Mode: fs.ModeDir} },
		"is cut by name":       func(m fstest.MapFS) { m["in"] = &fstest.MapFile{Data: text[:10], ModTime: m["in"].ModTime} },
	}
	for name, then := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := scanned(&shifty{files: folder(text), then: then}, io.Discard)
			if !errors.Is(err, ErrChanged) {
				t.Errorf("got %v, want ErrChanged", err)
			}
		})
	}
	t.Run("untouched", func(t *testing.T) {
		got, err := scanned(&shifty{files: folder(text)}, io.Discard)
		if err != nil || len(got) != 1000 {
			t.Errorf("%d lines, %v", len(got), err)
		}
	})
}

func TestScanNoticesMoreOrFewerBytes(t *testing.T) {
	text := []byte(strings.Repeat("line\n", 1000))
	for name, change := range map[string]func(*shiftyFile){
		"more":  func(f *shiftyFile) { f.tail = []byte("more\n") },
		"fewer": func(f *shiftyFile) { f.cut = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := &opened{shifty: shifty{files: folder(text)}, change: change}
			if _, err := scanned(s, io.Discard); !errors.Is(err, ErrChanged) {
				t.Errorf("got %v, want ErrChanged", err)
			}
		})
	}
}

// opened changes each file as it is opened, unknown to Stat.
type opened struct {
	shifty
	change func(*shiftyFile)
}

func (o *opened) Open(name string) (fs.File, error) {
	f, err := o.shifty.Open(name)
	o.change(f.(*shiftyFile))
	return f, err
}

func TestScanStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	err := Scan(ctx, folder([]byte("1\n2\n3\n")), "in", io.Discard, nil, func(Line) error {
		n++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%d lines and %v, want 1 and the context's error", n, err)
	}
}

func TestScanReturnsTheErrorOfEach(t *testing.T) {
	want := errors.New("no more")
	if err := Scan(context.Background(), folder([]byte("1\n")), "in", io.Discard, nil, func(Line) error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestScanReportsProgress(t *testing.T) {
	for name, size := range map[string]int{"empty": 0, "small": 10, "large": 5<<20 + 7} {
		var told []int64
		data := bytes.Repeat([]byte("\n"), size)
		err := Scan(context.Background(), folder(data), "in", io.Discard, func(done int64) { told = append(told, done) }, func(Line) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(told) || len(told) == 0 || told[len(told)-1] != int64(size) || len(told) > 2+size>>20 {
			t.Errorf("%s: told %v, want rising steps of a MiB that end at %d", name, told, size)
		}
	}
}

// slowLines is the obvious way to cut a text into lines.
func slowLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
		if len(lines[i]) > MaxLineBytes {
			lines[i] = "long:" + lines[i][:KeptBytes]
		}
	}
	return lines
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{"", "\n", "a\nb", "a\r\n\r\nb\r", "\uFEFF{}\n", "\x1f\x8b\x08", "\x1f\x8b"} {
		f.Add([]byte(seed), 0)
	}
	f.Add([]byte("a\nbc\r\n"), 400_000)
	f.Add(zip(f, "a\nb\n"), 0)
	f.Fuzz(func(t *testing.T, data []byte, times int) {
		if times > 1 && len(data) > 0 && !bytes.HasPrefix(data, gzipMagic) {
			data = bytes.Repeat(data, min(times, (5<<18)/len(data)+1))
		}
		got, err := scanned(folder(data), io.Discard)
		if bytes.HasPrefix(data, gzipMagic) {
			return // any error will do
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := slowLines(string(data)); !slices.Equal(got, want) {
			t.Errorf("got %d lines, want %d", len(got), len(want))
		}
	})
}
