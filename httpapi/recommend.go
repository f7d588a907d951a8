package httpapi

import (
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/serve"
)

type recommendReply struct {
	RequestID string           `json:"request_id"`
	Scene     string           `json:"scene"`
	Items     []itemReply      `json:"items"`
	Model     *rankedBy        `json:"model"` // null: the recall score ranked
	Freshness freshness        `json:"freshness"`
	Degraded  []string         `json:"degraded"`
	Filled    int              `json:"filled"`
	FilledBy  filledBy         `json:"filled_by"`
	Shortfall []shortfallReply `json:"shortfall,omitempty"`
	Previous  *string          `json:"previous_request_id,omitempty"` // with diff; "" when no slate is known
	TimeMS    int64            `json:"ts_ms"`
	TookMS    float64          `json:"took_ms"`
}

type rankedBy struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	AgeS    int64  `json:"age_s"` // since it was trained
}

type itemReply struct {
	ID     freshet.ItemID `json:"item_id"`
	Rank   int            `json:"rank"`
	Score  float64        `json:"score"`
	Fields map[string]any `json:"fields,omitempty"`
	Was    *int           `json:"was,omitempty"` // with diff: rank in the slate before, 0 when new
	Why    why            `json:"why"`
}

type why struct {
	Code   string         `json:"code"`
	Text   string         `json:"text"`
	ItemID freshet.ItemID `json:"item_id,omitempty"`
	Routes []string       `json:"routes"`
	Strong []contribution `json:"contributions,omitempty"` // strongest first; absent without a model

	Demoted *demotion `json:"demoted,omitempty"` // absent when no dislike took anything off

	Explored   bool    `json:"explored,omitempty"`   // one of the places kept for what is not known to be liked yet
	Propensity float64 `json:"propensity,omitempty"` // of being in the slate; absent in a scene that does not explore
}

// demotion is what the visitor's dislikes did to an item.
type demotion struct {
	Share  float64        `json:"share"`   // taken off its score, or with a model off its odds
	ItemID freshet.ItemID `json:"item_id"` // the disliked item that it is most like
}

// contribution is what one field of the model's row did for an item.
type contribution struct {
	Feature string   `json:"feature"`
	Value   *float64 `json:"value"` // null when there was none, or the field is one of words
	Adds    float64  `json:"adds"`  // to the log-odds, beyond the mean over the request's candidates
}

type freshness struct {
	Reflected bool             `json:"reflected"`
	Position  freshet.Position `json:"position"`
	LastMS    *int64           `json:"user_last_event_ms"` // age of the visitor's newest event; null without one
	Last      *lastEvent       `json:"user_last_event,omitempty"`
}

type lastEvent struct {
	Event    string           `json:"event"`
	Position freshet.Position `json:"position"`
	EffectMS *float64         `json:"effect_ms"` // from arrival until applied; null when it came too long ago
}

type filledBy struct {
	Ranked   int `json:"ranked"`
	Fallback int `json:"fallback"`
}

type shortfallReply struct {
	Stage   string `json:"stage"`
	Reason  string `json:"reason"`
	Removed int    `json:"removed,omitempty"`
	Missing int    `json:"missing,omitempty"`
}

func (a *API) postRecommend(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	fields, ok := a.readObject(w, r)
	if !ok {
		return
	}
	req := serve.Request{ID: w.Header().Get("Freshet-Request-Id")}
	d := decoding{}
	d.recommend(fields, &req)
	a.recommend(w, r, &req, d.faults)
}

// getRecommend takes the simple fields as query parameters.
func (a *API) getRecommend(w http.ResponseWriter, r *http.Request) {
	req := serve.Request{ID: w.Header().Get("Freshet-Request-Id")}
	d := decoding{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		d.faults = append(d.faults, fault{Code: codec.CodeMalformed, Message: "the query cannot be read: " + err.Error()})
	}
	d.recommendQuery(query, &req)
	a.recommend(w, r, &req, d.faults)
}

func (a *API) recommend(w http.ResponseWriter, r *http.Request, req *serve.Request, faults []fault) {
	if len(faults) > 0 {
		writeFaults(w, faults)
		return
	}
	reply, err := a.Server.Recommend(r.Context(), req)
	if err != nil {
		a.writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, encodeSlate(req, reply))
}

func encodeSlate(req *serve.Request, slate *serve.Reply) *recommendReply {
	out := &recommendReply{
		RequestID: slate.Request, Scene: slate.Scene, Items: make([]itemReply, len(slate.Items)),
		Freshness: freshness{Reflected: slate.Reflected, Position: slate.Position},
		Degraded:  slate.Degraded, Filled: len(slate.Items),
		FilledBy: filledBy{Ranked: len(slate.Items) - slate.Fallback, Fallback: slate.Fallback},
		TimeMS:   slate.Time, TookMS: millis(slate.Took),
	}
	if m := slate.Model; m != nil {
		out.Model = &rankedBy{Name: m.Name, Version: m.Version}
		if created, err := time.Parse(time.RFC3339, m.Created); err == nil {
			out.Model.AgeS = max(0, (slate.Time-created.UnixMilli())/1000)
		}
	}
	if out.Degraded == nil {
		out.Degraded = []string{}
	}
	if last := slate.Last; last != nil {
		age := max(0, slate.Time-last.Newest)
		out.Freshness.LastMS = &age
		out.Freshness.Last = &lastEvent{Event: last.Event, Position: last.Position}
		if last.Effect >= 0 {
			ms := millis(last.Effect)
			out.Freshness.Last.EffectMS = &ms
		}
	}
	if req.Diff {
		out.Previous = &slate.Previous
	}
	for _, s := range slate.Shortfall {
		reply := shortfallReply{Stage: s.Stage, Reason: s.Reason, Removed: s.Removed}
		if s.Stage == "recall" {
			reply.Removed, reply.Missing = 0, s.Removed
		}
		out.Shortfall = append(out.Shortfall, reply)
	}
	for i := range slate.Items {
		it := &slate.Items[i]
		item := itemReply{ID: it.Item, Rank: i + 1, Score: it.Score, Fields: itemFields(it.Doc, req.Fields),
			Why: why{Code: it.Reason.Code, Text: serve.Words(it, slate.Time), ItemID: it.Reason.Item, Routes: []string{}, Explored: it.Explored, Propensity: it.Propensity}}
		for _, route := range it.Routes {
			item.Why.Routes = append(item.Why.Routes, route.Route)
		}
		if it.Demoted > 0 {
			item.Why.Demoted = &demotion{it.Demoted, it.Dislike}
		}
		for _, c := range it.Strong {
			shown := contribution{Feature: c.Field, Adds: c.Adds}
			if c.Known() {
				shown.Value = &c.Value
			}
			item.Why.Strong = append(item.Why.Strong, shown)
		}
		if req.Diff {
			item.Was = &it.Was
		}
		out.Items[i] = item
	}
	return out
}

// itemFields picks the fields of an entry that a request asked for; those it does not have
// are left out.
func itemFields(doc *freshet.Item, names []string) map[string]any {
	if doc == nil || len(names) == 0 {
		return nil
	}
	fields := map[string]any{}
	for _, name := range names {
		switch name {
		case "title":
			put(fields, name, doc.Title, doc.Title != "")
		case "categories":
			put(fields, name, doc.Categories, len(doc.Categories) > 0)
		case "tags":
			put(fields, name, doc.Tags, len(doc.Tags) > 0)
		case "text":
			put(fields, name, doc.Text, doc.Text != "")
		case "price":
			put(fields, name, doc.Price, doc.HasPrice)
		case "published_at":
			put(fields, name, time.UnixMilli(doc.Published).UTC().Format(timeFormat), doc.HasPublished)
		case "available":
			put(fields, name, !doc.Unavailable, true)
		case "attributes":
			put(fields, name, doc.Attributes, doc.Attributes != nil)
		}
	}
	return fields
}

func put(fields map[string]any, name string, v any, has bool) {
	if has {
		fields[name] = v
	}
}

var itemFieldNames = []string{"title", "categories", "tags", "text", "price", "published_at", "available", "attributes"}

func millis(d time.Duration) float64 { return math.Round(float64(d.Microseconds())) / 1000 }
