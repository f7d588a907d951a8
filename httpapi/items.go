package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/stream"
)

func (a *API) postItems(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	body, form, release, ok := a.readBatch(w, r)
	if !ok {
		return
	}
	defer release()
	batch, err := codec.DecodeItems(body, form)
	var bad *codec.Malformed
	if errors.As(err, &bad) {
		writeMalformed(w, bad)
		return
	}
	out, err := a.Stream.Items(r.Context(), stream.SourceHTTP, a.Now().UnixMilli(), batch.List, nil)
	if err != nil {
		a.writeError(w, err)
		return
	}
	a.writeOutcome(w, batch.Refused, batch.Problems, out)
}

// putItem replaces one item. The body may leave out item_id; when it has one it must be that
// of the path.
func (a *API) putItem(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	if _, ok := form(w, r); !ok {
		return
	}
	body, ok := a.readBody(w, r, maxRequestBytes)
	if !ok {
		return
	}
	id := r.PathValue("id")
	fields, err := codec.Object(body)
	var bad *codec.Malformed
	if errors.As(err, &bad) && bad.Code == codec.CodeMalformed {
		writeMalformed(w, bad)
		return
	}
	named := false
	for _, f := range fields {
		if f.Name == "item_id" && !f.IsNull() {
			named = true
			if got, err := f.String(); err == nil && got != id {
				writeFaults(w, []fault{{Pointer: "/item_id", Code: "id_conflict", Message: "item_id is " + quote(got) + ", the path says " + quote(id), Hint: "leave item_id out or make the two equal"}})
				return
			}
		}
	}
	if !named && err == nil {
		body = withID(body, fields, id)
	}
	item, problems := codec.DecodeItem(body)
	if err != nil { // the id could not be put in; it is not missing, it is in the path
		problems = slices.DeleteFunc(problems, func(p codec.Problem) bool { return p.Code == "missing:item_id" })
	}
	switch {
	case len(problems) > 0:
		a.writeOutcome(w, 1, problems, stream.Outcome{})
		return
	case err != nil:
		writeMalformed(w, bad)
		return
	}
	out, err := a.Stream.Items(r.Context(), stream.SourceHTTP, a.Now().UnixMilli(), []freshet.Item{item}, nil)
	if err != nil {
		a.writeError(w, err)
		return
	}
	a.writeOutcome(w, 0, nil, out)
}

// withID writes the object again with item_id in front, and without a null one.
func withID(body []byte, fields []codec.Field, id string) []byte {
	out := codec.AppendText([]byte(`{"item_id":`), id)
	for _, f := range fields {
		if f.Name == "item_id" {
			continue
		}
		out = append(out, ',')
		out = codec.AppendText(out, f.Name)
		out = append(out, ':')
		out = append(out, f.Raw...)
	}
	return append(out, '}')
}

func (a *API) getItem(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	doc, position := a.Server.Item(freshet.ItemID(id))
	if doc == nil {
		a.writeError(w, a.Server.UnknownItem(freshet.ItemID(id)))
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Item     json.RawMessage  `json:"item"`
		Position freshet.Position `json:"position"`
	}{codec.AppendItem(nil, doc), position})
}
