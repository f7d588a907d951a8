package httpapi

import (
	"net/http"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
)

type featuresReply struct {
	Rows      []featureRow     `json:"rows"`
	Position  freshet.Position `json:"position"`
	TimeMS    int64            `json:"ts_ms"` // q
	Reflected bool             `json:"reflected"`
}

type featureRow struct {
	ItemID freshet.ItemID          `json:"item_id,omitempty"`
	Values map[string]featureValue `json:"values"`
}

type featureValue struct {
	Value     any     `json:"value"`      // a number, a text, a list of listEntry, or null
	UpdatedAt *string `json:"updated_at"` // newest event time under the key
	Events    int64   `json:"events"`
	Default   bool    `json:"default"` // no event stands behind the value
}

// listEntry is an element of a last_k.
type listEntry struct {
	ItemID freshet.ItemID `json:"item_id"`
	TimeMS int64          `json:"ts_ms"`
}

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
	reply := featuresReply{Rows: make([]featureRow, len(rows.Rows)), Position: rows.Position, TimeMS: rows.Time, Reflected: rows.Reflected}
	for i, row := range rows.Rows {
		reply.Rows[i].Values = make(map[string]featureValue, len(row))
		if len(req.Items) > 0 {
			reply.Rows[i].ItemID = req.Items[i]
		}
		for c := range row {
			reply.Rows[i].Values[rows.Names[c]] = encodeValue(&row[c])
		}
	}
	writeJSON(w, http.StatusOK, &reply)
}

func encodeValue(v *serve.FeatureValue) featureValue {
	out := featureValue{Events: v.Events, Default: v.Default()}
	switch {
	case v.Null:
	case v.IsText:
		out.Value = v.Text
	case v.List != nil:
		list := make([]listEntry, len(v.List))
		for i, entry := range v.List {
			list[i] = listEntry{v.Items[i], entry.Time}
		}
		out.Value = list
	default:
		out.Value = v.Value.Value
	}
	if v.Updated != 0 && v.Events > 0 {
		text := time.UnixMilli(v.Updated).UTC().Format(timeFormat)
		out.UpdatedAt = &text
	}
	return out
}
