package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/window"
)

// The reply to a features request as encoding/json has it.
type (
	featuresReply struct {
		Rows      []featureRow     `json:"rows"`
		Position  freshet.Position `json:"position"`
		TimeMS    int64            `json:"ts_ms"`
		Reflected bool             `json:"reflected"`
	}
	featureRow struct {
		ItemID freshet.ItemID         `json:"item_id,omitempty"`
		Values map[string]featureCell `json:"values"`
	}
	featureCell struct {
		Value     any     `json:"value"`
		UpdatedAt *string `json:"updated_at"`
		Events    int64   `json:"events"`
		Default   bool    `json:"default"`
	}
	listEntry struct {
		ItemID freshet.ItemID `json:"item_id"`
		TimeMS int64          `json:"ts_ms"`
	}
)

// slowFeatures is appendFeatures by encoding/json.
func slowFeatures(items []freshet.ItemID, rows *serve.FeaturesReply) []byte {
	reply := featuresReply{Rows: make([]featureRow, len(rows.Rows)), Position: rows.Position, TimeMS: rows.Time, Reflected: rows.Reflected}
	for i, row := range rows.Rows {
		reply.Rows[i].Values = map[string]featureCell{}
		if len(items) > 0 {
			reply.Rows[i].ItemID = items[i]
		}
		for c, v := range row {
			cell := featureCell{Events: v.Events, Default: v.Events == 0}
			switch {
			case v.Null:
			case v.IsText:
				cell.Value = v.Text
			case v.List != nil:
				list := []listEntry{}
				for j, entry := range v.List {
					list = append(list, listEntry{v.Items[j], entry.Time})
				}
				cell.Value = list
			default:
				cell.Value = v.Value.Value
			}
			if v.Updated != 0 && v.Events > 0 {
				text := time.UnixMilli(v.Updated).UTC().Format(timeFormat)
				cell.UpdatedAt = &text
			}
			reply.Rows[i].Values[rows.Names[c]] = cell
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&reply); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// TestFeaturesReply: a reply is, byte for byte, what encoding/json makes of it.
func TestFeaturesReply(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "i-1", "a b~", `"`, `\`, "<&>", "ü", "\u2028", "\x7f", "\x00\n", "\xff", "漢字"}
	numbers := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-6, 9.99e-7, -1e-7, 1e20, 1e21, -1e21, 123456789.125, math.MaxFloat64, math.SmallestNonzeroFloat64, 1.0 / 3}
	text := func() string { return texts[r.IntN(len(texts))] }
	for range 2000 {
		rows := &serve.FeaturesReply{Position: freshet.Position(r.Uint64N(1e6)), Time: r.Int64N(2e12) - 1e11, Reflected: r.IntN(2) == 0}
		for i, n := range r.Perm(r.IntN(6)) {
			rows.Names = append(rows.Names, fmt.Sprint(text(), n, i))
		}
		var items []freshet.ItemID
		asked := r.IntN(2) == 0
		for range r.IntN(4) {
			if asked {
				items = append(items, freshet.ItemID(text()))
			}
			row := make([]serve.FeatureValue, len(rows.Names))
			for i := range row {
				v := window.Value{Events: r.Int64N(3), Updated: r.Int64N(2) * (1.7e12 + r.Int64N(3)), Value: numbers[r.IntN(len(numbers))]}
				if r.IntN(2) == 0 {
					v.Value = math.Float64frombits(r.Uint64() &^ (1 << 62)) // no infinity, no NaN
				}
				switch r.IntN(6) {
				case 0:
					v.Null = true
				case 1:
					v.IsText, v.Text = true, text()
				case 2:
					v.List = []window.Entry{}
					for range r.IntN(3) {
						v.List = append(v.List, window.Entry{Time: r.Int64N(2e12)})
						row[i].Items = append(row[i].Items, freshet.ItemID(text()))
					}
				}
				row[i].Value = v
			}
			rows.Rows = append(rows.Rows, row)
		}
		if got, want := appendFeatures(nil, items, rows), slowFeatures(items, rows); !bytes.Equal(got, want) {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
	}
}

// BenchmarkFeaturesReply writes a reply of five rows of ten numbers, slowly by encoding/json.
func BenchmarkFeaturesReply(b *testing.B) {
	rows := &serve.FeaturesReply{Position: 1_234_567, Time: 1.7e12, Reflected: true}
	var items []freshet.ItemID
	for i := range 10 {
		rows.Names = append(rows.Names, fmt.Sprintf("feature_%d", (i*7+3)%10))
	}
	for i := range 5 {
		items = append(items, freshet.ItemID(fmt.Sprintf("item-%d", i)))
		row := make([]serve.FeatureValue, len(rows.Names))
		for c := range row {
			row[c].Value = window.Value{Value: float64(i*c) / 7, Events: int64(c), Updated: 1.7e12 - int64(c/3*i)}
		}
		rows.Rows = append(rows.Rows, row)
	}
	for name, write := range map[string]func() []byte{
		"fast": func() []byte { return appendFeatures(nil, items, rows) },
		"slow": func() []byte { return slowFeatures(items, rows) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				write()
			}
		})
	}
}
