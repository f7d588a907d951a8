package main

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed bugs/*/*.txt
var bugFiles embed.FS

// bug is one seeded bug.
type bug struct {
	set     string // the directory of its file
	name    string // of its file, without the number in front
	goal    string // the promise that it breaks
	test    proof  // of that promise, which must fail
	why     string
	changes []change
}

// proof is a test of a package.
type proof struct{ dir, name string }

// change replaces a piece of one file.
type change struct {
	file     string // path from the root of the module
	old, new string
}

// sets are the directories of bugs, in the order in which they are tried.
var sets = []string{"trouble", "truth"}

// bugs reads all bugs, set by set, in order of their files' names.
func bugs() ([]bug, error) {
	var list []bug
	for _, set := range sets {
		files, err := bugFiles.ReadDir(path.Join("bugs", set))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			text, err := bugFiles.ReadFile(path.Join("bugs", set, f.Name()))
			if err != nil {
				return nil, err
			}
			b, err := parseBug(string(text))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name(), err)
			}
			b.set = set
			_, b.name, _ = strings.Cut(strings.TrimSuffix(f.Name(), ".txt"), "-")
			list = append(list, b)
		}
	}
	return list, nil
}

// parseBug reads the form that the package comment shows.
func parseBug(text string) (b bug, err error) {
	lines := strings.SplitAfter(text, "\n")
	var file string
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\n")
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "":
		case key == "goal":
			b.goal = value
		case key == "test":
			b.test.dir, b.test.name, _ = strings.Cut(value, " ")
		case key == "why":
			b.why = value
		case key == "file":
			file = value
		case line == "<<<<":
			c := change{file: file}
			middle, end := index(lines, i, "===="), index(lines, i, ">>>>")
			if middle < 0 || end < middle {
				return b, fmt.Errorf("line %d: a change without ==== or >>>>", i+1)
			}
			c.old, c.new = strings.Join(lines[i+1:middle], ""), strings.Join(lines[middle+1:end], "")
			b.changes = append(b.changes, c)
			i = end
		default:
			return b, fmt.Errorf("line %d: %q means nothing here", i+1, line)
		}
	}
	if b.goal == "" || b.test.name == "" || b.why == "" || len(b.changes) == 0 {
		return b, fmt.Errorf("it lacks a goal, a test, a reason or a change")
	}
	for _, c := range b.changes {
		if c.file == "" || c.old == "" || c.old == c.new {
			return b, fmt.Errorf("a change without a file, of nothing, or to the same")
		}
	}
	return b, nil
}

// index is the first line after from that is mark, -1 if none.
func index(lines []string, from int, mark string) int {
	for i := from; i < len(lines); i++ {
		if strings.TrimSuffix(lines[i], "\n") == mark {
			return i
		}
	}
	return -1
}

// apply returns the text with the change made.
func (c *change) apply(text []byte) ([]byte, error) {
	if n := bytes.Count(text, []byte(c.old)); n != 1 {
		return nil, fmt.Errorf("%s has %d places with %q, it must have one: the code has changed, and the bug has to follow", c.file, n, c.old)
	}
	return bytes.Replace(text, []byte(c.old), []byte(c.new), 1), nil
}
