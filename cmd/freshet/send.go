package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// eventsReply is what became of a batch of events.
type eventsReply struct {
	Accepted  int     `json:"accepted"` // late ones included
	Duplicate int     `json:"duplicate"`
	Refused   int     `json:"refused"`
	Late      int     `json:"late"`
	Position  string  `json:"position"`   // "" when nothing was written
	Relaxed   string  `json:"durability"` // "" when what is acknowledged is on the disk
	Errors    []fault `json:"errors"`
}

// sendFlags describe one event. A flag that is given is sent, even when it is empty.
type sendFlags struct {
	id, user, anonymous, session, item string
	value                              float64
	time, request, query               string
	rank                               int
	context                            []string
}

func (a *app) sendCmd() *cobra.Command {
	var flags sendFlags
	c := &cobra.Command{
		Use:               "send EVENT",
		Short:             "Send an event, or a stream of events from stdin",
		ValidArgsFunction: a.completeEvent,
		Long: `Send one event. EVENT is its name, such as click, view, like, cart or purchase; say
who did it (--user, --anonymous or --session) and to which item. The event gets an
id unless --event-id gives one; sending again under that id counts once.

With - in place of EVENT, events are read from stdin, one JSON object a line, in the
form of POST /v1/events. They go out in batches of up to 1000, or when the input
pauses. Values of --context are texts; events with other free data go this way.

The reply comes when the event is on disk and in effect. Exit code 8 says that some
events were refused.`,
		Example: `  freshet send click --user ada --item b-0417
  freshet send - < events.jsonl`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &failure{code: exitUsage, err: fmt.Errorf("send takes the name of one event, or -, got %d arguments", len(args)),
					hint: "such as: freshet send click --user ada --item b-0417"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			server, err := a.client()
			if err != nil {
				return err
			}
			defer server.close()
			if args[0] == "-" {
				if given := givenFlags(c); len(given) > 0 {
					return usagef("--%s describes one event and means nothing beside -", given[0])
				}
				return a.sendLines(c.Context(), server)
			}
			event, err := flags.event(c, args[0])
			if err != nil {
				return err
			}
			return a.sendEvent(c.Context(), server, event)
		},
	}
	f := c.Flags()
	f.StringVar(&flags.user, "user", "", "who did it: a known user's id")
	f.StringVar(&flags.anonymous, "anonymous", "", "who did it: an anonymous visitor's id")
	f.StringVar(&flags.session, "session", "", "who did it: the session's id")
	f.StringVar(&flags.item, "item", "", "to which item it was done")
	f.Float64Var(&flags.value, "value", 0, "amount, rating, seconds, …")
	f.StringVar(&flags.time, "ts", "", "when: RFC 3339, or whole seconds or milliseconds since 1970 (default now)")
	f.StringVar(&flags.id, "event-id", "", "id of the event (default a new one)")
	f.StringVar(&flags.request, "request", "", "id of the recommend request that showed the item")
	f.IntVar(&flags.rank, "rank", 0, "place of the item in that slate, from 1")
	f.StringVar(&flags.query, "query", "", "what was searched for")
	f.StringArrayVar(&flags.context, "context", nil, "free data, `name=text`; may be repeated")
	return c
}

// givenFlags names the flags of the command's own that were given.
func givenFlags(c *cobra.Command) []string {
	var given []string
	for _, name := range []string{"user", "anonymous", "session", "item", "value", "ts", "event-id", "request", "rank", "query", "context"} {
		if c.Flags().Changed(name) {
			given = append(given, name)
		}
	}
	return given
}

// event is the event as the API takes it. What it says is judged by the server, which knows
// the rules.
func (s *sendFlags) event(c *cobra.Command, name string) (map[string]any, error) {
	event := map[string]any{"event": name, "event_id": "cli-" + rand.Text()}
	for _, flag := range givenFlags(c) {
		switch flag {
		case "user":
			event["user_id"] = s.user
		case "anonymous":
			event["anonymous_id"] = s.anonymous
		case "session":
			event["session_id"] = s.session
		case "item":
			event["item_id"] = s.item
		case "value":
			if math.IsNaN(s.value) || math.IsInf(s.value, 0) {
				return nil, usagef("--value is %v; it must be a finite number", s.value)
			}
			event["value"] = s.value
		case "ts":
			event["ts"] = timeField(s.time)
		case "event-id":
			event["event_id"] = s.id
		case "request":
			event["request_id"] = s.request
		case "rank":
			event["rank"] = s.rank
		case "query":
			event["query"] = s.query
		case "context":
			data, err := freeData(s.context)
			if err != nil {
				return nil, err
			}
			event["context"] = data
		}
	}
	return event, nil
}

// freeData reads name=text pairs.
func freeData(pairs []string) (map[string]string, error) {
	data := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, &failure{code: exitUsage, err: fmt.Errorf("--context %q is not of the form name=text", pair), hint: "such as: --context device=mobile"}
		}
		if _, twice := data[name]; twice {
			return nil, usagef("--context gives %q twice", name)
		}
		data[name] = value
	}
	return data, nil
}

// typedData reads name=value pairs. A value that is a number, true or false in JSON is that, any
// other a text.
func typedData(pairs []string) (map[string]any, error) {
	texts, err := freeData(pairs)
	if err != nil {
		return nil, err
	}
	data := map[string]any{}
	for name, text := range texts {
		data[name] = text
		switch {
		case text == "true", text == "false":
			data[name] = text == "true"
		case text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid([]byte(text)):
			data[name] = json.Number(text)
		}
	}
	return data, nil
}

// timeField is a time from a flag as the API takes it: a number when it is a whole one, else
// the text.
func timeField(s string) any {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return s
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return json.Number(s[:len(s)-len(digits)] + strings.TrimLeft(digits, "0")) // too large, which the server says best
}

// sendEvent sends one event and tells what became of it.
func (a *app) sendEvent(ctx context.Context, server *client, event map[string]any) error {
	var reply eventsReply
	began := a.now()
	raw, _, err := server.call(ctx, http.MethodPost, "/v1/events", event, &reply)
	took := a.now().Sub(began)
	if a.json {
		err = a.printReply(raw, err)
	}
	var refused *refusal
	if errors.As(err, &refused) && refused.Refused > 0 {
		reply = refused.eventsReply
		if len(reply.Errors) == 0 {
			reply.Errors = []fault{{Code: refused.Code, Message: refused.Detail}}
		}
	} else if err != nil {
		return again(err, event)
	}
	if reply.Refused > 0 {
		return &failure{code: exitRefused, err: fmt.Errorf("%s was refused%s", deed(event), faultLines(reply.Errors))}
	}
	if a.json {
		return nil
	}
	return a.print(outcome(&reply, event, took) + "\n")
}

// again adds to an error that leaves open whether the event arrived how to send it safely.
func again(err error, event map[string]any) error {
	var f *failure
	var none *noServer
	var refused *refusal
	if !errors.As(err, &f) || errors.As(err, &none) || errors.As(err, &refused) && refused.status < http.StatusInternalServerError {
		return err
	}
	if id, ok := event["event_id"].(string); ok {
		if f.hint != "" {
			f.hint += "\n  "
		}
		f.hint += "to send the same event again, whether or not it arrived: --event-id " + shellWord(id)
	}
	return err
}

// shellWord is a text as a shell takes it for one word.
func shellWord(s string) string {
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-._:/", r)) {
			return "'" + strings.ReplaceAll(clean(s), "'", `'\''`) + "'"
		}
	}
	return s
}

// deed says in words what the event is: "click by ada on b-0417".
func deed(event map[string]any) string {
	text := shownID(event["event"].(string))
	for _, who := range []struct{ field, word string }{{"user_id", ""}, {"anonymous_id", "anonymous "}, {"session_id", "session "}} {
		if id, ok := event[who.field].(string); ok {
			text += " by " + who.word + shownID(id)
			break
		}
	}
	if id, ok := event["item_id"].(string); ok {
		text += " on " + shownID(id)
	}
	return text
}

// outcome says in one line what became of an event that was not refused.
func outcome(reply *eventsReply, event map[string]any, took time.Duration) string {
	parts := []string{"accepted " + deed(event)}
	safe := "durable"
	if reply.Relaxed != "" {
		safe = reply.Relaxed + " durability, written"
	}
	state := safe + " and applied"
	switch {
	case reply.Duplicate > 0:
		parts = []string{"duplicate " + deed(event), "it came before and is counted once"}
		state = "answered"
	case reply.Late > 0:
		parts = append(parts, "late: kept, but too old to count in features and slates")
		state = safe
	}
	if reply.Position != "" {
		parts = append(parts, "position "+shownID(reply.Position))
	}
	parts = append(parts, state+" in "+millis(float64(took.Microseconds())/1000))
	return strings.Join(parts, " · ")
}
