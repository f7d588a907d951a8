package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"

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
	batch, err := a.Items.Items(body, form)
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
	item, ok := putBody(a, w, r, "item_id", a.Items.Item)
	if !ok {
		return
	}
	out, err := a.Stream.Items(r.Context(), stream.SourceHTTP, a.Now().UnixMilli(), []freshet.Item{item}, nil)
	if err != nil {
		a.writeError(w, err)
		return
	}
	a.writeOutcome(w, 0, nil, out)
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
