package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// TestRowCheck: rows of a fold are what the raw events say; of a fold that missed an event, or
// had one twice, the check names the features.
func TestRowCheck(t *testing.T) {
	cfg := config.Default()
	const t0 = int64(1_795_187_045_000)
	entries := []stream.Entry{{Received: t0 - 9e7, Item: &freshet.Item{ID: "b-1", Categories: []string{"sea"}, Published: t0 - 3e8, HasPublished: true}}}
	for i := range int64(20) {
		entries = append(entries, stream.Entry{Received: t0, Event: &freshet.Event{User: "ada", Item: freshet.ItemID([]string{"b-1", "b-2"}[i%2]), Name: []string{"expose", "click", "like"}[i%3], Time: t0 - 100_000 + i*2000}})
	}
	late := stream.Entry{Received: t0, Late: true, Event: &freshet.Event{User: "ada", Item: "b-1", Name: "click", Time: t0 - 1e7}}
	for name, c := range map[string]struct {
		fold   []stream.Entry // what the fold got
		differ bool
	}{
		"the same":   {append(entries[:len(entries):len(entries)], late), false},
		"one less":   {entries[:len(entries)-1], true},
		"one twice":  {append(entries[:len(entries):len(entries)], entries[len(entries)-1]), true},
		"one entry":  {entries[1:], true},
		"late taken": {append(entries[:len(entries):len(entries)], stream.Entry{Received: t0, Event: late.Event}), true},
	} {
		state, err := fold.New(foldOptions(cfg))
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.fold {
			c.fold[i].Position = freshet.Position(i + 1)
			state.Apply(&c.fold[i])
		}
		rec := &fold.Served{Request: "r-1", Visitor: freshet.VisitorOf("ada", "", ""), Time: t0, Items: []fold.ServedItem{{Item: "b-1"}, {Item: "b-2"}}}
		reply := &auditReply{Causes: map[string]int{}}
		check := newRowCheck(cfg, state, []*fold.Served{rec}, reply)
		for i := range entries {
			check.apply(&entries[i])
		}
		check.apply(&late)
		builder := state.NewRowBuilder()
		builder.Start(state.Visitor(rec.Visitor), rec.Time, nil)
		for _, item := range rec.Items {
			check.row(&serve.Row{Record: rec, Item: item.Item, Values: builder.Row(&recall.Candidate{Item: state.Items.Find(item.Item)}).Numbers})
		}
		if reply.Cells != 2*(len(cfg.Features)+2) || reply.Differing > 0 != c.differ || len(reply.Causes) > 0 != c.differ {
			t.Errorf("%s: %+v", name, reply)
		}
	}
}

// TestRowCheckOfWhatWent: cells over events that went with their key are no difference, and those over
// newer ones are compared.
func TestRowCheckOfWhatWent(t *testing.T) {
	cfg := config.Default()
	cfg.Memory.FeatureKeys = 12
	state, err := fold.New(foldOptions(cfg))
	if err != nil {
		t.Fatal(err)
	}
	const t0, items = int64(1_795_187_045_000), 20
	rec := &fold.Served{Request: "r-1", Visitor: freshet.VisitorOf("ada", "", ""), Time: t0}
	reply := &auditReply{Causes: map[string]int{}}
	check := newRowCheck(cfg, state, []*fold.Served{rec}, reply)
	for i := range int64(items) {
		id := freshet.ItemID(fmt.Sprint("b-", i))
		rec.Items = append(rec.Items, fold.ServedItem{Item: id})
		e := stream.Entry{Received: t0, Position: freshet.Position(i + 1), Event: &freshet.Event{User: "ada", Item: id, Name: "click", Time: t0 - 100_000 + i*2000}}
		state.Apply(&e)
		check.apply(&e)
	}
	builder := state.NewRowBuilder()
	builder.Start(state.Visitor(rec.Visitor), rec.Time, nil)
	for _, item := range rec.Items {
		check.row(&serve.Row{Record: rec, Item: item.Item, Values: builder.Row(&recall.Candidate{Item: state.Items.Find(item.Item)}).Numbers})
	}
	if reply.Differing > 0 || reply.LetGo == 0 || reply.Cells+reply.LetGo != items*(len(cfg.Features)+2) {
		t.Errorf("%d keys went: %+v", state.Features.Evicted(), reply)
	}
	if page := reply.page(); !strings.Contains(page, " not comparable: ") {
		t.Errorf("the page does not say so:\n%s", page)
	}
}

// TestSlateCheck: a shown item whose row differs counts its whole row, and one without a row none.
func TestSlateCheck(t *testing.T) {
	cfg := config.Default()
	state, err := fold.New(foldOptions(cfg))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		was   []fold.ServedItem
		cells int
	}{
		"ranked":   {[]fold.ServedItem{{Item: "b-1", Row: "1"}, {Item: "b-2", Row: "2"}}, 2 * (len(cfg.Features) + 2)},
		"unranked": {[]fold.ServedItem{{Item: "b-1"}, {Item: "b-2"}}, 0},
	} {
		reply := &auditReply{Causes: map[string]int{}}
		rec := &fold.Served{Request: "r-1", Items: c.was}
		newRowCheck(cfg, state, []*fold.Served{rec}, reply).slate(rec, &serve.Reply{})
		if reply.Slates != 1 || reply.Unequal != 1 || reply.Differing != c.cells {
			t.Errorf("%s: %+v, want %d cells", name, reply, c.cells)
		}
	}
}
