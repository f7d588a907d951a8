package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// slateReply is a slate with what is said about it.
type slateReply struct {
	RequestID string    `json:"request_id"`
	Items     []placed  `json:"items"`
	Freshness freshness `json:"freshness"`
	Model     *struct {
		Name    string `json:"name"`
		Version int    `json:"version"`
	} `json:"model"` // nil: the recall score ranked
	Degraded  []string    `json:"degraded"`
	FilledBy  filledBy    `json:"filled_by"`
	Shortfall []shortfall `json:"shortfall"`
	Previous  string      `json:"previous_request_id"` // with diff; "" when no slate is known
	TookMS    float64     `json:"took_ms"`
}

// placed is one place of a slate.
type placed struct {
	ID     string      `json:"item_id"`
	Rank   int         `json:"rank"`
	Score  float64     `json:"score"`
	Fields titleField  `json:"fields"`
	Was    int         `json:"was"` // with diff: rank in the slate before, 0 when new
	Why    explanation `json:"why"`
}

type titleField struct {
	Title string `json:"title"`
}

type explanation struct {
	Text   string         `json:"text"`
	Routes []string       `json:"routes"`
	Strong []contribution `json:"contributions"`
}

// contribution is what one field of the model's row did for an item.
type contribution struct {
	Feature string   `json:"feature"`
	Value   *float64 `json:"value"` // nil when there was none, or the field is one of words
	Adds    float64  `json:"adds"`
}

type freshness struct {
	Reflected bool       `json:"reflected"` // min_position was applied
	Last      *lastEvent `json:"user_last_event"`
}

type lastEvent struct {
	Event    string   `json:"event"`
	Position string   `json:"position"`
	EffectMS *float64 `json:"effect_ms"` // from arrival until applied; nil when not known
}

type filledBy struct {
	Fallback int `json:"fallback"`
}

type shortfall struct {
	Stage   string `json:"stage"`
	Reason  string `json:"reason"`
	Removed int    `json:"removed"`
}

// recommendFlags describe one request for a slate. An id that is given is sent, even when it
// is empty.
type recommendFlags struct {
	user, anonymous, session, scene, at string
	n                                   int
	dryRun, diff, why                   bool
	exclude, seeds, context             []string
	minPosition                         string
	wait                                time.Duration
}

func (a *app) recommendCmd() *cobra.Command {
	var flags recommendFlags
	c := &cobra.Command{
		Use:   "recommend",
		Short: "Ask for a slate: what a user should see now, and why",
		Long: `With --diff each place says where its item stood in the last slate the visitor got:
▲ 9 moved up from place 9, ▼ 2 moved down from 2, = stayed, new was not there.
With --why each place says what spoke most for its item among the candidates: the
value of a field, and what it adds to the log-odds of a click.
The context (--context device=phone --context hour=7) is what features of the request
are read for, and is kept with the slate.`,
		Example: `  freshet recommend --user ada
  freshet recommend --user ada -n 5 --diff`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			request, err := flags.request(c)
			if err != nil {
				return err
			}
			server, err := a.client()
			if err != nil {
				return err
			}
			defer server.close()
			return a.recommend(c.Context(), server, &flags, request)
		},
	}
	f := c.Flags()
	f.StringVar(&flags.user, "user", "", "for whom: a known user's id")
	f.StringVar(&flags.anonymous, "anonymous", "", "for whom: an anonymous visitor's id")
	f.StringVar(&flags.session, "session", "", "for whom: the session's id")
	f.StringVar(&flags.scene, "scene", "", "where the slate is shown (default home)")
	f.IntVarP(&flags.n, "n", "n", 10, "how many items")
	f.StringVar(&flags.at, "at", "", "as of when: RFC 3339, or whole seconds or milliseconds since 1970 (default now)")
	f.BoolVar(&flags.dryRun, "dry-run", false, "do not record the slate as served")
	f.BoolVar(&flags.diff, "diff", false, "compare with the last slate")
	f.BoolVar(&flags.why, "why", false, "say below each item what spoke most for it in the ranking")
	f.StringSliceVar(&flags.exclude, "exclude", nil, "`ids` of items to leave out, separated by commas")
	f.StringSliceVar(&flags.seeds, "seed", nil, "`ids` of items the visitor is looking at, separated by commas")
	f.StringArrayVar(&flags.context, "context", nil, "free data of the request, `name=value`, true, false and numbers as such; may be repeated")
	f.StringVar(&flags.minPosition, "min-position", "", "wait until this position is applied, as a reply to send gave it")
	f.DurationVar(&flags.wait, "wait", 20*time.Millisecond, "how long to wait for --min-position")
	return c
}

// request is the request as the API takes it. What it asks for is judged by the server.
func (r *recommendFlags) request(c *cobra.Command) (map[string]any, error) {
	request := map[string]any{"n": r.n, "fields": []string{"title"}}
	given := func(flag, field string, value any) {
		if c.Flags().Changed(flag) {
			request[field] = value
		}
	}
	given("user", "user_id", r.user)
	given("anonymous", "anonymous_id", r.anonymous)
	given("session", "session_id", r.session)
	given("scene", "scene", r.scene)
	given("at", "at", timeField(r.at))
	given("dry-run", "dry_run", r.dryRun)
	given("diff", "diff", r.diff)
	given("exclude", "exclude", map[string]any{"item_ids": r.exclude})
	given("seed", "seed_items", r.seeds)
	if c.Flags().Changed("context") {
		data, err := typedData(r.context)
		if err != nil {
			return nil, err
		}
		request["context"] = data
	}
	given("min-position", "min_position", r.minPosition)
	if c.Flags().Changed("min-position") {
		request["wait_ms"] = float64(r.wait.Microseconds()) / 1000
	} else if c.Flags().Changed("wait") {
		return nil, usagef("--wait waits for --min-position, which is missing")
	}
	return request, nil
}

func (a *app) recommend(ctx context.Context, server *client, flags *recommendFlags, request map[string]any) error {
	var reply slateReply
	raw, _, err := server.call(ctx, http.MethodPost, "/v1/recommend", request, &reply)
	if a.json {
		return a.printReply(raw, err)
	}
	if err != nil {
		return err
	}
	for _, warning := range reply.warnings(flags) {
		a.say("warning: %s", warning)
	}
	page := slatePage{reply: &reply, n: flags.n, diff: flags.diff, why: flags.why, colour: a.coloured(),
		columns: columns(a.stdout), terminal: isTerminal(a.stdout), minPosition: flags.minPosition}
	return a.print(page.String())
}

// warnings says in plain words what is not as it should be with a slate.
func (r *slateReply) warnings(flags *recommendFlags) []string {
	var list []string
	for _, what := range r.Degraded {
		part, trouble, _ := strings.Cut(what, ":")
		route, isRoute := strings.CutPrefix(part, "recall.")
		switch {
		case isRoute && trouble == "timeout":
			list = append(list, fmt.Sprintf("route %s did not answer in time; the slate does without it", shownID(route)))
		case isRoute && trouble == "error":
			list = append(list, fmt.Sprintf("route %s failed; the slate does without it", shownID(route)))
		case what == "slate:fallback_popular":
			list = append(list, plural(r.FilledBy.Fallback, "place")+" filled with popular items, because routes are missing")
		default:
			list = append(list, "degraded: "+shownID(what))
		}
	}
	if len(r.Items) > 0 && len(r.Items) < flags.n {
		list = append(list, fmt.Sprintf("%d of %d places filled: %s", len(r.Items), flags.n, r.missing()))
	}
	if flags.minPosition != "" && !r.Freshness.Reflected {
		list = append(list, fmt.Sprintf("position %s was not applied within %s; this slate does not know it yet", shownID(flags.minPosition), flags.wait))
	}
	if flags.diff && r.Previous == "" && len(r.Items) > 0 {
		list = append(list, "no earlier slate of this visitor is known, so every item is new")
	}
	return list
}

const nothingMore = "no route has more items to propose"

// missing says in words why a slate is not full.
func (r *slateReply) missing() string {
	var kept []string
	for _, s := range r.Shortfall {
		switch {
		case s.Stage == "recall":
		case s.Reason == "seen":
			kept = append(kept, grouped(int64(s.Removed))+" already seen")
		case s.Reason == "excluded", s.Reason == "unavailable", s.Reason == "refused":
			kept = append(kept, grouped(int64(s.Removed))+" "+s.Reason)
		default:
			kept = append(kept, fmt.Sprintf("%s removed by %s: %s", grouped(int64(s.Removed)), shownID(s.Stage), shownID(s.Reason)))
		}
	}
	if len(kept) == 0 {
		return nothingMore
	}
	return "of all items " + strings.Join(kept, ", ") + "; no route has more to propose"
}
