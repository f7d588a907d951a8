package main

import (
	"bufio"
	"bytes"
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

	"github.com/freshet-rec/freshet/rank"
)

// labelColumn is the column of a file of rows that says what came of each.
const labelColumn = "label"

// ctrRows are the labelled rows of a CSV file with a header, plain or gzip. It is a learn.Source: the
// file is read again each time. Close it.
type ctrRows struct {
	path   string
	names  rank.Names
	places []int // by number and then by list of words: the column
	label  int
	file   *os.File
	reader *csv.Reader
	rows   int // read since the last Reset
}

// openCTR opens a file of rows with a column label, the columns numeric, which are numbers, and any
// others, which are words.
func openCTR(path string, numeric []string) (r *ctrRows, err error) {
	r = &ctrRows{path: path}
	if r.file, err = os.Open(path); err != nil {
		return nil, usagef("eval: %w", err)
	}
	header, err := r.begin()
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if fault := r.layout(header, numeric); fault != "" {
		err := &failure{code: exitFailed, err: fmt.Errorf("eval: %s:1: %s", path, fault), hint: "the first line names the columns, such as: label,user,item,price"}
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// layout finds the columns, and says what is wrong with them, "" for nothing.
func (r *ctrRows) layout(header, numeric []string) string {
	r.label = -1
	words := []int{}
	r.names.Numbers = slices.Clone(numeric)
	r.places = make([]int, len(numeric))
	for i := range r.places {
		r.places[i] = -1
	}
	for i, name := range header {
		switch at := slices.Index(numeric, name); {
		case slices.Contains(header[:i], name):
			return fmt.Sprintf("there are two columns %q", name)
		case name == labelColumn:
			r.label = i
		case name == "":
			return fmt.Sprintf("column %d has no name", i+1)
		case at >= 0:
			r.places[at] = i
		default:
			r.names.Words = append(r.names.Words, name)
			words = append(words, i)
		}
	}
	for i, name := range numeric {
		if r.places[i] < 0 {
			return fmt.Sprintf("there is no column %q, which --numeric names", name)
		}
	}
	r.places = append(r.places, words...)
	switch {
	case r.label < 0:
		return fmt.Sprintf("there is no column %q", labelColumn)
	case len(r.places) == 0:
		return "there is nothing beside the label to predict it by"
	}
	return ""
}

// like puts the columns in the order of other rows, and says what is different, "" for nothing.
func (r *ctrRows) like(other *ctrRows) string {
	places := slices.Clone(r.places[:len(r.names.Numbers)])
	for _, name := range other.names.Words {
		at := slices.Index(r.names.Words, name)
		if at < 0 {
			return fmt.Sprintf("there is no column %q, which %s has", name, other.path)
		}
		places = append(places, r.places[len(r.names.Numbers)+at])
	}
	for _, name := range r.names.Words {
		if !slices.Contains(other.names.Words, name) {
			return fmt.Sprintf("column %q is not in %s", name, other.path)
		}
	}
	r.names, r.places = other.names, places
	return ""
}

// begin goes to the first line and returns it.
func (r *ctrRows) begin() ([]string, error) {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("eval: %s: %w", r.path, err)
	}
	var in io.Reader = bufio.NewReaderSize(r.file, 1<<20)
	if magic, _ := in.(*bufio.Reader).Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, r.fault(err)
		}
		in = unzipped
	}
	r.reader, r.rows = csv.NewReader(in), 0
	r.reader.ReuseRecord = true
	header, err := r.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, &failure{code: exitFailed, err: fmt.Errorf("eval: %s: the file is empty", r.path), hint: "the first line names the columns, such as: label,user,item,price"}
	}
	if err != nil {
		return nil, r.fault(err)
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	return header, nil
}

// fault says where a file cannot be read.
func (r *ctrRows) fault(err error) error {
	var parse *csv.ParseError
	hint := ""
	switch {
	case errors.As(err, &parse):
		err = fmt.Errorf("eval: %s:%d: %w", r.path, parse.Line, parse.Err)
		if errors.Is(parse.Err, csv.ErrFieldCount) {
			hint = "each line has a value for each column of the first line; an empty one is no value"
		}
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("eval: %s: the file is cut off after %s", r.path, plural(r.rows, "row"))
		hint = "copy or compress it again"
	default:
		err = fmt.Errorf("eval: %s: after %s: %w", r.path, plural(r.rows, "row"), err)
	}
	return &failure{code: exitFailed, err: err, hint: hint}
}

// Names implements learn.Source.
func (r *ctrRows) Names() rank.Names { return r.names }

// Reset implements learn.Source.
func (r *ctrRows) Reset() error {
	_, err := r.begin()
	return err
}

// Next implements learn.Source.
func (r *ctrRows) Next(row *rank.Row) (label, weight float32, err error) {
	record, err := r.reader.Read()
	if errors.Is(err, io.EOF) {
		return 0, 0, io.EOF
	}
	if err != nil {
		return 0, 0, r.fault(err)
	}
	r.rows++
	row.Reset()
	value, err := strconv.ParseFloat(record[r.label], 32)
	if err != nil || value != 0 && value != 1 {
		return 0, 0, r.wrong(r.label, labelColumn, record[r.label], "is neither 0 nor 1")
	}
	for i, name := range r.names.Numbers {
		text := record[r.places[i]]
		number := math.NaN()
		if text != "" {
			if number, err = strconv.ParseFloat(text, 64); err != nil || math.IsInf(number, 0) {
				return 0, 0, r.wrong(r.places[i], name, text, "is no finite number")
			}
		}
		row.Numbers = append(row.Numbers, number)
	}
	for _, place := range r.places[len(r.names.Numbers):] {
		if word := record[place]; word != "" {
			row.Words = append(row.Words, rank.TokenOf(word))
		}
		row.End()
	}
	return float32(value), 1, nil
}

func (r *ctrRows) wrong(column int, name, text, what string) error {
	line, _ := r.reader.FieldPos(column)
	return &failure{code: exitFailed, err: fmt.Errorf("eval: %s:%d: the %s %q %s", r.path, line, name, clean(text), what)}
}

// count reads all rows, and fails as Next does, or where there are none or all have the same label.
func (r *ctrRows) count() (rows, positives int, err error) {
	if err := r.Reset(); err != nil {
		return 0, 0, err
	}
	var row rank.Row
	for {
		label, _, err := r.Next(&row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		rows++
		positives += int(label)
	}
	switch {
	case rows == 0:
		return 0, 0, &failure{code: exitFailed, err: fmt.Errorf("eval: %s: there are no rows after the names of the columns", r.path)}
	case positives == 0 || positives == rows:
		return 0, 0, &failure{code: exitFailed, err: fmt.Errorf("eval: %s: all %s have the same label; rows of both are needed", r.path, plural(rows, "row"))}
	}
	return rows, positives, nil
}

// Close closes the file.
func (r *ctrRows) Close() error { return r.file.Close() }
