package serve

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/stream"
)

// Options configure a Server.
type Options struct {
	Stream    *stream.Stream
	State     *fold.State // what Stream folds
	Now       func() time.Time
	NewID     func() string // makes request ids
	Kinds     freshet.EventKinds
	MaxFuture freshet.Duration // how far behind the newest event a slate may be asked for
	Routes    []Route          // in the order of State.Routes
	Scenes    map[string]Scene
	Disk      fsys.FS                     // the data directory, where trained models are; nil is none
	Shelf     *registry.Shelf             // what State looks into for the models that routes go by; nil is none
	Rankers   []string                    // kinds of models that may rank, the first choice first; nil is any
	Report    func(msg string, err error) // told of trouble that no reply can carry
	Stopwatch func() time.Duration        // how long something has gone on, whatever the clock says; nil is by Now
}

// Route is what serving knows of a recall route.
type Route struct {
	Name   string
	Kind   string
	N      int              // proposals asked for, at most
	Budget freshet.Duration // time it may take once it runs

	Outside Outside // who is asked; nil for routes in memory
	Slots   int     // of Outside: calls under way at once; 0 is DefaultSlots
}

// Scene is a place where slates are shown.
type Scene struct {
	Routes  []string         // by name; nil is all
	Budget  freshet.Duration // for a whole request, unless it names its own
	Explore float64          // share of the places that is kept for routes that explore, 0 to 1
}

// Server answers requests. Use New and Close.
type Server struct {
	Options
	routes     map[string]int
	troubles   []trouble        // by route
	outside    []*outside       // by route; nil for routes in memory
	scenes     map[string][]int // the routes of each scene
	explorers  map[string]bool  // routes that explore
	fallback   atomic.Pointer[fallbackList]
	bundles    sync.Map                           // *registry.Bundle by checksum: those that may rank here
	spares     atomic.Pointer[[]*registry.Bundle] // that rank when the one that is live cannot, the first choice first
	gating     sync.Mutex                         // held while models are read, put to gates and let go of; taken before switching
	publishing sync.Mutex                         // held while a publication is put into order and journaled; taken before switching
	switching  sync.Mutex                         // held while the journal is told of a switch or a publication; nothing slow is done meanwhile
	untidy     atomic.Bool                        // there may be bundles to let go of
	missing    missing
	rankings   rankings
	updated    atomic.Pointer[updated] // what ranks with a publication: the one used last, or that before upcoming
	upcoming   atomic.Pointer[updated] // the one prepared last
	watch      watched
	sampling   *sampling
	trial      *trial
	reads      atomic.Pointer[featureReads]
	stop       chan struct{}
	wg         sync.WaitGroup
	closing    sync.Mutex // guards closed, and that nothing is added to wg after it
	closed     bool
}

// fallbackItems is how many popular items are kept at hand for when every route is late;
// fallbackEvery is how old they may be.
const (
	fallbackItems = 2000
	fallbackEvery = time.Second
)

// fallbackList is what is popular, or failing that newest, for everyone, as of a position.
type fallbackList struct {
	items    []uint32 // best first
	position freshet.Position
	time     int64 // q

	// The same for when the state cannot be read; nil in a replay, where it can.
	ids  []freshet.ItemID
	docs []*freshet.Item
}

// New returns a Server over a started Stream. It runs two goroutines, and another when routes search an index, until Close.
func New(o Options) (*Server, error) {
	s := newServer(o)
	s.stop = make(chan struct{})
	for i, r := range o.Routes {
		if r.Outside != nil {
			slots := r.Slots
			if slots == 0 {
				slots = DefaultSlots
			}
			s.outside[i] = &outside{server: s, at: i, slots: make(chan struct{}, slots)}
		}
	}
	for name, scene := range o.Scenes {
		routes := []int{}
		for _, r := range scene.Routes {
			at, ok := s.routes[r]
			if !ok {
				return nil, fmt.Errorf("scene %q names the unknown route %q", name, r)
			}
			routes = append(routes, at)
		}
		if scene.Routes == nil {
			for i := range o.Routes {
				routes = append(routes, i)
			}
		}
		s.scenes[name] = routes
	}
	s.fallback.Store(&fallbackList{})
	s.refreshFallback()
	if s.sampling = newSampling(s); len(s.sampling.routes) > 0 {
		s.wg.Go(s.sampleOn)
	}
	if s.State.Learns() {
		s.wg.Go(s.publishOn)
	}
	s.wg.Go(s.watchOn)
	s.wg.Go(func() {
		ticker := time.NewTicker(fallbackEvery)
		defer ticker.Stop()
		var at freshet.Position
		for {
			select {
			case <-s.stop:
				return
			case <-ticker.C:
				s.watchHeld()
				s.seek()
				if applied := s.Stream.Applied(); applied != at {
					at = applied
					s.refreshFallback()
				}
			}
		}
	})
	return s, nil
}

// newServer returns a Server that knows its routes and does nothing by itself.
func newServer(o Options) *Server {
	s := &Server{Options: o, routes: map[string]int{}, scenes: map[string][]int{}, troubles: make([]trouble, len(o.Routes)), outside: make([]*outside, len(o.Routes)), explorers: explorers(o.Routes), trial: newTrial()}
	if s.Stopwatch == nil {
		s.Stopwatch = func() time.Duration { return s.Now().Sub(time.UnixMilli(0)) }
	}
	for i, r := range o.Routes {
		s.routes[r.Name] = i
	}
	return s
}

// Close stops the server's own work and waits for the calls of routes outside, which have ended
// when their time is up. Requests in flight finish.
func (s *Server) Close() {
	s.closing.Lock()
	was := s.closed
	s.closed = true
	s.closing.Unlock()
	if was {
		return
	}
	close(s.stop)
	s.wg.Wait()
	for _, o := range s.outside {
		if o != nil {
			o.calls.Wait()
		}
	}
}

// begin has Close wait until wg.Done, and reports whether it is not too late for that.
func (s *Server) begin() bool {
	s.closing.Lock()
	defer s.closing.Unlock()
	if !s.closed {
		s.wg.Add(1)
	}
	return !s.closed
}

// refreshFallback keeps a list of what is popular, or failing that newest, for everyone.
func (s *Server) refreshFallback() {
	s.Stream.ViewWithin(fallbackEvery, func(p freshet.Position) {
		list := s.listFallback(p, s.time(0))
		for _, item := range list.items {
			list.ids = append(list.ids, s.State.Items.ID(item))
			list.docs = append(list.docs, s.State.Items.Entry(item))
		}
		s.fallback.Store(list)
	})
}

// listFallback makes the list from the state as it stands, at position p, for time q.
func (s *Server) listFallback(p freshet.Position, q int64) *fallbackList {
	list := &fallbackList{position: p, time: q}
	taken := map[uint32]bool{}
	req := &recall.Request{Time: q, Newest: s.State.Newest, Skip: func(item uint32) bool {
		return taken[item] || !s.State.Items.Available(item)
	}}
	for _, route := range s.State.Fallback {
		proposals, err := route.Recall(context.Background(), req, fallbackItems-len(list.items))
		if err != nil {
			s.Report("fallback list: recall "+route.Name(), err)
			continue
		}
		for _, p := range proposals {
			taken[p.Item] = true
			list.items = append(list.items, p.Item)
		}
	}
	return list
}

// time is q: the time asked for, else now, which a clock behind the newest event by more
// than the allowed future does not turn back further.
func (s *Server) time(at int64) int64 {
	if at != 0 {
		return at
	}
	return max(s.Now().UnixMilli(), s.State.Newest-int64(s.MaxFuture))
}

// Begun are the parts of the state that begin later than the journal did.
func (s *Server) Begun() (list []fold.Begun) {
	s.Stream.View(func(freshet.Position) { list = s.State.Begun() })
	return list
}

// Sizes are how much the state holds.
type Sizes struct {
	Items, Known, Visitors, Users int
	FeatureSizes
}

// Sizes returns how much the state holds now.
func (s *Server) Sizes() (sizes Sizes) {
	s.Stream.View(func(freshet.Position) {
		sizes = Sizes{s.State.Items.Len() - 1, s.State.Items.Known(), s.State.Visitors.Len() - 1, s.State.Users.Len(), sizesOf(s.State.Features)}
	})
	return sizes
}
