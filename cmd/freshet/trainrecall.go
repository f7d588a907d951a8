package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
)

// recallReply is what train prints of a model that proposes with --json.
type recallReply struct {
	Model   string `json:"model"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
	registry.Recall
	Unfit string `json:"unfit,omitempty"` // why it is never live
}

// taking is what was taken, summed up when it is first asked for.
func (t *training) taking() *learn.Taken {
	if t.taken == nil {
		t.taken, t.takes = t.takes.Taken(), nil
	}
	return t.taken
}

// recallOptions are those of a training that tells how far it has come under a name.
func (t *training) recallOptions(name string) (o learn.RecallOptions, done func()) {
	const parts = 1000
	bar := t.app.bar(name, parts, "parts")
	return learn.RecallOptions{Seed: t.options.Seed, Workers: runtime.GOMAXPROCS(0), Progress: func(done, all float64) {
		bar.set(int64(parts * done / max(all, 1)))
	}}, bar.done
}

// indexQueries is how many users' vectors an approximate index is measured by.
const indexQueries = 256

// embedding trains vectors of items.
func (t *training) embedding(ctx context.Context) error {
	o, done := t.recallOptions("embedding")
	taken := t.taking()
	model, report, err := learn.TrainEmbedding(ctx, taken, o)
	if err != nil {
		return err
	}
	done()
	queries := taken.Users(model, indexQueries)
	index, name, err := registry.NewIndex(ctx, model.IALS, queries, t.options.Seed)
	if err != nil {
		return err
	}
	m := t.manifest("embedding", registry.Embedding, &report)
	m.Recall.Dim, m.Recall.Index = model.Dim(), name
	if name != registry.IndexInt8 {
		m.Recall.IndexAt200 = (&recall.Vectors{Model: model, Index: index}).Agreement(queries, 200)
	}
	return t.keep(m, &registry.Vectors{IDs: taken.IDs, Model: model.IALS, Index: index})
}

// itemitem trains weights from item to item.
func (t *training) itemitem(ctx context.Context) error {
	o, done := t.recallOptions("itemitem")
	taken := t.taking()
	model, report, err := learn.TrainItemItem(ctx, taken, o)
	if err != nil {
		return err
	}
	done()
	return t.keep(t.manifest("itemitem", registry.ItemItems, &report), &registry.ItemItem{IDs: taken.IDs, Model: model})
}

// manifest is that of a model that proposes.
func (t *training) manifest(name string, kind registry.Kind, r *learn.RecallReport) registry.Manifest {
	return registry.Manifest{Model: name, Kind: kind, From: 1, Until: t.plan.Until, Seed: t.options.Seed, Recall: registry.Recall{
		Method: r.Method, Visitors: r.Visitors, Items: r.Items, Pairs: r.Pairs, Judged: r.Judged,
		At20: r.Found.At20, At200: r.Found.At200, Popular20: r.Popular.At20, Popular200: r.Popular.At200,
	}}
}

// keep saves a model that proposes, and says what it is worth.
func (t *training) keep(m registry.Manifest, model registry.Model) error {
	a := t.app
	m, err := t.plan.keep(t.disk, m, model, a.now())
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(recallReply{m.Model, m.Version, m.SHA256, m.Recall, m.Faulty()})
	}
	r := &m.Recall
	text := fmt.Sprintf("%s · version %d · %s · %s pairs of %s visitors and %s items\n  RecallAt(20) %.4f (popular: %.4f) · RecallAt(200) %.4f (popular: %.4f) on what %s visitors took last\n",
		m.Model, m.Version, r.Method, grouped(int64(r.Pairs)), grouped(int64(r.Visitors)), grouped(int64(r.Items)), r.At20, r.Popular20, r.At200, r.Popular200, grouped(int64(r.Judged)))
	if why := m.Faulty(); why != "" {
		text += "  it is never live: " + why + "\n"
	}
	return a.print(text)
}
