package main

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// columnsFile reads chosen columns of a CSV file with a header (RFC 4180), plain or gzip.
type columnsFile struct {
	path   string
	csv    *csv.Reader
	names  []string // of the chosen columns
	places []int    // where they stand in a record
	values []string // of the record read last, in the order of names
	line   int      // of that record, 1-based
}

// eachRow calls each for every record of a CSV file; its values stand in the order of names.
// Columns named "" are not looked for, and their value is "". optional names columns that may be
// missing; they are then "" likewise.
func eachRow(path string, names, optional []string, each func(*columnsFile) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return usagef("eval: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewReaderSize(f, 1<<16)
	var text io.Reader = buffered
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return badFile(path, err)
		}
		text = unpacked
	}
	c := &columnsFile{path: path, csv: csv.NewReader(text), names: names, values: make([]string, len(names))}
	c.csv.ReuseRecord = true
	if err := c.header(optional); err != nil {
		return err
	}
	for {
		record, err := c.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badFile(path, err)
		}
		c.line, _ = c.csv.FieldPos(0)
		for i, place := range c.places {
			if place >= 0 {
				c.values[i] = record[place]
			}
		}
		if err := each(c); err != nil {
			return err
		}
	}
}

// header finds the chosen columns.
func (c *columnsFile) header(optional []string) error {
	record, err := c.csv.Read()
	if errors.Is(err, io.EOF) {
		return &failure{code: exitFailed, err: fmt.Errorf("eval: %s is empty", c.path), hint: "the first line names the columns"}
	}
	if err != nil {
		return badFile(c.path, err)
	}
	header := slices.Clone(record)
	if len(header) > 0 {
		header[0] = strings.TrimPrefix(header[0], "\ufeff") // the mark with which some spreadsheets begin a file
	}
	for _, name := range c.names {
		place := slices.Index(header, name)
		switch {
		case name == "":
			place = -1
		case place < 0 && slices.Contains(optional, name):
		case place < 0:
			var shown []string
			for _, h := range header[:min(len(header), 20)] {
				if h != "" {
					shown = append(shown, shownID(h))
				}
			}
			return &failure{code: exitUsage, err: fmt.Errorf("eval: %s has no column %s", c.path, shownID(name)), hint: "it has " + strings.Join(shown, ", ")}
		case slices.Contains(header[place+1:], name):
			return &failure{code: exitUsage, err: fmt.Errorf("eval: %s has two columns %s", c.path, shownID(name)), hint: "each name must stand once"}
		}
		c.places = append(c.places, place)
	}
	return nil
}

// number reads a chosen column as a finite number.
func (c *columnsFile) number(i int) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(c.values[i]), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, c.fault(i, "it must be a number")
	}
	return x, nil
}

// fault says what is wrong with a value.
func (c *columnsFile) fault(i int, rule string) error {
	return &failure{code: exitFailed, err: fmt.Errorf("eval: %s:%d: %s is %q; %s", c.path, c.line, shownID(c.names[i]), clean(c.values[i]), rule)}
}

// badFile says what is wrong with the form of a file; a fault of the CSV knows its line.
func badFile(path string, err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &failure{code: exitFailed, err: fmt.Errorf("eval: %s:%d: %w", path, parse.Line, parse.Err), hint: "the file is CSV with a header, plain or gzip, each line with as many fields"}
	}
	return &failure{code: exitFailed, err: fmt.Errorf("eval: read %s: %w", path, err), hint: "the file is CSV with a header, plain or gzip"}
}
