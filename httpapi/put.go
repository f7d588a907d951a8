package httpapi

import (
	"errors"
	"net/http"
	"slices"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/stream"
)

// putBody reads the one document that is put under the id of the path, or answers why it cannot.
// The body may leave the id, its field idName, out; when it has one it must be that of the path.
func putBody[T any](a *API, w http.ResponseWriter, r *http.Request, idName string, decode func([]byte) (T, []codec.Problem)) (doc T, ok bool) {
	if !noParameters(w, r) {
		return doc, false
	}
	if _, ok := form(w, r); !ok {
		return doc, false
	}
	body, ok := a.readBody(w, r, maxRequestBytes, nil)
	if !ok {
		return doc, false
	}
	id := r.PathValue("id")
	fields, err := codec.Object(body)
	var bad *codec.Malformed
	if errors.As(err, &bad) && bad.Code == codec.CodeMalformed {
		writeMalformed(w, bad)
		return doc, false
	}
	named := false
	for _, f := range fields {
		if f.Name == idName && !f.IsNull() {
			named = true
			if got, err := f.String(); err == nil && got != id {
				writeFaults(w, []fault{{Pointer: "/" + idName, Code: "id_conflict", Message: idName + " is " + quote(got) + ", the path says " + quote(id), Hint: "leave " + idName + " out or make the two equal"}})
				return doc, false
			}
		}
	}
	if !named && err == nil {
		body = withID(body, fields, idName, id)
	}
	doc, problems := decode(body)
	if err != nil { // the id could not be put in; it is not missing, it is in the path
		problems = slices.DeleteFunc(problems, func(p codec.Problem) bool { return p.Code == "missing:"+idName })
	}
	switch {
	case len(problems) > 0:
		a.writeOutcome(w, 1, problems, stream.Outcome{})
		return doc, false
	case err != nil:
		writeMalformed(w, bad)
		return doc, false
	}
	return doc, true
}

// withID writes the object again with the id in front, and without a null one.
func withID(body []byte, fields []codec.Field, idName, id string) []byte {
	out := codec.AppendText([]byte(`{"`+idName+`":`), id)
	for _, f := range fields {
		if f.Name == idName {
			continue
		}
		out = append(out, ',')
		out = codec.AppendText(out, f.Name)
		out = append(out, ':')
		out = append(out, f.Raw...)
	}
	return append(out, '}')
}
