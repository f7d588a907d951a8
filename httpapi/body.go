package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/freshet-rec/freshet/codec"
)

// Bounds of a body.
const (
	maxRequestBytes = 1 << 20 // of a request that asks
	maxBatchBytes   = 8 << 20 // of events, items or users
	bodyTimeout     = 10 * time.Second
	drainTimeout    = time.Second // for reading on after a refusal
	spareBody       = 256 << 10   // the room of a batch that is kept for the next one, at most
)

// readBody reads a body of at most limit bytes into room, or answers why it cannot.
func (a *API) readBody(w http.ResponseWriter, r *http.Request, limit int64, room []byte) ([]byte, bool) {
	refuse := func(status int, code, detail string) ([]byte, bool) {
		// A client that is still sending would miss the reply when the connection closes, so a
		// little more is read; what is left then is not worth it.
		w.Header().Set("Connection", "close")
		if code == "too_large" && a.setDeadline(w, drainTimeout) {
			_, _ = io.CopyN(io.Discard, r.Body, limit) // whatever comes of it, the reply is the same
		}
		writeProblem(w, &problem{Status: status, Code: code, Detail: detail})
		return nil, false
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return refuse(http.StatusUnsupportedMediaType, "unsupported_encoding", "Content-Encoding "+quote(enc)+" is not available in this release; send the body as it is")
	}
	a.setDeadline(w, bodyTimeout) // a body that stops arriving ends then
	if r.ContentLength > limit {
		return refuse(http.StatusRequestEntityTooLarge, "too_large", tooLarge(limit))
	}
	// What was announced need not come: large bodies get room as they arrive.
	size := int64(4096)
	if r.ContentLength >= 0 {
		size = min(r.ContentLength+1, 64<<10)
	}
	body := room[:0]
	if int64(cap(body)) < size {
		body = make([]byte, 0, size)
	}
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return refuse(http.StatusRequestEntityTooLarge, "too_large", tooLarge(limit))
		case err == io.EOF:
			return body, true
		case errors.Is(err, os.ErrDeadlineExceeded):
			return refuse(http.StatusRequestTimeout, "timeout", "the body did not end within "+bodyTimeout.String())
		case err != nil:
			return refuse(http.StatusBadRequest, "malformed", "the body ended before its announced length")
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// readObject reads the one JSON object of a request that asks, or answers why it cannot.
func (a *API) readObject(w http.ResponseWriter, r *http.Request) ([]codec.Field, bool) {
	if _, ok := form(w, r); !ok {
		return nil, false
	}
	body, ok := a.readBody(w, r, maxRequestBytes, nil)
	if !ok {
		return nil, false
	}
	fields, err := codec.Object(body)
	var bad *codec.Malformed
	if errors.As(err, &bad) {
		writeMalformed(w, bad)
		return nil, false
	}
	return fields, true
}

// readBatch reads a body of events, items or users and waits until it may be decoded, or answers why
// it cannot. The caller calls release when it is done with what it decoded, and with the body: what is
// decoded shares no memory with it.
func (a *API) readBatch(w http.ResponseWriter, r *http.Request) (body []byte, f codec.Form, release func(), ok bool) {
	if f, ok = form(w, r); !ok {
		return nil, f, nil, false
	}
	spare, _ := a.bodies.Get().(*[]byte)
	if spare == nil {
		spare = new([]byte)
	}
	if body, ok = a.readBody(w, r, maxBatchBytes, *spare); !ok {
		return nil, f, nil, false
	}
	done, ok := a.room(w, r, len(body))
	return body, f, func() {
		done()
		if cap(body) <= spareBody {
			*spare = body
			a.bodies.Put(spare)
		}
	}, ok
}

// setDeadline ends reads of the body after d, and reports whether it can: a connection can, a
// recorder of a test cannot.
func (a *API) setDeadline(w http.ResponseWriter, d time.Duration) bool {
	err := http.NewResponseController(w).SetReadDeadline(a.Now().Add(d))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		a.Report("set the read deadline", err)
	}
	return err == nil
}

// maxDecoding bounds the bytes of bodies that are being decoded and admitted at once. What is
// made of a body may take ten times its size.
const maxDecoding = 32 << 20

// room waits until a body of n bytes may be decoded, or answers that the server is busy. The
// caller calls release when it is done with what it decoded.
func (a *API) room(w http.ResponseWriter, r *http.Request, n int) (release func(), ok bool) {
	if !a.decoding.TryAcquire(int64(n)) {
		ctx, cancel := context.WithTimeout(r.Context(), bodyTimeout)
		defer cancel()
		if err := a.decoding.Acquire(ctx, int64(n)); err != nil {
			a.writeError(w, err)
			return nil, false
		}
	}
	return func() { a.decoding.Release(int64(n)) }, true
}

func tooLarge(limit int64) string {
	return "the body is larger than " + byteSize(limit) + "; send it in parts"
}

func byteSize(n int64) string {
	if n >= 1<<20 {
		return itoa(n>>20) + " MiB"
	}
	return itoa(n>>10) + " KiB"
}

// form says how the body is to be read, or answers that its type is not accepted. No type,
// and the one that command-line tools send by default, count as JSON.
func form(w http.ResponseWriter, r *http.Request) (codec.Form, bool) {
	header := r.Header.Get("Content-Type")
	switch header { // most of them, without parsing
	case "", "application/json":
		return codec.JSON, true
	case "application/x-ndjson":
		return codec.NDJSON, true
	}
	media, _, err := mime.ParseMediaType(header)
	switch {
	case err != nil:
	case media == "application/x-ndjson", media == "application/ndjson", media == "application/jsonl":
		return codec.NDJSON, true
	case media == "application/json", media == "text/plain", media == "application/x-www-form-urlencoded",
		strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json") && !strings.Contains(media, "cloudevents"):
		return codec.JSON, true
	}
	writeProblem(w, &problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media",
		Detail: "Content-Type " + quote(header) + " is not accepted; use application/json or application/x-ndjson"})
	return 0, false
}
