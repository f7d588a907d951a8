package httpapi

import (
	"net/http"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/serve"
)

type featureDefsReply struct {
	Definitions string            `json:"definitions"` // hash of all of them, in their order
	Position    freshet.Position  `json:"position"`
	Keys        int               `json:"keys"`        // over all features, each once
	Bytes       int64             `json:"bytes"`       // of the state
	MaxKeys     int               `json:"max_keys"`    // memory.feature_keys
	Evicted     int64             `json:"evicted"`     // keys that went because there were more
	Data        []featureDefReply `json:"data"`        // in the order of a row
	NextCursor  *string           `json:"next_cursor"` // always null: there is one page
}

type featureDefReply struct {
	Name         string             `json:"name"`
	Kind         string             `json:"kind"` // the aggregate, or derived
	Version      int                `json:"version"`
	Hash         string             `json:"hash"`
	Since        *freshet.Position  `json:"since_position"` // null: from before the snapshot that the server began with
	Keys         int                `json:"keys"`           // live
	Bytes        int64              `json:"bytes"`          // of state; 0 while it is not measured
	Events       uint64             `json:"events"`         // in the journal, of the names it counts, but for late ones
	Reads        uint64             `json:"reads"`          // values counted since the server began or the features last changed
	Defaults     uint64             `json:"defaults"`       // of reads, those that no event stood behind
	DefaultShare *float64           `json:"default_share"`  // of reads, null without any
	Definition   feature.Definition `json:"definition"`
}

func encodeFeatureDef(f *serve.FeatureDef) featureDefReply {
	d := f.Definition
	out := featureDefReply{Name: d.Name, Kind: d.Agg, Version: max(1, d.Version), Hash: feature.Hash([]feature.Definition{d}),
		Keys: f.Cost.Keys, Bytes: f.Cost.Bytes, Events: f.Events, Reads: f.Reads, Defaults: f.Defaults, Definition: d}
	if d.Expr != "" {
		out.Kind = "derived"
	}
	if f.Since != 0 {
		out.Since = &f.Since
	}
	if f.Reads > 0 {
		share := float64(f.Defaults) / float64(f.Reads)
		out.DefaultShare = &share
	}
	return out
}

func (a *API) getFeatureDefs(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	defs := a.Server.FeatureDefs()
	reply := featureDefsReply{Definitions: defs.Hash, Position: defs.Position,
		Keys: defs.Sizes.Keys, Bytes: defs.Sizes.Bytes, MaxKeys: defs.Sizes.MaxKeys, Evicted: defs.Sizes.Evicted, Data: make([]featureDefReply, len(defs.Features))}
	for i := range defs.Features {
		reply.Data[i] = encodeFeatureDef(&defs.Features[i])
	}
	writeJSON(w, http.StatusOK, &reply)
}
