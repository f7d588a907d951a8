package snapshot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"
)

// What follows reads a snapshot by docs/formats/snapshot.md and docs/formats/state.md alone, with
// none of the code that writes or reads one elsewhere. Whoever changes a byte of a snapshot has
// to change this reader, those documents, and fold.StateVersion.

// walker reads values one after the other.
type walker struct {
	t    *testing.T
	rest []byte
}

func (w *walker) take(n uint64) []byte {
	w.t.Helper()
	if n > uint64(len(w.rest)) {
		w.t.Fatalf("%d bytes are wanted and %d are left", n, len(w.rest))
	}
	b := w.rest[:n]
	w.rest = w.rest[n:]
	return b
}

func (w *walker) uint() uint64 {
	w.t.Helper()
	v, n := binary.Uvarint(w.rest)
	if n <= 0 {
		w.t.Fatalf("no uint: % x", w.rest[:min(12, len(w.rest))])
	}
	w.take(uint64(n))
	return v
}

func (w *walker) int() int64 {
	w.t.Helper()
	v := w.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (w *walker) word() uint64   { w.t.Helper(); return binary.LittleEndian.Uint64(w.take(8)) }
func (w *walker) float() float64 { w.t.Helper(); return math.Float64frombits(w.word()) }
func (w *walker) text() string   { w.t.Helper(); return string(w.take(w.uint())) }

func (w *walker) single() float32 {
	w.t.Helper()
	return math.Float32frombits(binary.LittleEndian.Uint32(w.take(4)))
}

func (w *walker) times(n int, each func()) {
	for range n {
		each()
	}
}

func (w *walker) bool() bool {
	w.t.Helper()
	b := w.take(1)[0]
	if b > 1 {
		w.t.Fatalf("a bool is %d", b)
	}
	return b == 1
}

// list reads a count and calls each so often.
func (w *walker) list(each func(i int)) int {
	w.t.Helper()
	n := w.uint()
	if n > uint64(len(w.rest)) {
		w.t.Fatalf("a count of %d in %d bytes", n, len(w.rest))
	}
	for i := range int(n) {
		each(i)
	}
	return int(n)
}

func (w *walker) texts() (texts []string) {
	w.t.Helper()
	w.list(func(int) { texts = append(texts, w.text()) })
	return texts
}

// numbered reads texts with numbers from 1; the text of number 0 is empty.
func (w *walker) numbered() []string { w.t.Helper(); return append([]string{""}, w.texts()...) }

// model reads one switch of a model.
func (w *walker) model() modelRead {
	w.t.Helper()
	m := modelRead{name: w.text(), version: w.int(), sha256: w.text(), by: w.text(), stage: w.text(), percent: w.float()}
	if w.bool() {
		m.guard = &guardRead{w.float(), w.float()}
	}
	m.code, m.reason = w.text(), w.text()
	return m
}

func (w *walker) end(what string) {
	w.t.Helper()
	if len(w.rest) > 0 {
		w.t.Fatalf("%s: %d bytes are left: % x", what, len(w.rest), w.rest[:min(40, len(w.rest))])
	}
}

// The definitions that the parts go by, in the words of the document.
type (
	shapeOfFeature struct {
		agg                   string // empty for a derived one
		key                   string // its parts, in their order, with spaces between them; empty for global
		window, hop, halfLife int64
	}
	shapeOfRoute struct {
		kind   string
		window int64
	}
	shape struct {
		maxFuture int64
		features  []shapeOfFeature
		routes    []shapeOfRoute // as they are written: the configured ones, then those added
	}
)

const (
	minute = int64(60_000)
	hour   = 60 * minute
	day    = 24 * hour
)

// The values of a part, by name.
type (
	itemRead struct {
		id, entry string
		since     int64
	}
	userRead struct {
		visitor uint64
		entry   string
	}
	// A state is written as its values with spaces between them, each list in brackets.
	cellRead struct {
		newest int64
		state  string
		tiles  map[int64]string // by place; of none in which there is nothing
	}
	featRead struct {
		cells map[string]cellRead // by the values of the key's parts, with bars between them
		waits []string            // the key and its time
	}
	groupRead struct {
		pairs                              [][3]uint64
		spentBefore, spent, evicted, letGo int64
		keys                               []string // the generation and the key
	}
	actRead struct {
		item uint64
		time int64
		name string
	}
	queryRead struct {
		text string
		time int64
	}
	seenRead struct {
		time    int64
		bought  bool
		refused int64 // since when, plus one; 0 for not
	}
	historyRead struct {
		recent, disliked []actRead
		queries          []queryRead
		seen             map[uint64]seenRead
	}
	windowRead struct {
		begun  bool
		newest int64
		tiles  []map[uint64]int64
	}
	bornRead struct {
		time int64
		item uint64
	}
	routeRead struct {
		landmark int64
		set      bool
		weights  []float64            // by item
		pairs    []map[uint64]float64 // by item
		windows  []windowRead
		list     []bornRead
	}
	lastRead struct {
		position uint64
		name     string
		newest   int64
	}
	modelRead struct {
		name    string
		version int64
		sha256  string
		by      string
		stage   string
		percent float64
		guard   *guardRead
		code    string
		reason  string
	}
	guardRead struct {
		drop, p99 float64
	}
	liveRead struct {
		modelRead
		since    uint64
		promoted bool
		past     []modelRead
	}
	nameRead struct {
		name                string
		count, late, joined uint64
		newest              int64
	}
	slateRead struct {
		counts [5]int64
		lacks  string
	}
	ledgerRead struct {
		visitor uint64
		places  []placeRead
	}
	placeRead struct {
		item, routes uint64
		clicked      bool
	}
	shownRead struct {
		visitor        uint64
		request, items string
		trial          uint64 // where its trial began, 0 for none
	}
	watchRead struct {
		last  int64
		given bool
		facts string
	}
	stateRead struct {
		items            []itemRead // by number
		visitors         []string   // by number
		users            []userRead // by visitor
		newest           int64
		attributes       map[string][]string
		values           map[string][][]string // by attribute and item
		features         []featRead
		groups           map[string]groupRead // by key
		histories        []historyRead
		routes           []routeRead
		acts             []lastRead
		models           [4]liveRead // of the slots: ranker, embedding, itemitem, challenger
		arms             [4]uint64
		names            []nameRead
		others, imported uint64
		lately           []slateRead
		ledger           []ledgerRead
		shownNext        uint64
		shown            []shownRead
		oneIn            uint64
		watched          []map[uint64]watchRead
	}
)

// sections are what the part "state" has behind the heads of its sections.
func sections(t *testing.T, data []byte) (all []byte) {
	t.Helper()
	w := &walker{t, data}
	w.list(func(int) {
		name, version, begun := w.text(), w.uint(), w.uint()
		if name == "" || version != 1 || begun != 0 {
			t.Errorf("section %q has version %d and begins at %d", name, version, begun)
		}
		all = append(all, w.take(w.word())...)
	})
	w.end("sections")
	return all
}

// state reads the part of that name, to its last byte.
func (s *shape) state(t *testing.T, data []byte) (r stateRead) {
	t.Helper()
	w := &walker{t, sections(t, data)}

	for _, id := range w.numbered() {
		r.items = append(r.items, itemRead{id: id})
	}
	for i := range r.items[1:] {
		item := &r.items[i+1]
		if item.since = w.int(); w.bool() {
			item.entry = w.text()
		}
	}
	r.visitors = w.numbered()
	w.list(func(int) { r.users = append(r.users, userRead{w.uint(), w.text()}) })
	r.newest = w.int()

	if newest := w.int(); newest != r.newest {
		t.Errorf("the features' newest time is %d, the state's %d", newest, r.newest)
	}
	r.attributes, r.values = map[string][]string{}, map[string][][]string{}
	var names []string
	for _, of := range []string{"item.", "user."} {
		var some []string
		for _, f := range s.features {
			for _, part := range strings.Fields(f.key) {
				if strings.HasPrefix(part, of) && !slices.Contains(some, part) {
					some = append(some, part)
				}
			}
		}
		slices.Sort(some)
		names = append(names, some...)
	}
	for _, name := range names {
		texts := w.numbered()
		var values [][]string
		w.list(func(int) {
			var list []string
			w.list(func(int) { list = append(list, texts[w.uint()]) })
			values = append(values, list)
		})
		r.attributes[name], r.values[name] = texts, values
	}
	r.features, r.groups = make([]featRead, len(s.features)), map[string]groupRead{}
	for i := range s.features {
		if _, done := r.groups[s.features[i].key]; !done && s.features[i].agg != "" {
			r.groups[s.features[i].key] = s.group(w, &r, s.features[i].key)
		}
	}

	w.list(func(int) {
		h := historyRead{seen: map[uint64]seenRead{}}
		w.list(func(int) { h.recent = append(h.recent, actRead{w.uint(), w.int(), w.text()}) })
		w.list(func(int) { h.disliked = append(h.disliked, actRead{w.uint(), w.int(), w.text()}) })
		w.list(func(int) { h.queries = append(h.queries, queryRead{w.text(), w.int()}) })
		w.list(func(int) {
			item, seen := w.uint(), seenRead{time: w.int(), bought: w.bool()}
			if w.bool() {
				seen.refused = w.int() + 1
			}
			h.seen[item] = seen
		})
		r.histories = append(r.histories, h)
	})
	for _, route := range s.routes {
		r.routes = append(r.routes, s.route(w, route))
	}
	w.list(func(int) { r.acts = append(r.acts, lastRead{w.uint(), w.text(), w.int()}) })
	for i := range r.models {
		r.models[i] = liveRead{modelRead: w.model(), since: w.uint(), promoted: w.bool()}
		w.list(func(int) { r.models[i].past = append(r.models[i].past, w.model()) })
	}
	for i := range r.arms {
		r.arms[i] = w.uint()
	}
	w.list(func(int) { r.names = append(r.names, nameRead{w.text(), w.uint(), w.uint(), w.uint(), w.int()}) })
	r.others, r.imported = w.uint(), w.uint()
	w.list(func(int) {
		slate := slateRead{counts: [5]int64{w.int(), w.int(), w.int(), w.int(), w.int()}}
		slate.lacks = strings.Join(w.texts(), " ")
		r.lately = append(r.lately, slate)
	})
	w.list(func(int) {
		slate := ledgerRead{visitor: w.uint()}
		w.list(func(int) { slate.places = append(slate.places, placeRead{w.uint(), w.uint(), w.bool()}) })
		r.ledger = append(r.ledger, slate)
	})
	n := w.uint()
	r.shownNext = w.uint()
	for range n {
		r.shown = append(r.shown, shownRead{w.uint(), w.text(), strings.Join(w.texts(), " "), w.uint()})
	}

	r.oneIn = w.uint()
	if newest := w.int(); newest != r.newest {
		t.Errorf("the watched events' newest time is %d, the state's %d", newest, r.newest)
	}
	for i := range s.features {
		ordered := s.features[i].agg == "last" || s.features[i].agg == "last_k"
		keys := map[uint64]watchRead{}
		w.list(func(int) {
			key := w.word()
			k := watchRead{last: w.int(), given: w.bool()}
			w.list(func(int) {
				time, value, is := w.int(), w.word(), w.uint()
				if s.features[i].agg == "distinct" {
					k.facts += fmt.Sprintf("%d:%#x:%d ", time, value, is)
				} else {
					k.facts += fmt.Sprintf("%d:%g:%d ", time, math.Float64frombits(value), is)
				}
				if ordered {
					k.facts += fmt.Sprintf("%d:%s:%s:%q ", w.uint(), w.text(), w.text(), w.text())
				}
			})
			keys[key] = k
		})
		r.watched = append(r.watched, keys)
	}
	w.end("state")
	return r
}

func (s *shape) tiles(f *shapeOfFeature) int64 {
	return f.window/f.hop + (s.maxFuture+f.hop-1)/f.hop + 1
}

// group reads what the features of one key have.
func (s *shape) group(w *walker, state *stateRead, key string) (r groupRead) {
	w.t.Helper()
	parts := strings.Fields(key)
	texts := make([][]string, len(parts)) // by part and number
	for i, part := range parts {
		switch {
		case part == "user":
			texts[i] = state.visitors
		case part == "item":
			for _, item := range state.items {
				texts[i] = append(texts[i], item.id)
			}
		case strings.HasPrefix(part, "context."):
			texts[i] = w.numbered()
		default:
			texts[i] = state.attributes[part]
		}
	}
	w.list(func(int) { r.pairs = append(r.pairs, [3]uint64{w.uint(), w.uint(), w.uint()}) })
	nameOf := func(key uint64) string {
		if len(parts) == 0 {
			return ""
		}
		name, number := "", key
		if len(parts) > 1 {
			name, number = texts[0][key>>32]+"|", key&(1<<32-1)
		}
		for i := 1; i < len(parts)-1; i++ {
			pair := r.pairs[number-1]
			if pair[0] != uint64(i) {
				w.t.Errorf("the pair %v is of another part than %d", pair, i)
			}
			name, number = name+texts[i][pair[1]]+"|", pair[2]
		}
		return name + texts[len(parts)-1][number]
	}
	r.spentBefore, r.spent, r.evicted, r.letGo = w.int(), w.int(), w.int(), w.int()
	var features []int
	for i, f := range s.features {
		if f.agg != "" && f.key == key {
			features = append(features, i)
			state.features[i].cells = map[string]cellRead{}
		}
	}
	before := int64(math.MinInt64)
	w.list(func(int) {
		generation := w.int()
		if generation <= before {
			w.t.Errorf("generation %d after %d", generation, before)
		}
		before = generation
		keys := w.list(func(int) {
			name, some := nameOf(w.uint()), false
			r.keys = append(r.keys, fmt.Sprintf("%d:%s", generation, name))
			for _, i := range features {
				if w.bool() {
					cell := s.cell(w, &s.features[i])
					if cell.newest < 0 || cell.newest > state.newest {
						w.t.Errorf("feature %d has an event at %d", i, cell.newest)
					}
					state.features[i].cells[name] = cell
					some = true
				}
			}
			if !some {
				w.t.Errorf("the key %q has nothing", name)
			}
		})
		if keys == 0 {
			w.t.Errorf("generation %d is empty", generation)
		}
	})
	for _, i := range features {
		n := w.list(func(int) {
			state.features[i].waits = append(state.features[i].waits, fmt.Sprintf("%s:%d", nameOf(w.uint()), w.int()))
		})
		if n > 0 && s.features[i].agg != "decayed_sum" {
			w.t.Errorf("feature %d, a %s, waits", i, s.features[i].agg)
		}
	}
	return r
}

// cell reads one that is not empty.
func (s *shape) cell(w *walker, f *shapeOfFeature) cellRead {
	w.t.Helper()
	r := cellRead{newest: int64(w.uint() - 1)}
	switch {
	case f.agg == "decayed_sum" && s.maxFuture <= 16*f.halfLife:
		r.state = fmt.Sprint(w.uint(), " ", math.Float64frombits(w.uint()), " ", math.Float64frombits(w.uint()))
		if w.bool() {
			var list []string
			w.list(func(int) { list = append(list, fmt.Sprint(w.int(), " ", w.float())) })
			r.state += fmt.Sprint(" ", list)
		}
	case f.agg == "decayed_sum":
		r.state = fmt.Sprint(w.uint(), " ", math.Float64frombits(w.uint()), " ", w.uint(), " ", math.Float64frombits(w.uint()))
		var list []string
		w.list(func(int) { list = append(list, fmt.Sprint(w.uint(), " ", math.Float64frombits(w.uint()))) })
		r.state += fmt.Sprint(" ", list)
	case f.window > 0 && (f.agg == "count" || f.agg == "rate"):
		lanes, tiles := 1, int(s.tiles(f))
		if f.agg == "rate" {
			lanes = 2
		}
		counts := make([][]string, tiles)
		some := make([]bool, tiles)
		wide := w.bool()
		for range lanes {
			var word uint64
			for at := range tiles {
				var n uint64
				if wide {
					n = w.uint()
				} else {
					if at%8 == 0 {
						word = w.uint()
					}
					n, word = word&255, word>>8
				}
				counts[at] = append(counts[at], fmt.Sprint(n))
				some[at] = some[at] || n > 0
			}
			if word != 0 {
				w.t.Errorf("there is something behind the last tile: %x", word)
			}
		}
		r.tiles = map[int64]string{}
		for at := range tiles {
			if some[at] {
				r.tiles[int64(at)] = strings.Join(counts[at], " ")
			}
		}
	case f.window > 0:
		r.tiles = map[int64]string{}
		for at := range s.tiles(f) {
			if w.bool() {
				r.tiles[at] = s.aggregate(w, f)
			}
		}
	case f.agg == "last_time" || f.agg == "age":
		r.state = fmt.Sprint(w.uint())
	default:
		r.state = s.aggregate(w, f)
	}
	return r
}

// aggregate reads a state.
func (s *shape) aggregate(w *walker, f *shapeOfFeature) string {
	w.t.Helper()
	if f.agg == "last_k" {
		var list []string
		w.list(func(int) { list = append(list, fmt.Sprintf("%d %d %s", w.int(), w.uint(), w.text())) })
		return fmt.Sprint(list)
	}
	events := w.uint()
	switch f.agg {
	case "count":
		return fmt.Sprint(events)
	case "rate", "last_time", "age":
		return fmt.Sprint(events, w.uint())
	case "sum", "mean":
		return fmt.Sprint(events, int64(w.uint()))
	case "min", "max":
		ordered := w.uint()
		x := math.Float64frombits(^ordered)
		if ordered>>63 == 1 {
			x = math.Float64frombits(ordered - 1<<63)
		}
		if f.agg == "min" {
			x = -x
		}
		return fmt.Sprint(events, x)
	case "last":
		text := fmt.Sprintf("%d %d %d %s ", events, w.int(), w.uint(), w.text())
		if w.bool() {
			return text + fmt.Sprintf("%q", w.text())
		}
		return text + fmt.Sprint(w.float())
	case "distinct":
		n := w.uint()
		text := fmt.Sprint(events, n)
		words := n
		if n > 128 {
			words = 256
		}
		if n > 129 {
			w.t.Fatalf("%d different values", n)
		}
		last := uint64(0)
		for i := range words {
			word := w.word()
			if n <= 128 {
				if i > 0 && word <= last {
					w.t.Errorf("the hash %x after %x", word, last)
				}
				text += fmt.Sprintf(" %#x", word)
			}
			last = word
		}
		return text
	}
	w.t.Fatalf("no aggregate %q", f.agg)
	return ""
}

func (s *shape) route(w *walker, route shapeOfRoute) (r routeRead) {
	w.t.Helper()
	switch route.kind {
	case "itemcf":
		r.landmark, r.set = w.int(), w.bool()
		_, _, _ = w.int(), w.int(), w.int() // the newest time, and how far the clock is behind
		w.bool()
		_, _ = w.float(), w.float() // all acts, and one at the newest time
		w.list(func(int) {
			r.weights = append(r.weights, w.float())
			_, _ = w.bool(), w.single() // used, floor
			pairs := map[uint64]float64{}
			w.list(func(int) { pairs[w.uint()] = float64(w.single()) })
			r.pairs = append(r.pairs, pairs)
			w.int()
			w.bool()
			w.times(4, func() { w.float() })
			w.list(func(int) {
				w.uint()
				w.int()
				w.float()
				w.times(4, func() { w.single() })
			})
		})
		w.bool()
		w.list(func(int) { _, _ = w.uint(), w.single() })
		_, _ = w.uint(), w.uint()
		w.int()
		w.times(6, func() { w.float() })
		w.list(func(int) {
			w.int()
			w.times(6, func() { w.single() })
		})
		w.times(6, func() { w.list(func(int) { _, _ = w.uint(), w.float() }) })
		w.int()
		w.times(7+48*18, func() { w.float() })
		w.list(func(int) {
			_, _ = w.uint(), w.int()
			w.list(func(int) { w.uint() })
		})
	case "session":
		w.uint()
		w.list(func(int) {
			_, _, _ = w.uint(), w.int(), w.bool()
			w.list(func(int) { w.uint() })
		})
		w.list(func(int) { w.list(func(int) { w.uint() }) })
	case "popular":
		r.landmark, r.set = w.int(), w.bool()
		w.list(func(int) { r.weights = append(r.weights, w.float()) })
		longest := int64(0)
		for _, length := range []int64{route.window, day, 7 * day} {
			if length <= longest {
				continue
			}
			longest = length
			hop := max(1, length/60)
			one := windowRead{begun: w.bool(), newest: w.int()}
			places := w.list(func(int) {
				tile := map[uint64]int64{}
				w.list(func(int) { tile[w.uint()] = w.int() })
				one.tiles = append(one.tiles, tile)
			})
			if want := 60 + (s.maxFuture+hop-1)/hop + 1; int64(places) != want {
				w.t.Fatalf("a window of %d ms has %d tiles instead of %d", length, places, want)
			}
			r.windows = append(r.windows, one)
		}
	case "new":
		w.list(func(int) { r.list = append(r.list, bornRead{w.int(), w.uint()}) })
	}
	return r
}

type (
	sourceRead struct {
		begun     bool
		watermark int64
		lines     map[uint64][]uint64
	}
	idRead struct {
		hash  string
		print uint64
		step  int64
	}
	admissionRead struct {
		applied     uint64
		sources     map[string]sourceRead
		step        int64
		evicted     uint64
		ids         []idRead
		counts      [4]uint64
		definitions string
	}
)

// admission reads the part of that name, to its last byte.
func admission(t *testing.T, data []byte) (r admissionRead) {
	t.Helper()
	w := &walker{t, data}
	r.applied, r.sources = w.uint(), map[string]sourceRead{}
	w.list(func(int) {
		name := w.text()
		source := sourceRead{begun: w.bool(), watermark: w.int(), lines: map[uint64][]uint64{}}
		w.list(func(int) {
			file := w.uint()
			w.list(func(int) { source.lines[file] = append(source.lines[file], w.word()) })
		})
		r.sources[name] = source
	})
	r.step, r.evicted = w.int(), w.uint()
	w.list(func(int) { r.ids = append(r.ids, idRead{string(w.take(16)), w.word(), w.int()}) })
	for i := range r.counts {
		r.counts[i] = w.uint()
	}
	r.definitions = w.text()
	w.end("admission")
	return r
}

// parts reads a file by docs/formats/snapshot.md.
func parts(t *testing.T, text []byte) (position uint64, parts map[string][]byte) {
	t.Helper()
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	le := binary.LittleEndian
	end := len(text) - 32
	if sum := sha256.Sum256(text[:end]); !bytes.Equal(sum[:], text[end:]) {
		t.Fatal("the sum of the file does not fit")
	}
	if string(text[:8]) != "\xD3\xF2\xFE\xA7snap" || le.Uint32(text[8:]) != 1 || le.Uint32(text[96:]) != crc32.Checksum(text[:96], castagnoli) {
		t.Fatalf("a head of % x", text[:100])
	}
	position, parts = le.Uint64(text[16:]), map[string][]byte{}
	at := 100
	for range le.Uint32(text[12:]) {
		head := text[at : at+16]
		n, m := int(le.Uint32(head)), int(le.Uint64(head[4:]))
		body := text[at+16 : at+16+n+m]
		if le.Uint32(head[12:]) != crc32.Checksum(slices.Concat(head[:12], body), castagnoli) {
			t.Fatalf("the checksum of the part at %d does not fit", at)
		}
		parts[string(body[:n])] = body[n:]
		at += 16 + n + m
	}
	if at != end || len(parts) != 2 {
		t.Fatalf("%d parts end at %d of %d", len(parts), at, end)
	}
	return position, parts
}

// fingerprint is that of an event, of its canonical form.
func fingerprint(canonical string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, c := range []byte(canonical) {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// watchKey is the key of watched events of the feature at a place, from 0.
func watchKey(place int, values ...uint64) uint64 {
	h := finalized(uint64(place) + 1)
	for _, value := range values {
		h = finalized(h + value*0x9e3779b97f4a7c15)
	}
	return h
}

// watchHash is that of the text of a value.
func watchHash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return finalized(h.Sum64())
}

func finalized(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
