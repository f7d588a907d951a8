package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

func (a *app) doctorCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Ask what support would ask: is everything as it should be, and what to do if not",
		Long: `Ask a running server the questions that support would ask, beginning with why
everyone gets popular items. Each line is well (✓), worth a look (!) or wrong (✗), and
says what to do. With --data and no server, the journal of that directory is looked
at as far as it can tell.

Exit code 0 says that nothing is wrong, 1 that something is, 7 that there is no server.`,
		Example: `  freshet doctor
  freshet doctor --data ./shop`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("data") {
				cfg, err := a.loadConfig(c)
				if err != nil {
					return err
				}
				status, err := a.journalStatus(c.Context(), cfg)
				if err != nil {
					return err
				}
				return a.sayChecks(examine(status))
			}
			return a.withServer(func(server *client) error { return a.doctor(c.Context(), server) })
		},
	}
	a.configFlags(c)
	c.Flags().Lookup("data").Usage = "look at this directory instead of asking a server"
	return c
}

// check is the answer to one question.
type check struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // ok, warn or fail
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"` // what to do; "" when nothing is to be done
}

const (
	well  = "ok"
	worth = "warn" // a look
	wrong = "fail"
)

// doctor asks a server. Its clock is held against ours by what the reply says of the time.
func (a *app) doctor(ctx context.Context, server *client) error {
	var status statusReply
	asked := a.now()
	_, header, err := server.call(ctx, http.MethodGet, "/status", nil, &status)
	if err != nil {
		return err
	}
	checks := examine(&status)
	checks = append(checks[:1:1], append(a.serverChecks(server, &status, header.Get("Date"), asked), checks[1:]...)...)
	return a.sayChecks(checks)
}

// serverChecks are about the process that answered.
func (a *app) serverChecks(server *client, s *statusReply, date string, asked time.Time) (list []check) {
	list = append(list, check{"server", well, fmt.Sprintf("%s answers: freshet %s, up %s", server.base, clean(s.Versions.Freshet), roughly(time.Duration(s.UptimeMS)*time.Millisecond)), ""})
	if s.Failed != "" {
		list = append(list, check{"writes", wrong, "no events are taken: " + clean(s.Failed), "free space or replace the disk, then restart; nothing acknowledged is lost"})
	} else {
		list = append(list, check{"writes", well, "events are taken, and on disk when they are acknowledged", ""})
	}
	// The reply's date has whole seconds and was made between asked and now.
	clock := check{"clock", well, "the server's clock agrees with this one", ""}
	if at, err := http.ParseTime(date); err == nil {
		switch off := max(asked.Sub(at)-time.Second, at.Sub(a.now())); {
		case off > time.Minute:
			clock = check{"clock", wrong, "the server's clock and this one differ by " + roughly(off), "set both by NTP: events ahead of the server's clock are refused"}
		case off > 2*time.Second:
			clock = check{"clock", worth, "the server's clock and this one differ by " + roughly(off), "set both by NTP"}
		}
	}
	return append(list, clock)
}

// journalStatus is what the journal of a directory tells, in the form in which a server says it.
func (a *app) journalStatus(ctx context.Context, cfg *config.Config) (s *statusReply, err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return nil, dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	state, err := fold.New(foldOptions(cfg))
	if err != nil {
		return nil, err
	}
	s = &statusReply{}
	_, err = eachEntry(ctx, disk, func(rec *journal.Record, e *stream.Entry) error {
		state.Apply(e)
		if e.Event == nil {
			return nil
		}
		s.Ledger.Accepted++
		if e.Late {
			s.Ledger.Late++
		}
		if e.Event.ID == "" && rec.Seq == 0 {
			s.Ledger.Unkeyed++
		}
		return nil
	})
	if err != nil {
		return nil, dataError(cfg.Data, err)
	}
	letters, err := deadletter.Count(disk)
	if err != nil {
		return nil, dataError(cfg.Data, err)
	}
	s.Ledger.Applied, s.Ledger.DeadLettered = s.Ledger.Accepted-s.Ledger.Late, letters.Total
	s.Ledger.Accepted += letters.Total
	s.Ledger.Received = s.Ledger.Accepted
	s.State = sizes{Items: int64(state.Items.Len() - 1), Known: int64(state.Items.Known()), Visitors: int64(state.Visitors.Len() - 1), Users: int64(state.Users.Len()), Keys: int64(state.Features.Keys())}
	if m := state.Model; m.Name != "" {
		s.Model = &modelStatus{Name: m.Name, Version: m.Version, By: m.By, Since: m.Since.String()}
		_, err := serve.Fit(disk, m.Name, m.Version, m.SHA256, feature.Hash(cfg.Features), state.RowNames())
		s.Model.AtHand = err == nil
	}
	s.Events = eventsStatus{Others: state.Tally.Others(), Imported: state.Tally.Imported(), Replayed: s.Ledger.Received}
	for _, n := range state.Tally.Names() {
		_, configured := cfg.Events[n.Name]
		s.Events.Names = append(s.Events.Names, nameStatus{Event: n.Name, Signal: string(cfg.Events.Of(n.Name).Signal), Configured: configured, Count: n.Count, Joined: n.Joined})
	}
	sum := state.Lately.Sum()
	s.Slates = slatesStatus{Slates: sum.Slates, Nameless: sum.Nameless, Strangers: sum.Strangers, Degraded: sum.Degraded, Lacks: state.Lately.Lacks(),
		Places: sum.Places, Own: sum.Own, Fallback: sum.Fallback}
	return s, nil
}

// examine answers what a status can tell, the most asked question first.
func examine(s *statusReply) []check {
	return []check{whyPopular(s), eventsCome(s), impressions(s), signals(s), joins(s), keys(s), catalogued(s), lateness(s), refusals(s), degraded(s), modelLive(s)}
}

// share is part of whole in percent, 0 of nothing.
func percent[N int | int64 | uint64](part, whole N) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// wanted counts the events that say an item was wanted, and those of them that name a request.
func (e *eventsStatus) wanted() (count, joined uint64) {
	for _, n := range e.Names {
		if freshet.Signal(n.Signal).Positive() {
			count, joined = count+n.Count, joined+n.Joined
		}
	}
	return count, joined
}

func whyPopular(s *statusReply) check {
	const name = "popular"
	slates := &s.Slates
	own := percent(slates.Own, slates.Places)
	wanted, _ := s.Events.wanted()
	of := fmt.Sprintf("of the last %s", plural(slates.Slates, "slate"))
	switch {
	case slates.Slates == 0:
		return check{name, worth, "why is everyone getting popular items? no slate was served yet, so nobody gets any", "ask for one: freshet recommend --user ada"}
	case own >= 20:
		return check{name, well, fmt.Sprintf("slates are personal: %.0f %% of the places %s are there for what their visitor did", own, of), ""}
	case wanted == 0:
		return check{name, wrong, "everyone gets popular items: no event says that anything was wanted", "send clicks, likes or purchases, or give the names you send such a signal (events: in the configuration)"}
	case percent(slates.Nameless, slates.Slates) > 50:
		return check{name, wrong, fmt.Sprintf("everyone gets popular items: %.0f %% %s were asked for nobody", percent(slates.Nameless, slates.Slates), of), "send user_id, anonymous_id or session_id with each request, or recent"}
	case percent(slates.Strangers, slates.Slates) > 50:
		return check{name, wrong, fmt.Sprintf("everyone gets popular items: %.0f %% %s were asked for visitors without any event", percent(slates.Strangers, slates.Slates), of), "use the same ids in events and in requests; a known user's events need user_id, not anonymous_id"}
	}
	return check{name, worth, fmt.Sprintf("most get popular items: %.0f %% of the places %s are there for what their visitor did", own, of), "more clicks a visitor help, and more visitors who want the same things; freshet eval holdout --data DIR shows what each route is worth"}
}

func eventsCome(s *statusReply) check {
	const name = "events"
	if s.Ledger.events() == 0 {
		return check{name, worth, "no event has come yet", "send one: freshet send click --user ada --item b-1"}
	}
	return check{name, well, fmt.Sprintf("%s in the journal, %s of them imported", count(s.Ledger.events(), "events"), grouped(int64(s.Events.Imported))), ""}
}

func impressions(s *statusReply) check {
	const name = "impressions"
	var shown uint64
	for _, n := range s.Events.Names {
		if n.Signal == string(freshet.SignalImpression) {
			shown += n.Count
		}
	}
	wanted, _ := s.Events.wanted()
	switch {
	case shown == 0:
		return check{name, worth, "no impressions come: what was shown and left is not known", "send expose when an item is on screen; until then a ranker learns from guessed negatives"}
	case shown < wanted:
		return check{name, worth, fmt.Sprintf("fewer impressions than clicks and the like: %s to %s", grouped(int64(shown)), grouped(int64(wanted))), "send expose for every item on screen, clicked or not"}
	}
	return check{name, well, fmt.Sprintf("impressions come: %.1f for each click or the like", float64(shown)/float64(max(1, wanted))), ""}
}

func signals(s *statusReply) check {
	const name = "signals"
	var names []string
	for _, n := range s.Events.Names {
		if !n.Configured && n.Count > 0 {
			names = append(names, fmt.Sprintf("%s (%s)", shownID(n.Event), grouped(int64(n.Count))))
		}
	}
	if len(names) == 0 {
		return check{name, well, "every event name has a signal", ""}
	}
	const most = 5
	shown := names[:min(len(names), most)]
	text := strings.Join(shown, ", ")
	if n := len(names) - len(shown); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return check{name, worth, "these names mean nothing here, and only count as context: " + text, "give each a signal under events: in the configuration"}
}

func joins(s *statusReply) check {
	const name = "labels"
	wanted, joined := s.Events.wanted()
	switch share := percent(joined, wanted); {
	case wanted == 0:
		return check{name, worth, "nothing was wanted yet, so nothing can be learned", "send clicks, likes or purchases"}
	case share < 50:
		return check{name, worth, fmt.Sprintf("%.0f %% of clicks and the like name the slate they answer", share), "send the reply's request_id with each event that follows from it"}
	default:
		return check{name, well, fmt.Sprintf("%.0f %% of clicks and the like name the slate they answer", share), ""}
	}
}

func keys(s *statusReply) check {
	const name = "keys"
	if share := percent(s.Ledger.Unkeyed, s.Ledger.events()); share > 1 {
		return check{name, worth, fmt.Sprintf("%.0f %% of the events came without an event_id: a retry counts them twice", share), "let the sender make an event_id, and send the same one again"}
	}
	return check{name, well, "events have an event_id or a place in a file: retries are safe", ""}
}

func catalogued(s *statusReply) check {
	const name = "catalogue"
	unknown := s.State.Items - s.State.Known
	switch share := percent(unknown, s.State.Items); {
	case s.State.Items == 0:
		return check{name, worth, "there are no items yet", "bring in the catalogue: PUT /v1/items/{id}, or POST /v1/items for many"}
	case share > 10:
		return check{name, worth, fmt.Sprintf("%.0f %% of the items (%s) are known from events only: no title, no category, no date", share, grouped(unknown)), "bring in the catalogue, and check that events use its ids"}
	}
	return check{name, well, fmt.Sprintf("%s items, %s of them in the catalogue", grouped(s.State.Items), grouped(s.State.Known)), ""}
}

func lateness(s *statusReply) check {
	const name = "late"
	if share := percent(s.Ledger.Late, s.Ledger.events()-min(s.Ledger.events(), s.Events.Imported)); share > 1 {
		return check{name, worth, fmt.Sprintf("%.0f %% of the events that were sent came too late to change anything", share), "send events sooner, or raise lateness in the configuration; a history is brought in by freshet import"}
	}
	return check{name, well, "events come in time", ""}
}

func refusals(s *statusReply) check {
	const name = "refused"
	since := s.Ledger.Received - min(s.Ledger.Received, s.Events.Replayed)
	switch share := percent(s.Ledger.Refused, since); {
	case share > 1:
		return check{name, wrong, fmt.Sprintf("%.0f %% of the events since the start were refused", share), "look at the errors of the replies with status 207 or 422: each names its event, the field and what to do"}
	case s.Ledger.Refused > 0:
		return check{name, worth, fmt.Sprintf("%s of %s events since the start were refused", grouped(int64(s.Ledger.Refused)), grouped(int64(since))), "look at the errors of the replies with status 207 or 422"}
	case s.Ledger.DeadLettered > 0:
		return check{name, worth, "no event was refused over HTTP; imports could not use " + plural(int(s.Ledger.DeadLettered), "line"), "see which, and why: freshet rejected list"}
	}
	return check{name, well, "no event was refused", ""}
}

func degraded(s *statusReply) check {
	const name = "degraded"
	if percent(s.Slates.Degraded, s.Slates.Slates) <= 1 {
		return check{name, well, "slates come whole", ""}
	}
	var lacks []string
	for _, what := range sortedKeys(s.Slates.Lacks) {
		lacks = append(lacks, fmt.Sprintf("%s (%d)", shownID(what), s.Slates.Lacks[what]))
	}
	return check{name, worth, fmt.Sprintf("%.0f %% of the last %s missed something: %s", percent(s.Slates.Degraded, s.Slates.Slates), plural(s.Slates.Slates, "slate"), strings.Join(lacks, ", ")),
		"a timeout: raise the budget of the route or the scene, or give the machine more; an error: the server's log says which"}
}

func modelLive(s *statusReply) check {
	const name = "model"
	switch {
	case s.Model == nil:
		return check{name, worth, "no model ranks: slates are in recall's order", "train one beside the server: freshet train --data DIR, then freshet models promote lr 1"}
	case !s.Model.AtHand:
		return check{name, wrong, fmt.Sprintf("%s@%d should rank and cannot: its files are missing, damaged or for other features", shownID(s.Model.Name), s.Model.Version), "put its files back, and it ranks; or train again, or promote another: freshet models list"}
	}
	return check{name, well, fmt.Sprintf("%s@%d ranks", shownID(s.Model.Name), s.Model.Version), ""}
}

// sayChecks prints the answers; the error is a failure when something is wrong.
func (a *app) sayChecks(checks []check) error {
	failed := 0
	for _, c := range checks {
		if c.Status == wrong {
			failed++
		}
	}
	if a.json {
		text, err := json.Marshal(map[string]any{"ok": failed == 0, "checks": checks})
		if err != nil {
			return err
		}
		if err := a.print(string(text) + "\n"); err != nil {
			return err
		}
	} else if err := a.print(a.checksPage(checks)); err != nil {
		return err
	}
	if failed > 0 {
		return &failure{code: exitFailed} // which the page said
	}
	return nil
}

func (a *app) checksPage(checks []check) string {
	var b strings.Builder
	paint := func(colour, text string) string {
		if a.coloured() {
			return colour + text + reset
		}
		return text
	}
	for _, c := range checks {
		mark := paint(green, "✓")
		switch c.Status {
		case worth:
			mark = paint(cyan, "!")
		case wrong:
			mark = paint(red, "✗")
		}
		fmt.Fprintf(&b, "%s %-12s %s\n", mark, c.Name, c.Message)
		if c.Fix != "" {
			fmt.Fprintf(&b, "  %-12s → %s\n", "", c.Fix)
		}
	}
	return b.String()
}
