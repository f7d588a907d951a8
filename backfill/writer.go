package backfill

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// The two pasts.
const (
	Served    = "served"     // as the state stood where the row was read
	EventTime = "event-time" // over all events from before the time of the row
)

// Bounds of a row group, which is in memory until it is written: rows, and bytes of them as they
// come.
const (
	groupRows  = 1 << 16
	groupBytes = 64 << 20
)

// Layout says what the columns of a file are.
type Layout struct {
	Mode     string                           // Served or EventTime
	Points   bool                             // rows of points, which no slate had: no scene, rank, score or hashes
	Fields   []string                         // names of Row.Fields, in their order
	Features []feature.Definition             // those among Fields named feature.<name>, in the order of Row.Values
	Keep     func(name string) bool           // whether a feature is written; nil keeps all
	ItemID   func(item uint32) freshet.ItemID // of the items in lists
	Metadata map[string]string                // of the file
}

// Row is one row of a file.
type Row struct {
	Request     string // "" for a point
	Line        int    // of a point, in its file from 1
	Time        int64  // q, Unix ms
	Position    freshet.Position
	Record      freshet.Position // of the served record
	Scene       string
	Visitor     freshet.Visitor
	Item        freshet.ItemID
	Rank        int
	Score       float64
	Definitions string          // hash of those it was served under
	Fields      []float64       // NaN is null
	Values      []feature.Value // for texts and lists
	Hash        string          // of the row as it is now
	Served      string          // of the row as it was served; "" is not known
	Compared    bool            // whether Same says anything
	Same        bool
	Newest      int64 // EventTime: the newest event counted, 0 is none
}

// Writer writes rows, which must come by time, as a Parquet file. Make one with [NewWriter].
type Writer struct {
	out     *parquet.GenericWriter[any]
	columns []column
	itemID  func(uint32) freshet.ItemID
	rows    int // of the row group under way
	bytes   int // likewise
	newest  int64
	written int
}

// NewWriter returns a Writer to out.
func NewWriter(out io.Writer, l *Layout) *Writer {
	w := &Writer{columns: columnsOf(l), itemID: l.ItemID, newest: math.MinInt64}
	t := table{Group: parquet.Group{}}
	for i := range w.columns {
		t.Group[w.columns[i].name] = w.columns[i].node
		t.names = append(t.names, w.columns[i].name)
	}
	options := []parquet.WriterOption{
		parquet.NewSchema("freshet_rows", t), parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("ts_ms"))),
	}
	for key, value := range l.Metadata {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	w.out = parquet.NewGenericWriter[any](out, options...)
	return w
}

// columnsOf lists the columns of a file in their order.
func columnsOf(l *Layout) []column {
	var list []column
	add := func(name string, node parquet.Node, value func(r *Row) parquet.Value) {
		list = append(list, column{name: name, node: node, leaves: 1, value: value})
	}
	kindAndID := func(r *Row) (kind, id string) {
		letter, id, _ := strings.Cut(string(r.Visitor), ":")
		return map[string]string{"u": "user", "a": "anonymous", "s": "session"}[letter], id
	}
	if l.Points {
		add("line", whole(), func(r *Row) parquet.Value { return parquet.Int64Value(int64(r.Line)) })
	} else {
		add("request_id", text(), func(r *Row) parquet.Value { return textValue(r.Request) })
	}
	add("ts_ms", parquet.Int(64), func(r *Row) parquet.Value { return parquet.Int64Value(r.Time) })
	add("position", text(), func(r *Row) parquet.Value { return textValue(r.Position.String()) })
	if !l.Points {
		add("record_position", text(), func(r *Row) parquet.Value { return textValue(r.Record.String()) })
		add("scene", text(), func(r *Row) parquet.Value { return textValue(r.Scene) })
	}
	add("visitor_kind", text(), func(r *Row) parquet.Value { kind, _ := kindAndID(r); return textValue(kind) })
	add("visitor_id", text(), func(r *Row) parquet.Value { _, id := kindAndID(r); return textValue(id) })
	add("item_id", text(), func(r *Row) parquet.Value { return textValue(string(r.Item)) })
	if !l.Points {
		add("rank", whole(), func(r *Row) parquet.Value { return parquet.Int64Value(int64(r.Rank)) })
		add("score", double(), func(r *Row) parquet.Value { return numberValue(r.Score) })
		add("definitions", text(), func(r *Row) parquet.Value { return textValue(r.Definitions) })
	}
	features := map[string]int{}
	for i := range l.Features {
		features[numberPrefix+l.Features[i].Name] = i
	}
	for i, name := range l.Fields {
		number := func(r *Row) parquet.Value { return numberValue(r.Fields[i]) }
		f, isFeature := features[name]
		switch {
		case !isFeature:
			add(name, double(), number)
		case l.Keep != nil && !l.Keep(l.Features[f].Name):
		default:
			says := func(r *Row) parquet.Value {
				if !r.Values[f].IsText {
					return parquet.NullValue()
				}
				return parquet.ByteArrayValue([]byte(r.Values[f].Text))
			}
			switch holdsOf(&l.Features[f]) {
			case numbers:
				add(name, double(), number)
			case texts:
				add(name, text(), says)
			case either:
				add(name, double(), number)
				add(textPrefix+l.Features[f].Name, text(), says)
			case lists:
				list = append(list, column{name: name, node: entries(), leaves: 2, list: func(r *Row) *feature.Value { return &r.Values[f] }})
			}
		}
	}
	switch {
	case l.Mode == EventTime:
		add("newest_event_ms", whole(), func(r *Row) parquet.Value {
			if r.Newest == 0 {
				return parquet.NullValue()
			}
			return parquet.Int64Value(r.Newest)
		})
	case !l.Points:
		add("row_hash", text(), func(r *Row) parquet.Value { return textValue(r.Hash) })
		add("served_hash", text(), func(r *Row) parquet.Value { return textValue(r.Served) })
		add("same", truth(), func(r *Row) parquet.Value {
			if !r.Compared {
				return parquet.NullValue()
			}
			return parquet.BooleanValue(r.Same)
		})
	}
	return list
}

// textValue is a text, null when it is empty.
func textValue(s string) parquet.Value {
	if s == "" {
		return parquet.NullValue()
	}
	return parquet.ByteArrayValue([]byte(s))
}

// numberValue is a number, null when it is NaN.
func numberValue(v float64) parquet.Value {
	if math.IsNaN(v) {
		return parquet.NullValue()
	}
	return parquet.DoubleValue(v)
}

// Encoded is a row in the form of its file. It shares nothing with the Row it was made of.
type Encoded struct {
	time   int64
	bytes  int
	values parquet.Row
}

// Encode returns the form of a row that Write takes.
func (w *Writer) Encode(r *Row) Encoded {
	row := make(parquet.Row, 0, len(w.columns)+4)
	bytes := 0
	for i, leaf := 0, 0; i < len(w.columns); i++ {
		c := &w.columns[i]
		if c.list != nil {
			row = w.appendList(row, leaf, c.list(r))
		} else {
			v, level := c.value(r), 1
			switch {
			case c.node.Required(), v.IsNull():
				level = 0
			}
			row = append(row, v.Level(0, level, leaf))
		}
		leaf += c.leaves
	}
	for i := range row {
		bytes += 24
		if row[i].Kind() == parquet.ByteArray {
			bytes += len(row[i].ByteArray())
		}
	}
	return Encoded{r.Time, bytes, row}
}

// appendList appends the two leaves of a list, from column leaf on. The levels: 0 is a list that is
// null, 1 an empty one, 2 an element.
func (w *Writer) appendList(row parquet.Row, leaf int, v *feature.Value) parquet.Row {
	if v.Null || len(v.List) == 0 {
		level := 1
		if v.Null {
			level = 0
		}
		return append(row, parquet.NullValue().Level(0, level, leaf), parquet.NullValue().Level(0, level, leaf+1))
	}
	again := func(i int) int { return min(i, 1) }
	for i, e := range v.List {
		row = append(row, parquet.ByteArrayValue([]byte(w.itemID(e.Item))).Level(again(i), 2, leaf))
	}
	for i, e := range v.List {
		row = append(row, parquet.Int64Value(e.Time).Level(again(i), 2, leaf+1))
	}
	return row
}

// Write writes rows. The error is that of the file.
func (w *Writer) Write(rows []Encoded) error {
	for i := range rows {
		if rows[i].time < w.newest {
			panic(fmt.Sprintf("BUG: a row of time %d comes after one of %d", rows[i].time, w.newest))
		}
		w.newest = rows[i].time
		if _, err := w.out.WriteRows([]parquet.Row{rows[i].values}); err != nil {
			return fmt.Errorf("row %d: %w", w.written+1, err)
		}
		w.written++
		w.rows++
		w.bytes += rows[i].bytes
		if w.rows >= groupRows || w.bytes >= groupBytes {
			if err := w.out.Flush(); err != nil {
				return fmt.Errorf("row group up to row %d: %w", w.written, err)
			}
			w.rows, w.bytes = 0, 0
		}
	}
	return nil
}

// Rows is how many rows were written.
func (w *Writer) Rows() int { return w.written }

// Close writes what is left. It does not close the file.
func (w *Writer) Close() error {
	if err := w.out.Close(); err != nil {
		return fmt.Errorf("the end of the file: %w", err)
	}
	return nil
}
