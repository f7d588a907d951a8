package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/stream"
)

func (a *API) postUsers(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	body, form, release, ok := a.readBatch(w, r)
	if !ok {
		return
	}
	defer release()
	batch, err := codec.DecodeUsers(body, form)
	var bad *codec.Malformed
	if errors.As(err, &bad) {
		writeMalformed(w, bad)
		return
	}
	out, err := a.Stream.Users(r.Context(), stream.SourceHTTP, a.Now().UnixMilli(), batch.List, nil)
	if err != nil {
		a.writeError(w, err)
		return
	}
	a.writeOutcome(w, batch.Refused, batch.Problems, out)
}

// putUser replaces what is known of one user. The body may leave out user_id; when it has one it
// must be that of the path.
func (a *API) putUser(w http.ResponseWriter, r *http.Request) {
	user, ok := putBody(a, w, r, "user_id", codec.DecodeUser)
	if !ok {
		return
	}
	out, err := a.Stream.Users(r.Context(), stream.SourceHTTP, a.Now().UnixMilli(), []freshet.User{user}, nil)
	if err != nil {
		a.writeError(w, err)
		return
	}
	a.writeOutcome(w, 0, nil, out)
}

func (a *API) getUser(w http.ResponseWriter, r *http.Request) {
	id := freshet.UserID(r.PathValue("id"))
	doc, position := a.Server.User(id)
	if doc == nil {
		a.writeError(w, a.Server.UnknownUser(id))
		return
	}
	writeJSON(w, http.StatusOK, struct {
		User     json.RawMessage  `json:"user"`
		Position freshet.Position `json:"position"`
	}{codec.AppendUser(nil, doc), position})
}
