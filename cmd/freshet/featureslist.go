package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/feature"
)

// featureDefs is what a server says of its features.
type featureDefs struct {
	Definitions string `json:"definitions"`
	Position    string `json:"position"`
	featureSizes
	Data []featureDef `json:"data"`
}

type featureDef struct {
	Name         string             `json:"name"`
	Kind         string             `json:"kind"`
	Version      int                `json:"version"`
	Hash         string             `json:"hash"`
	Since        *string            `json:"since_position"`
	Keys         int64              `json:"keys"`
	Bytes        int64              `json:"bytes"`
	Events       int64              `json:"events"`
	Reads        uint64             `json:"reads"`
	DefaultShare *float64           `json:"default_share"`
	Definition   feature.Definition `json:"definition"`
}

func (a *app) featuresListCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the features in force",
		Long: `List the features of a running server: their versions, what they are kept per, the
position of the journal since which they are defined so, the keys they have, the events
of the journal that they count, and the share of their reads that no event stood behind.`,
		Example: `  freshet features list
  freshet features list --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withServer(func(server *client) error { return a.listFeatures(c.Context(), server) })
		},
	}
}

func (a *app) listFeatures(ctx context.Context, server *client) error {
	reply, raw, err := server.featureDefs(ctx)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	return a.print(reply.page())
}

func (c *client) featureDefs(ctx context.Context) (reply featureDefs, raw []byte, err error) {
	raw, _, err = c.call(ctx, http.MethodGet, "/v1/feature-defs", nil, &reply)
	return reply, raw, err
}

// page is the list for people.
func (r *featureDefs) page() string {
	if len(r.Data) == 0 {
		return "no features\n"
	}
	t := table{head: []string{"feature", "v", "kind", "per", "since", "keys", "events", "default"}, right: 4}
	for i := range r.Data {
		f := &r.Data[i]
		since := "—"
		if f.Since != nil {
			since = shownID(*f.Since)
		}
		t.add(shownID(f.Name), fmt.Sprint(f.Version), clean(f.Kind), clean(strings.Join(f.Definition.Key, ", ")), since, grouped(f.Keys), grouped(f.Events), shareText(f.DefaultShare))
	}
	return t.String() + fmt.Sprintf("%s · definitions %s · position %s\n", plural(len(r.Data), "feature"), clean(r.Definitions), shownID(r.Position))
}

// shareText is a share for people, a dash without one.
func shareText(share *float64) string {
	if share == nil {
		return "—"
	}
	return fmt.Sprintf("%.1f %%", 100**share)
}

// table is rows of text in columns as wide as they need.
type table struct {
	head  []string
	right int // columns from this one on are set to the right; 0 is none
	rows  [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String sets the table.
func (t *table) String() string {
	wide := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	for _, row := range all {
		for i, cell := range row {
			wide[i] = max(wide[i], width(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		line := ""
		for i, cell := range row {
			blank := strings.Repeat(" ", wide[i]-width(cell))
			if t.right > 0 && i >= t.right {
				line += "  " + blank + cell
			} else {
				line += "  " + cell + blank
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
