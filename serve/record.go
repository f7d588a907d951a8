package serve

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// recordWait is how long a reply waits for its record to reach the operating system when the
// request's own time is up; a disk that stalls must not stall slates.
const recordWait = 10 * time.Millisecond

// record writes the served record, before the reply. A slate whose record is late or failed
// is still a slate: that is named in Degraded.
func (r *run) record(ctx context.Context) {
	s, reply := r.server, r.reply
	rec := fold.Served{
		Request: reply.Request, Scene: reply.Scene, Visitor: r.visitor, Time: reply.Time, N: r.n,
		Definitions: r.inForce, Config: r.config, Known: r.known, Ranked: r.ranked, Placed: r.placedAt, Routes: r.served, Degraded: reply.Degraded, Fallback: reply.Fallback,
		Seeds: r.req.Seeds, Context: r.req.Context, Exclude: r.req.Exclude, SeenWithin: r.req.SeenWithin, Purchased: r.req.Purchased,
		MinPosition: r.req.MinPosition, Items: ServedItems(reply), Seed: strconv.FormatUint(recall.SeedOf(reply.Request), 16), Explore: r.share,
	}
	if m := reply.Model; m != nil {
		rec.Model = &fold.ServedModel{Name: m.Name, Version: m.Version, SHA256: m.SHA256, Publication: m.Publication, Position: m.Position}
	}
	if reply.Fallback > 0 {
		rec.FromList = &fold.ServedList{Position: r.list.position, Time: r.list.time}
	}
	for _, recent := range r.req.Recent {
		rec.Recent = append(rec.Recent, fold.ServedAct(recent))
	}
	text, err := json.Marshal(&rec)
	if err == nil {
		wait := recordWait
		if deadline, ok := ctx.Deadline(); ok {
			wait = max(wait, time.Until(deadline))
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		defer cancel()
		err = s.Stream.Served(ctx, s.Now().UnixMilli(), text)
	}
	switch {
	case err == nil:
	case isTimeout(err), stream.Stalled(err): // it is in the journal's queue and will be written
		reply.Degraded = append(reply.Degraded, "served_record:late")
	case stream.NoSpace(err): // told once, by the journal
		reply.Degraded = append(reply.Degraded, "served_record:no_space")
	case stream.Unavailable(err): // likewise
		reply.Degraded = append(reply.Degraded, "served_record:failed")
	default:
		reply.Degraded = append(reply.Degraded, "served_record:failed")
		s.Report("served record of "+reply.Request, err)
	}
}

// ServedItems are the places of a slate as its record has them.
func ServedItems(reply *Reply) []fold.ServedItem {
	items := make([]fold.ServedItem, len(reply.Items))
	for i := range reply.Items {
		item := &reply.Items[i]
		items[i] = fold.ServedItem{Item: item.Item, Score: item.Score, Row: item.Row, Demoted: item.Demoted, Explored: item.Explored, Propensity: item.Propensity}
		for _, o := range item.Routes {
			items[i].Routes = append(items[i].Routes, fold.ServedScore{Route: o.Route, Rank: o.Rank, Score: o.Score})
		}
	}
	return items
}
