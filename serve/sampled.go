package serve

import (
	"hash/fnv"
	"sync"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// A route that searches an index may miss what is nearest. Of some requests its search is made once
// more, after the reply and beside requests, in the index and in all vectors, and the share that the
// index finds is kept. Nothing is skipped in either, since what may be shown is no question to an index.

// sampleOneIn is how many requests there are to one whose searches are looked at, by a hash of the
// request's id. sampleRest is how many times as long as a look took the next one waits, so that all of
// it takes a twentieth of a processor at most; requests that come meanwhile are not looked at.
const (
	sampleOneIn = 64
	sampleRest  = 19
	longestLook = time.Minute // whatever the clock says
)

// Sampled is what was found of the nearest vectors, over the queries of a route that were looked at
// since the start.
type Sampled struct {
	Route   string
	N       int     // nearest vectors asked for
	Queries uint64  // looked at
	Mean    float64 // RecallAt(N), 0 before the first
	Least   float64
}

// querier is a route that searches an index.
type querier interface {
	recall.Route
	Query(req *recall.Request) (*recall.Vectors, []float32)
}

// sampling looks at searches.
type sampling struct {
	routes []int // that are queriers
	asked  chan *recall.Request

	mu    sync.Mutex // guards what follows
	found []Sampled  // by route of routes
	sums  []float64
}

// newSampling finds the routes that search an index.
func newSampling(s *Server) *sampling {
	m := &sampling{asked: make(chan *recall.Request, 1)}
	for i, route := range s.State.Routes {
		if _, ok := route.(querier); ok {
			m.routes = append(m.routes, i)
			m.found = append(m.found, Sampled{Route: s.Routes[i].Name, N: s.Routes[i].N})
		}
	}
	m.sums = make([]float64, len(m.routes))
	return m
}

// note keeps a request that is one of those looked at, unless another one is being looked at.
func (m *sampling) note(id string, req *recall.Request) {
	if len(m.routes) == 0 {
		return
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	if mixed(h.Sum64())%sampleOneIn != 0 {
		return
	}
	kept := *req
	kept.Skip = nil
	select {
	case m.asked <- &kept:
	default:
	}
}

// mixed spreads a hash over its low bits.
func mixed(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	return h ^ h>>33
}

// sampleOn looks at requests until the server closes.
func (s *Server) sampleOn() {
	for {
		select {
		case <-s.stop:
			return
		case req := <-s.sampling.asked:
			began := s.Now()
			s.look(req)
			rest := time.NewTimer(sampleRest * min(max(0, s.Now().Sub(began)), longestLook))
			select {
			case <-s.stop:
				rest.Stop()
				return
			case <-rest.C:
			}
		}
	}
}

// look searches once more for what a request searched for.
func (s *Server) look(req *recall.Request) {
	m := s.sampling
	for k, i := range m.routes {
		route, ok := s.State.Routes[i].(querier)
		if !ok {
			continue
		}
		var model *recall.Vectors
		var user []float32
		s.Stream.View(func(freshet.Position) { model, user = route.Query(req) })
		if model == nil {
			continue
		}
		n := min(m.found[k].N, model.Index.Len())
		if n == 0 {
			continue
		}
		share := recall.Found(model.Index.Search(nil, user, n, nil), model.Nearest(user, n))
		m.mu.Lock()
		f := &m.found[k]
		if f.Queries == 0 || share < f.Least {
			f.Least = share
		}
		f.Queries++
		m.sums[k] += share
		f.Mean = m.sums[k] / float64(f.Queries)
		m.mu.Unlock()
	}
}

// Sampled returns what was found so far, by route in configured order.
func (s *Server) Sampled() []Sampled {
	s.sampling.mu.Lock()
	defer s.sampling.mu.Unlock()
	return append([]Sampled(nil), s.sampling.found...)
}
