package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// input is an open file that is watched for changes. It reads the stored bytes.
type input struct {
	fsys     fs.FS
	name     string
	file     fs.File
	before   fs.FileInfo
	done     int64
	reported int64
	progress func(done int64)
}

// progressEvery is how many stored bytes pass between two reports.
const progressEvery = 1 << 20

// stat looks at a file and refuses what is not a regular one.
func stat(fsys fs.FS, name string) (fs.FileInfo, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("look at the file to import: %w", err)
	}
	return info, regular(name, info)
}

func regular(name string, info fs.FileInfo) error {
	kind := "something else"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s is %s: %w", name, kind, ErrNotRegular)
}

func open(fsys fs.FS, name string, progress func(int64)) (*input, error) {
	if _, err := stat(fsys, name); err != nil { // before opening: a pipe would block
		return nil, err
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file to import: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		err = regular(name, info)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", name, err), file.Close())
	}
	return &input{fsys: fsys, name: name, file: file, before: info, progress: progress}, nil
}

// Read reads stored bytes and notices a file that has grown.
func (f *input) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.done += int64(n)
	if f.done > f.before.Size() {
		return 0, ErrChanged
	}
	if f.done-f.reported >= progressEvery {
		f.report()
	}
	return n, err
}

func (f *input) report() {
	f.reported = f.done
	if f.progress != nil {
		f.progress(f.done)
	}
}

// explain adds the file's name to a reading error. Damage in a file that is being written is
// a consequence, so the change is what it reports.
func (f *input) explain(err error) error {
	if now, statErr := f.file.Stat(); statErr == nil && !same(f.before, now) {
		err = ErrChanged
	}
	return fmt.Errorf("read %s, %d of %d bytes read: %w", f.name, f.done, f.before.Size(), err)
}

// unchanged reports whether, at the end of the file, everything was read and neither the open
// file nor the one that now has its name is another than at the start.
func (f *input) unchanged() error {
	if f.done != f.before.Size() {
		return f.explain(ErrChanged)
	}
	open, err := f.file.Stat()
	if err != nil {
		return f.explain(err)
	}
	named, err := fs.Stat(f.fsys, f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return f.explain(ErrChanged)
	}
	if err != nil {
		return f.explain(err)
	}
	if !same(f.before, open) || !same(f.before, named) {
		return f.explain(ErrChanged)
	}
	f.report()
	return nil
}

func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode().Type() == b.Mode().Type()
}

// gzipMagic opens every gzip member: two magic bytes and the only method there is, deflate.
var gzipMagic = []byte{0x1f, 0x8b, 8}

// unpack returns the file's text.
func (f *input) unpack() (io.Reader, error) {
	stored := bufio.NewReaderSize(f, 64<<10)
	head, err := stored.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(head, gzipMagic) {
		return stored, refuseArchive(stored)
	}
	unzipped, err := gzip.NewReader(stored)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	text := bufio.NewReaderSize(&bounded{r: unzipped, file: f}, 4<<10)
	return text, refuseArchive(text)
}

// archives are known by the bytes at a place; no JSON and no table of text begins like that.
var archives = []struct {
	what  string
	at    int
	magic string
}{
	{"a zip archive", 0, "PK\x03\x04"}, {"a zip archive", 0, "PK\x05\x06"}, {"a tar archive", 257, "ustar\x00"}, {"a tar archive", 257, "ustar  \x00"},
	{"a 7z archive", 0, "7z\xbc\xaf\x27\x1c"}, {"compressed with zstd", 0, "\x28\xb5\x2f\xfd"}, {"compressed with xz", 0, "\xfd7zXZ\x00"},
	{"compressed with gzip twice", 0, string(gzipMagic)}, {"a Parquet file", 0, "PAR1"}, {"an Arrow file", 0, "ARROW1"},
}

// refuseArchive looks at how a text begins, and takes none of an archive's lines for lines of an
// import. What cannot be read is found out by whoever reads on.
func refuseArchive(text *bufio.Reader) error {
	head, _ := text.Peek(512)
	for _, a := range archives {
		if len(head) > a.at && bytes.HasPrefix(head[a.at:], []byte(a.magic)) {
			return fmt.Errorf("it is %s: %w", a.what, ErrArchive)
		}
	}
	return nil
}

// bounded reads a compressed stream up to the limits on its size and ratio.
type bounded struct {
	r    io.Reader
	file *input
	done int64 // unpacked bytes
}

// ratioFrom is where the ratio begins to be looked at: any text may begin with one long run.
const ratioFrom = 4 << 20

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.done += int64(n)
	switch {
	case b.done > MaxUnpackedBytes:
		return 0, fmt.Errorf("it unpacks to more than %d GiB: %w", MaxUnpackedBytes>>30, ErrTooLarge)
	case b.done > ratioFrom && b.done/MaxRatio > b.file.done:
		return 0, fmt.Errorf("it unpacks to more than %d times its size: %w", MaxRatio, ErrTooLarge)
	case errors.Is(err, gzip.ErrHeader):
		err = errors.New("something that is not gzip follows the compressed data")
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrChanged):
		err = fmt.Errorf("gzip: %w", err)
	}
	return n, err
}
