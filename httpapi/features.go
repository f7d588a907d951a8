package httpapi

import (
	"bytes"
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/serve"
)

func (a *API) postFeatures(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	fields, ok := a.readObject(w, r)
	if !ok {
		return
	}
	var req serve.FeaturesRequest
	d := decoding{}
	if d.features(fields, &req); len(d.faults) > 0 {
		writeFaults(w, d.faults)
		return
	}
	rows, err := a.Server.Features(r.Context(), &req)
	if err != nil {
		a.writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	writeText(w, http.StatusOK, appendFeatures(make([]byte, 0, 128+cellBytes*len(rows.Rows)*len(rows.Names)), req.Items, rows))
}

// cellBytes is what a cell takes in a reply, about.
const cellBytes = 128

// appendFeatures writes the reply to a features request. A request is for up to a thousand rows, and
// encoding/json, which goes by maps sorted anew for each, takes longer for them than reading them does.
func appendFeatures(dst []byte, items []freshet.ItemID, rows *serve.FeaturesReply) []byte {
	columns := make([]replyColumn, len(rows.Names))
	for i, name := range rows.Names {
		columns[i] = replyColumn{i, name, append(appendText(nil, name), `:{"value":`...)}
	}
	slices.SortFunc(columns, func(a, b replyColumn) int { return cmp.Compare(a.name, b.name) })
	dst = append(dst, `{"rows":[`...)
	var updated lastTime
	for i, row := range rows.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		if len(items) > 0 && items[i] != "" {
			dst = append(appendText(append(dst, `"item_id":`...), string(items[i])), ',')
		}
		dst = append(dst, `"values":{`...)
		for n := range columns {
			if n > 0 {
				dst = append(dst, ',')
			}
			dst = appendCell(append(dst, columns[n].key...), &row[columns[n].at], &updated)
		}
		dst = append(dst, "}}"...)
	}
	dst = append(dst, `],"position":"`...)
	dst = append(dst, rows.Position.String()...)
	dst = strconv.AppendInt(append(dst, `","ts_ms":`...), rows.Time, 10) // q
	dst = strconv.AppendBool(append(dst, `,"reflected":`...), rows.Reflected)
	return append(dst, "}\n"...)
}

// replyColumn is a feature among those of a reply, which are in order of their names.
type replyColumn struct {
	at   int // in a row
	name string
	key  []byte // and what begins each of its cells
}

// appendCell writes what comes after the key of a cell: the value, which is a number, a text, a list of
// items with their times, or null; the newest event time under the key; how many events there were; and
// whether none stands behind the value.
func appendCell(dst []byte, v *serve.FeatureValue, updated *lastTime) []byte {
	switch {
	case v.Null:
		dst = append(dst, "null"...)
	case v.IsText:
		dst = appendText(dst, v.Text)
	case v.List != nil:
		dst = append(dst, '[')
		for i, entry := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendText(append(dst, `{"item_id":`...), string(v.Items[i]))
			dst = append(strconv.AppendInt(append(dst, `,"ts_ms":`...), entry.Time, 10), '}')
		}
		dst = append(dst, ']')
	default:
		dst = appendNumber(dst, v.Value.Value)
	}
	dst = append(dst, `,"updated_at":`...)
	if v.Updated != 0 && v.Events > 0 {
		dst = append(append(append(dst, '"'), updated.text(v.Updated)...), '"')
	} else {
		dst = append(dst, "null"...)
	}
	dst = strconv.AppendInt(append(dst, `,"events":`...), v.Events, 10)
	return append(strconv.AppendBool(append(dst, `,"default":`...), v.Default()), '}')
}

// lastTime is the time written last, which is often the next one too: features with one key have one.
type lastTime struct {
	ms      int64
	written []byte
}

func (l *lastTime) text(ms int64) []byte {
	if l.ms != ms || l.written == nil {
		l.ms, l.written = ms, codec.AppendTime(l.written[:0], ms)
	}
	return l.written
}

// appendNumber writes a number as encoding/json does.
func appendNumber(dst []byte, v float64) []byte {
	if abs := math.Abs(v); abs < 1e-6 && v != 0 || !(abs < 1e21) {
		return appendJSON(dst, v) // with an exponent, or no number
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// appendText writes a text as encoding/json does.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendJSON(dst, s)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// appendJSON writes a value by encoding/json, which knows every case.
func appendJSON(dst []byte, v any) []byte {
	var buf bytes.Buffer
	encodeJSON(&buf, v)
	return append(dst, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
