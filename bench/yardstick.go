package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// The paths of the yardstick.
const (
	pathRead   = "/read"   // read the body, answer as events are answered
	pathCommit = "/commit" // read it, make it durable, answer
	pathParse  = "/parse"  // read it, parse it as events, answer
	pathSlate  = "/slate"  // read it, answer with as many bytes as a slate
)

// closeTimeout is how long requests under way may take when the yardstick is closed.
const closeTimeout = 10 * time.Second

// eventsReply has the size of a reply to events.
var eventsReply = []byte(`{"accepted":1000,"duplicate":0,"refused":0,"late":0,"position":"1000000","errors":[]}` + "\n")

// yardstick is an HTTP server that does the least that each kind of request needs. Use
// newYardstick and close.
type yardstick struct {
	url    string
	now    func() time.Time
	kinds  freshet.EventKinds
	slate  []byte // a reply with a slate
	bodies sync.Pool
	disk   *committer
	server *http.Server
	served chan error

	mu      sync.Mutex // guards commits
	commits []time.Duration
}

// newYardstick starts it on a loopback address of its own. It takes disk over.
func newYardstick(ctx context.Context, o *Options, slate []byte, disk *committer) (*yardstick, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, disk.close())
	}
	y := &yardstick{url: "http://" + listener.Addr().String(), now: o.Now, kinds: o.Kinds, slate: slate, disk: disk, served: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathRead, y.handle(func([]byte) ([]byte, error) { return eventsReply, nil }))
	mux.HandleFunc("POST "+pathCommit, y.handle(y.commit))
	mux.HandleFunc("POST "+pathParse, y.handle(y.parse))
	mux.HandleFunc("POST "+pathSlate, y.handle(func([]byte) ([]byte, error) { return y.slate, nil }))
	y.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { y.served <- y.server.Serve(listener) }()
	return y, nil
}

func (y *yardstick) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := y.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, y.server.Close())
	}
	if served := <-y.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, y.disk.close())
}

// handle reads a body of stated length and answers with what answer returns.
func (y *yardstick) handle(answer func(body []byte) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 || r.ContentLength > maxReplyBytes {
			http.Error(w, "the body must have a length", http.StatusLengthRequired)
			return
		}
		space, _ := y.bodies.Get().(*[]byte)
		if space == nil {
			space = new([]byte)
		}
		defer y.bodies.Put(space)
		if int64(cap(*space)) < r.ContentLength {
			*space = make([]byte, r.ContentLength)
		}
		body := (*space)[:r.ContentLength]
		if _, err := io.ReadFull(r.Body, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply, err := answer(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", mediaJSON)
		w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
		_, _ = w.Write(reply) // the client has gone: nobody is left to tell
	}
}

// commit makes a body durable and notes how long that took.
func (y *yardstick) commit(body []byte) ([]byte, error) {
	began := y.now()
	if err := y.disk.commit(body); err != nil {
		return nil, err
	}
	lasted := y.now().Sub(began)
	y.mu.Lock()
	y.commits = append(y.commits, lasted)
	y.mu.Unlock()
	return eventsReply, nil
}

// tookCommits returns how long the commits took since the last call.
func (y *yardstick) tookCommits() took {
	y.mu.Lock()
	defer y.mu.Unlock()
	all := sorted(y.commits)
	y.commits = y.commits[:0]
	return all
}

// parse reads a body of NDJSON as the server does, and no more.
func (y *yardstick) parse(body []byte) ([]byte, error) {
	batch, err := codec.DecodeEvents(body, codec.NDJSON, &codec.Rules{Kinds: y.kinds, Now: y.now().UnixMilli()})
	if err == nil && batch.Refused > 0 {
		err = fmt.Errorf("%d events were refused: %s", batch.Refused, batch.Problems[0].Message)
	}
	return eventsReply, err
}
