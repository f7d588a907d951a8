package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

// point is one row asked for by a file.
type point struct {
	line    int
	time    int64 // q
	visitor freshet.Visitor
	item    freshet.ItemID
	context map[string]any
}

// maxPointBytes bounds a line of a file of points.
const maxPointBytes = 1 << 20

// leastTime is 1990: no event is older.
const leastTime = 631_152_000_000

// readPoints reads a file of points, all of it.
func readPoints(name string) (list []point, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, usagef("--at: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, 1<<16), maxPointBytes)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		p, err := parsePoint(lines.Bytes())
		if err != nil {
			return nil, usagef("--at: %s:%d: %w", name, n, err)
		}
		p.line = n
		list = append(list, p)
	}
	switch err := lines.Err(); {
	case err != nil:
		return nil, usagef("--at: %s after line %d: %w", name, len(list), err)
	case len(list) == 0:
		return nil, usagef("--at: %s holds no points", name)
	}
	return list, nil
}

func parsePoint(line []byte) (point, error) {
	var text struct {
		User      freshet.UserID  `json:"user_id"`
		Anonymous string          `json:"anonymous_id"`
		Session   string          `json:"session_id"`
		Item      freshet.ItemID  `json:"item_id"`
		Time      json.RawMessage `json:"ts"`
		Context   map[string]any  `json:"context"`
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber()
	in.DisallowUnknownFields()
	if err := in.Decode(&text); err != nil {
		return point{}, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return point{}, errors.New("something follows the object; one a line")
	}
	p := point{visitor: freshet.VisitorOf(text.User, text.Anonymous, text.Session), item: text.Item, context: text.Context}
	var stamp time.Time
	switch {
	case len(text.Time) == 0:
		return p, errors.New("ts is missing: the time of the row, Unix milliseconds or RFC 3339")
	case json.Unmarshal(text.Time, &p.time) == nil:
	case json.Unmarshal(text.Time, &stamp) == nil:
		p.time = stamp.UnixMilli()
	default:
		return p, fmt.Errorf("ts is %s; it is Unix milliseconds or RFC 3339", text.Time)
	}
	if p.time < leastTime {
		return p, fmt.Errorf("ts is %s, before 1990; it is Unix milliseconds or RFC 3339", text.Time)
	}
	return p, nil
}

// pointReads says where each point is read: where the journal stood at its time, which is the last
// position that was received by then. The reads come by position.
func pointReads(ctx context.Context, disk fsys.FS, points []point, last freshet.Position) ([]rowRead, error) {
	byTime := make([]int, len(points))
	for i := range byTime {
		byTime[i] = i
	}
	slices.SortFunc(byTime, func(a, b int) int { return int(min(1, max(-1, points[a].time-points[b].time))) })
	from := make([]freshet.Position, len(points)) // by place in byTime: the last position of those that this is the first point to have
	_, err := eachRecord(ctx, disk, func(rec *journal.Record) error {
		if rec.Position > last { // it came meanwhile
			return nil
		}
		i, _ := slices.BinarySearchFunc(byTime, rec.Received, func(i int, t int64) int { return int(min(1, max(-1, points[i].time-t))) })
		if i < len(byTime) {
			from[i] = rec.Position
		}
		return nil
	})
	reads := make([]rowRead, len(points))
	at := freshet.Position(0)
	for place, i := range byTime {
		at = max(at, from[place])
		reads[place] = rowRead{at, uint32(i)}
	}
	return reads, err
}
