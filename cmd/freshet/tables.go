package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/freshet-rec/freshet/backfill"
)

// tableFile is one file of a directory of tables, as its manifest says it.
type tableFile struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// absent refuses to write where there is something.
func absent(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return &failure{code: exitUsage, err: fmt.Errorf("--out: %w", err)}
	}
	return &failure{code: exitUsage, err: fmt.Errorf("--out: %s is there and not empty", clean(dir)), hint: "name a directory that is not there; nothing is ever written over"}
}

// writeTables makes a directory of the tables that fill writes into a draft of it, and of the
// manifest as it stands then: whole or not at all.
func writeTables(out string, manifest any, fill func(draft string) error) (err error) {
	draft := strings.TrimRight(filepath.Clean(out), string(filepath.Separator)) + ".tmp"
	if err := errors.Join(os.RemoveAll(draft), os.MkdirAll(draft, 0o750)); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("--out: %w", err)}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(draft))
		}
	}()
	if err := fill(draft); err != nil {
		return outError(err)
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(draft, "manifest.json"), append(text, '\n'), 0o640); err != nil {
		return outError(err)
	}
	if err := os.Remove(out); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty one
		return outError(err)
	}
	return outError(os.Rename(draft, out))
}

// writeTable writes one file of a directory.
func writeTable[T any](dir, name string, rows iter.Seq2[T, error]) (f tableFile, err error) {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return f, err
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<20)
	n, err := backfill.WriteTable(out, rows)
	if err == nil {
		err = errors.Join(out.Flush(), file.Sync())
	}
	return tableFile{name, n, hex.EncodeToString(sum.Sum(nil))}, errors.Join(err, file.Close())
}
