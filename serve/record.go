package serve

import (
	"context"
	"encoding/json"

	"github.com/freshet-rec/freshet/fold"
)

// record writes the served record, before the reply. A slate that cannot be recorded is
// still a slate: the failure is named in Degraded.
func (r *run) record(ctx context.Context) {
	s, reply := r.server, r.reply
	rec := fold.Served{
		Request: reply.Request, Scene: reply.Scene, Visitor: r.visitor, Time: reply.Time, N: r.n,
		Definitions: s.Definitions, Routes: r.served, Degraded: reply.Degraded, Fallback: reply.Fallback,
		Exclude: r.req.Exclude, MinPosition: r.req.MinPosition, Items: []fold.ServedItem{},
	}
	if r.req.SeenWithin != nil {
		rec.SeenWithin = *r.req.SeenWithin
	}
	rec.Recent = append(rec.Recent, r.req.Seeds...)
	for _, recent := range r.req.Recent {
		rec.Recent = append(rec.Recent, recent.Item)
	}
	for _, item := range reply.Items {
		served := fold.ServedItem{Item: item.Item, Score: item.Score}
		for _, o := range item.Routes {
			served.Routes = append(served.Routes, fold.ServedScore{Route: o.Route, Rank: o.Rank, Score: o.Score})
		}
		rec.Items = append(rec.Items, served)
	}
	text, err := json.Marshal(&rec)
	if err == nil {
		err = s.Stream.Served(context.WithoutCancel(ctx), s.Now().UnixMilli(), text)
	}
	if err != nil {
		reply.Degraded = append(reply.Degraded, "served_record:failed")
		s.Report("served record of "+reply.Request, err)
	}
}
