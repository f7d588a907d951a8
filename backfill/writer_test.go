package backfill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

var mixed = []feature.Definition{
	{Name: "clicks", Key: []string{"user"}, Agg: feature.Count},
	{Name: "query", Key: []string{"user"}, Agg: feature.Last, Field: "query"},
	{Name: "device", Key: []string{"user"}, Agg: feature.Last, Field: "context.device"},
	{Name: "seen", Key: []string{"user"}, Agg: feature.LastK, K: 3},
}

func layout() *Layout {
	return &Layout{Mode: Served, Fields: []string{"recall.score", "feature.clicks", "feature.query", "feature.device", "feature.seen", "time.hour"}, Features: mixed,
		ItemID: func(n uint32) freshet.ItemID { return freshet.ItemID(fmt.Sprintf("i-%d", n)) }, Metadata: map[string]string{"freshet.mode": Served}}
}

// written is a file of rows, read back.
func written(t *testing.T, l *Layout, rows []Row) (*parquet.File, []map[string]any) {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, l)
	for i := range rows {
		if err := w.Write([]Encoded{w.Encode(&rows[i])}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return file, rowsIn(t, file)
}

// rowsIn are the rows of a file by column: nil, or a float64, int64, bool, string, or []string of a
// list, each element as item@time.
func rowsIn(t *testing.T, file *parquet.File) (list []map[string]any) {
	t.Helper()
	columns := file.Schema().Columns()
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		room := make([]parquet.Row, 64)
		for {
			n, err := rows.ReadRows(room)
			for _, row := range room[:n] {
				one := map[string]any{}
				for _, v := range row {
					path := columns[v.Column()]
					add(one, path, v)
				}
				list = append(list, one)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func add(row map[string]any, path []string, v parquet.Value) {
	name := path[0]
	switch {
	case len(path) == 1 && v.IsNull():
		row[name] = nil
	case len(path) == 1 && v.Kind() == parquet.Double:
		row[name] = v.Double()
	case len(path) == 1 && v.Kind() == parquet.Int64:
		row[name] = v.Int64()
	case len(path) == 1 && v.Kind() == parquet.Boolean:
		row[name] = v.Boolean()
	case len(path) == 1:
		row[name] = string(v.ByteArray())
	case v.IsNull() && v.DefinitionLevel() == 0:
		row[name] = nil
	case v.IsNull():
		row[name] = []string{}
	case path[len(path)-1] == "item_id":
		list, _ := row[name].([]string)
		row[name] = append(list, string(v.ByteArray()))
	default: // ts_ms of the elements in turn
		list, _ := row[name].([]string)
		for i := range list {
			if !strings.Contains(list[i], "@") {
				list[i] += fmt.Sprint("@", v.Int64())
				break
			}
		}
	}
}

func TestWriter(t *testing.T) {
	null := feature.Value{Null: true}
	full := Row{Request: "r-1", Time: 1000, Position: 7, Record: 9, Scene: "home", Visitor: "a:cookie", Item: "i-1", Rank: 2, Score: 0.5, Definitions: "d", Fields: []float64{0.25, 3, math.NaN(), math.NaN(), math.NaN(), 11},
		Values: []feature.Value{{Value: 3}, {Text: "maps", IsText: true}, {Text: "phone", IsText: true}, {List: []feature.Entry{{Item: 1, Time: 900}, {Item: 2, Time: 800}}}}, Hash: "ab", Served: "ab", Compared: true, Same: true}
	bare := Row{Request: "r-2", Time: 2000, Position: 8, Record: 9, Item: "i-2", Rank: 1, Score: 1, Fields: []float64{math.NaN(), 0, math.NaN(), 4, math.NaN(), 12},
		Values: []feature.Value{{}, null, {Value: 4}, null}, Hash: "cd"}
	empty := bare
	empty.Values = []feature.Value{{}, null, {Value: 4}, {List: []feature.Entry{}}}
	file, rows := written(t, layout(), []Row{full, bare, empty})
	names := []string{"request_id", "ts_ms", "position", "record_position", "scene", "visitor_kind", "visitor_id", "item_id", "rank", "score", "definitions",
		"recall.score", "feature.clicks", "feature.query", "feature.device", "text.device", "feature.seen", "time.hour", "row_hash", "served_hash", "same"}
	var got []string
	for _, f := range file.Schema().Fields() {
		got = append(got, f.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("columns %q, want %q", got, names)
	}
	for i, want := range []string{
		"r-1 1000 7 9 home anonymous cookie i-1 2 0.5 d 0.25 3 maps <nil> phone [i-1@900 i-2@800] 11 ab ab true",
		"r-2 2000 8 9 <nil> <nil> <nil> i-2 1 1 <nil> <nil> 0 <nil> 4 <nil> <nil> 12 cd <nil> <nil>",
		"r-2 2000 8 9 <nil> <nil> <nil> i-2 1 1 <nil> <nil> 0 <nil> 4 <nil> [] 12 cd <nil> <nil>",
	} {
		var cells []string
		for _, name := range names {
			cells = append(cells, fmt.Sprint(rows[i][name]))
		}
		if text := strings.Join(cells, " "); text != want {
			t.Errorf("row %d is\n%s, want\n%s", i, text, want)
		}
	}
	if mode, ok := file.Lookup("freshet.mode"); !ok || mode != Served {
		t.Errorf("the mode is %q, %v", mode, ok)
	}
	if by := file.RowGroups()[0].SortingColumns(); len(by) != 1 || by[0].Path()[0] != "ts_ms" || by[0].Descending() {
		t.Errorf("sorted by %v", by)
	}
}

// TestLayouts: points have neither slates nor hashes, event time has the newest event, and only
// features that are kept have columns.
func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Layout)
		want   string
	}{
		"points":     {func(l *Layout) { l.Points, l.Fields = true, l.Fields[1:] }, "line ts_ms position visitor_kind visitor_id item_id feature.clicks feature.query feature.device text.device feature.seen time.hour"},
		"event time": {func(l *Layout) { l.Mode, l.Points, l.Fields = EventTime, true, l.Fields[4:] }, "line ts_ms position visitor_kind visitor_id item_id feature.seen time.hour newest_event_ms"},
		"one kept": {func(l *Layout) { l.Keep = func(name string) bool { return name == "device" }; l.Points = true },
			"line ts_ms position visitor_kind visitor_id item_id recall.score feature.device text.device time.hour"},
	} {
		l := layout()
		c.change(l)
		var got []string
		for _, column := range columnsOf(l) {
			got = append(got, column.name)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

// TestRowGroups: a row group ends before it takes much memory, by rows and by their bytes.
func TestRowGroups(t *testing.T) {
	l := &Layout{Mode: EventTime, Points: true, Fields: []string{"time.hour"}}
	for name, c := range map[string]struct {
		rows, idBytes, groups int
	}{"by rows": {groupRows + 1, 1, 2}, "by bytes": {9, 8 << 20, 2}} {
		rows := make([]Row, c.rows)
		for i := range rows {
			rows[i] = Row{Line: i + 1, Time: int64(i), Item: freshet.ItemID(strings.Repeat(string(rune('a'+i%26)), c.idBytes)), Fields: []float64{1}}
		}
		file, back := written(t, l, rows)
		if len(file.RowGroups()) != c.groups || len(back) != c.rows {
			t.Errorf("%s: %d rows in %d groups, want %d in %d", name, len(back), len(file.RowGroups()), c.rows, c.groups)
		}
	}
}

// TestOrder: rows come by time, those of one time as they were asked for, and wait no longer than
// they must.
func TestOrder(t *testing.T) {
	var got []int64
	o := NewOrder([]int64{30, 10, 20, 10}, func(rows []Encoded) error {
		for _, row := range rows {
			got = append(got, row.time)
		}
		return nil
	})
	for i, step := range []struct {
		request int
		want    []int64
	}{{3, nil}, {0, nil}, {1, []int64{11, 13}}, {2, []int64{11, 13, 22, 30}}} {
		time := []int64{30, 11, 22, 13}[step.request]
		if err := o.Done(step.request, []Encoded{{time: time}}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
}
