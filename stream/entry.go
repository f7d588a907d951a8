package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/journal"
)

// Entry is one journal record, decoded. Exactly one of Event, Item, User, Definitions,
// Served, Model, Weights and Clock is set.
type Entry struct {
	Position    freshet.Position
	Topic       string
	Source      string
	Received    int64 // Unix ms
	Late        bool  // journaled, but in no feature, table or history
	Event       *freshet.Event
	Item        *freshet.Item
	User        *freshet.User
	Definitions []byte // JSON
	Served      []byte // JSON
	Model       []byte // JSON: which model ranks from here on
	Weights     []byte // JSON: what is thought of the weights learned online, and published of them
	Clock       *Clock

	arrived time.Time     // when a live event came in; zero in a replay
	done    chan struct{} // gets a token when it is applied, or when whoever waits should look again; nil when nobody does
}

// event makes e, which is zero or held an event, the entry of another. What entries of events never
// have is not written over: that is most of an Entry.
func (e *Entry) event(topic, source string, received int64, event *freshet.Event, arrived time.Time) {
	e.Position, e.Topic, e.Source, e.Received, e.Late, e.Event = 0, topic, source, received, false, event
	e.arrived, e.done = arrived, nil
}

// Clock is the decision that a source's watermark was ahead of the time.
type Clock struct {
	Of        string `json:"source"`
	Watermark int64  `json:"watermark_ms"` // from here on
	Was       int64  `json:"was_ms"`
}

// ErrUndecodable says that a record whose checksum is right does not hold what its topic says.
var ErrUndecodable = errors.New("a record does not decode")

// Decode reads a record back. Records passed every check when they were written, so the
// rules here refuse nothing for its age, name or signal. The error wraps ErrUndecodable, also when
// decoding panicked, or journal.ErrNewerFormat.
func Decode(rec *journal.Record) (e Entry, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%w: %s of topic %q: decoding it panicked: %v", ErrUndecodable, rec.Position, rec.Topic, value)
		}
	}()
	poisonDecode(rec)
	e = Entry{Position: rec.Position, Topic: rec.Topic, Source: rec.Source, Received: rec.Received, Late: rec.Flags&journal.FlagLate != 0}
	var problems []codec.Problem
	switch {
	case rec.Topic == freshet.TopicCatalog:
		var item freshet.Item
		item, problems = codec.DecodeItem(rec.Payload)
		e.Item = &item
	case rec.Topic == freshet.TopicUsers:
		var user freshet.User
		user, problems = codec.DecodeUser(rec.Payload)
		e.User = &user
	case rec.Topic == freshet.TopicDefinitions:
		e.Definitions = rec.Payload
	case rec.Topic == freshet.TopicServed:
		e.Served = rec.Payload
	case rec.Topic == freshet.TopicModel:
		e.Model = rec.Payload
	case rec.Topic == freshet.TopicWeights:
		e.Weights = rec.Payload
	case rec.Topic == freshet.TopicClock:
		e.Clock = &Clock{}
		if err := json.Unmarshal(rec.Payload, e.Clock); err != nil {
			return e, fmt.Errorf("%w: %s of topic %q: %w", ErrUndecodable, rec.Position, rec.Topic, err)
		}
	case strings.HasPrefix(rec.Topic, freshet.Topic("")):
		var event freshet.Event
		event, problems = codec.DecodeEvent(rec.Payload, &codec.Rules{Now: rec.Received, MaxFuture: math.MaxInt64 / 4})
		e.Event = &event
	default:
		return e, fmt.Errorf("record %s has the unknown topic %q: %w", rec.Position, rec.Topic, journal.ErrNewerFormat)
	}
	if len(problems) > 0 {
		return e, fmt.Errorf("%w: %s of topic %q: %s at %s: %s", ErrUndecodable, rec.Position, rec.Topic, problems[0].Code, problems[0].Pointer, problems[0].Message)
	}
	return e, nil
}
