package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// featuresAsked is what features get asks for.
type featuresAsked struct {
	User    string         `json:"user_id,omitempty"`
	Items   []string       `json:"item_ids,omitempty"`
	Names   []string       `json:"names,omitempty"`
	Context map[string]any `json:"context,omitempty"`
}

// featureRows is the server's reply to it.
type featureRows struct {
	Rows []struct {
		Item   string                  `json:"item_id"`
		Values map[string]featureValue `json:"values"`
	} `json:"rows"`
	Position string `json:"position"`
	TimeMS   int64  `json:"ts_ms"`
}

type featureValue struct {
	Value     json.RawMessage `json:"value"`
	UpdatedAt *string         `json:"updated_at"`
	Events    int64           `json:"events"`
	Default   bool            `json:"default"`
}

func (a *app) featuresGetCmd() *cobra.Command {
	var asked featuresAsked
	var pairs []string
	c := &cobra.Command{
		Use:   "get [NAME…]",
		Short: "Read the values of features for a user, items, or both",
		Long: `Read the values of features as they stand: of those that are named, or match a pattern
with *, else of all. Without --user and --item a value is that of nobody and nothing,
which is the default.`,
		Example: `  freshet features get --user ada --item b-0417
  freshet features get 'user_*' --user ada --json`,
		RunE: func(c *cobra.Command, args []string) error {
			asked.Names = append(asked.Names, args...)
			for _, pair := range pairs {
				key, value, ok := strings.Cut(pair, "=")
				if !ok || key == "" {
					return usagef("--context is %q; such as --context device=phone", pair)
				}
				if asked.Context == nil {
					asked.Context = map[string]any{}
				}
				asked.Context[key] = value
				var plain any
				if json.Unmarshal([]byte(value), &plain) == nil {
					switch plain.(type) {
					case float64, bool:
						asked.Context[key] = plain
					}
				}
			}
			return a.withServer(func(server *client) error { return a.getFeatures(c.Context(), server, &asked) })
		},
	}
	c.Flags().StringVar(&asked.User, "user", "", "user to read for")
	c.Flags().StringArrayVar(&asked.Items, "item", nil, "item to read for; may be given again")
	c.Flags().StringSliceVar(&asked.Names, "names", nil, "features, or patterns with *, separated by commas")
	c.Flags().StringArrayVar(&pairs, "context", nil, "a field of the request's context as name=value; numbers, true and false are what they look like")
	return c
}

func (a *app) getFeatures(ctx context.Context, server *client, asked *featuresAsked) error {
	var reply featureRows
	raw, _, err := server.call(ctx, http.MethodPost, "/v1/features", asked, &reply)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	if len(reply.Rows) == 0 {
		return errors.New("the server answered without a row")
	}
	return a.print(reply.page())
}

// page is the values for people.
func (r *featureRows) page() string {
	var b strings.Builder
	for _, row := range r.Rows {
		if row.Item != "" {
			fmt.Fprintf(&b, "%s\n", shownID(row.Item))
		}
		t := table{head: []string{"feature", "value", "events", "newest"}}
		for _, name := range slices.Sorted(maps.Keys(row.Values)) {
			v := row.Values[name]
			value, newest := clean(string(v.Value)), "—"
			if v.Default {
				value += " (default)"
			}
			if v.UpdatedAt != nil {
				newest = clean(*v.UpdatedAt)
				if at, err := time.Parse(time.RFC3339, *v.UpdatedAt); err == nil && at.UnixMilli() <= r.TimeMS {
					newest = roughly(time.Duration(r.TimeMS-at.UnixMilli())*time.Millisecond) + " ago"
				}
			}
			t.add(shownID(name), value, grouped(v.Events), newest)
		}
		b.WriteString(t.String())
	}
	fmt.Fprintf(&b, "at %s · position %s\n", time.UnixMilli(r.TimeMS).UTC().Format(time.RFC3339), shownID(r.Position))
	return b.String()
}
