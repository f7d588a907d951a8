package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/deadletter"
)

// How many dead letters a page has.
const (
	defaultRejected = 100
	maxRejected     = 1000
)

const codeBadCursor = "bad_cursor" // not a next_cursor that a reply returned

type rejectedReply struct {
	Data       []*deadletter.Letter `json:"data"`        // by id, ascending
	NextCursor *string              `json:"next_cursor"` // null on the last page
	Damaged    string               `json:"damaged,omitempty"`
}

// getRejected lists what imports could not use.
func (a *API) getRejected(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r, "limit", "cursor") {
		return
	}
	query := r.URL.Query()
	limit, after := defaultRejected, deadletter.ID(0)
	var faults []fault
	if query.Has("limit") {
		n, err := strconv.Atoi(query.Get("limit"))
		if err != nil || n < 1 || n > maxRejected {
			faults = append(faults, fault{Code: codec.CodeOutOfRange, Message: "limit is a whole number between 1 and " + strconv.Itoa(maxRejected) + ", not " + quote(query.Get("limit"))})
		}
		limit = n
	}
	if query.Has("cursor") {
		id, err := deadletter.ParseID(query.Get("cursor"))
		if err != nil {
			faults = append(faults, fault{Code: codeBadCursor, Message: quote(query.Get("cursor")) + " is not a cursor", Hint: "use the next_cursor of the page before"})
		}
		after = id
	}
	if len(faults) > 0 {
		writeFaults(w, faults)
		return
	}
	page, err := a.Rejected(after, limit)
	if err != nil {
		a.Report("dead letters", err)
		writeProblem(w, &problem{Status: http.StatusInternalServerError, Code: "rejected_unreadable", Detail: "the dead letters cannot be read; the server's log says why; events and slates are not affected"})
		return
	}
	reply := rejectedReply{Data: make([]*deadletter.Letter, len(page.Letters))}
	for i := range page.Letters {
		reply.Data[i] = &page.Letters[i]
	}
	if page.More {
		cursor := page.Letters[len(page.Letters)-1].ID.String()
		reply.NextCursor = &cursor
	}
	var damages []string
	for _, d := range page.Damages {
		damages = append(damages, d.String())
	}
	reply.Damaged = strings.Join(damages, "; ")
	writeJSON(w, http.StatusOK, &reply)
}
