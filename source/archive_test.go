package source

import (
	"archive/tar"
	zips "archive/zip"
	"bytes"
	"errors"
	"io"
	"testing"
)

// TestArchivesAreNoText: no line of an archive is taken for a line of the import.
func TestArchivesAreNoText(t *testing.T) {
	lines := []byte("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
	var tarred, zipped bytes.Buffer
	tw, zw := tar.NewWriter(&tarred), zips.NewWriter(&zipped)
	err := tw.WriteHeader(&tar.Header{Name: "../in", Size: int64(len(lines)), Mode: 0o600})
	if err == nil {
		_, err = tw.Write(lines)
	}
	entry, zerr := zw.Create("../in")
	if zerr == nil {
		_, zerr = entry.Write(lines)
	}
	if err := errors.Join(err, zerr, tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"tar": tarred.Bytes(), "zip": zipped.Bytes(), "tar.gz": zip(t, tarred.String()), "gz.gz": zip(t, string(zip(t, string(lines)))),
		"parquet": append([]byte("PAR1"), lines...), "zst": append([]byte("\x28\xb5\x2f\xfd"), lines...),
	} {
		if texts, err := scanned(folder(text), io.Discard); !errors.Is(err, ErrArchive) || len(texts) > 0 {
			t.Errorf("%s: %d lines, %v", name, len(texts), err)
		}
	}
	for name, text := range map[string][]byte{"text": lines, "gz": zip(t, string(lines)), "empty": nil, "empty gz": zip(t, "")} {
		if _, err := scanned(folder(text), io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
