package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// statusReply is what a server says of itself.
type statusReply struct {
	First      string            `json:"first"` // where the journal begins
	Durable    string            `json:"durable"`
	Applied    string            `json:"applied"`
	Ledger     ledger            `json:"ledger"`
	Watermarks map[string]string `json:"watermarks"` // by source, RFC 3339
	Durability string            `json:"durability"`
	Versions   versions          `json:"versions"`
	State      sizes             `json:"state"`
	Features   featuresStatus    `json:"features"`
	Model      *modelStatus      `json:"model"` // nil: the recall score ranks
	Models     []modelStatus     `json:"recall_models"`
	Events     eventsStatus      `json:"events"`
	Slates     slatesStatus      `json:"slates"`
	Recall     recallStatus      `json:"recall"`
	Audit      auditStatus       `json:"audit"`
	EventIDs   idsStatus         `json:"event_ids"`
	Passed     []passedStatus    `json:"quarantined"`
	Begun      []begunStatus     `json:"begun"`
	ClockOffMS int64             `json:"clock_off_ms"` // how far the system's clock is ahead while the server does not follow it
	UptimeMS   int64             `json:"uptime_ms"`
	Failed     string            `json:"failed"`  // why no events are taken until a restart, "" while they are
	Full       string            `json:"full"`    // why no events are taken until there is room, "" while they are
	Stalled    string            `json:"stalled"` // why no events are taken until the disk answers, "" while they are
}

// passedStatus is a record of the journal that is passed over.
type passedStatus struct {
	Position string `json:"position"`
	Reason   string `json:"reason"`
	Rejected string `json:"rejected"` // the dead letter that shows it
}

// begunStatus is a part of the state that was begun anew because a former release kept it otherwise.
type begunStatus struct {
	Part     string `json:"part"`
	Position string `json:"position"`
}

// auditStatus counts what was recomputed from raw events as it was served.
type auditStatus struct {
	Cells     uint64 `json:"cells"`
	Differing uint64 `json:"differing"`
	LetGo     uint64 `json:"not_comparable"`
	OneIn     uint64 `json:"one_in"`
}

// String is the audit for people.
func (a auditStatus) String() string {
	text := fmt.Sprintf("%s recomputed from raw events as they were served, %s differ", plural(int(a.Cells), "feature value"), grouped(int64(a.Differing)))
	if a.Differing > 0 {
		text += ": a defect; freshet audit tells more"
	}
	if a.LetGo > 0 {
		text += fmt.Sprintf("; %s not comparable, over events that may have gone with their key", grouped(int64(a.LetGo)))
	}
	return text
}

// featuresStatus is the state of the features, and how reloads of them have gone.
type featuresStatus struct {
	reloadState
	featureSizes
}

// featureSizes are how much the features hold.
type featureSizes struct {
	Keys    int64 `json:"keys"` // each once, however many features share it
	Bytes   int64 `json:"bytes"`
	MaxKeys int64 `json:"max_keys"` // 0: the server does not say
	Evicted int64 `json:"evicted"`
}

// String is the sizes for people, "" when the server does not say.
func (s featureSizes) String() string {
	if s.MaxKeys == 0 {
		return ""
	}
	text := fmt.Sprintf("%s of at most %s keys, %.1f MiB", grouped(s.Keys), grouped(s.MaxKeys), float64(s.Bytes)/(1<<20))
	if s.Evicted > 0 {
		text += fmt.Sprintf("; %s went for want of room and began anew (memory.feature_keys)", plural(int(s.Evicted), "key"))
	}
	return text
}

// lines say how much there is, and how reloads have gone.
func (s *featuresStatus) lines() (list []string) {
	if text := s.featureSizes.String(); text != "" {
		list = append(list, text)
	}
	return append(list, s.reloadState.lines()...)
}

// idsStatus is the memory by which events that come twice are known.
type idsStatus struct {
	Held    int64  `json:"held"`
	Evicted uint64 `json:"evicted"`
}

// eventsStatus counts the journal's events by name.
type eventsStatus struct {
	Names    []nameStatus `json:"names"`
	Others   uint64       `json:"others"`   // events of names that are not listed
	Imported uint64       `json:"imported"` // events that an import brought
	Replayed uint64       `json:"replayed"` // of ledger.received, those in the journal when the server started
}

type nameStatus struct {
	Event      string `json:"event"`
	Signal     string `json:"signal"`
	Configured bool   `json:"configured"`
	Count      uint64 `json:"count"`
	Joined     uint64 `json:"joined"` // of count, those that name the request whose slate they answer
	Newest     string `json:"newest"` // RFC 3339, "" for none
}

// slatesStatus sums up the slates served last.
type slatesStatus struct {
	Slates    int            `json:"slates"`
	Nameless  int            `json:"nameless"`  // asked for nobody
	Strangers int            `json:"strangers"` // asked for a visitor of whom no event had come
	Degraded  int            `json:"degraded"`
	Lacks     map[string]int `json:"lacks"` // slates by what they missed
	Places    int            `json:"places"`
	Own       int            `json:"own"` // of places, those proposed for what the visitor did
	Fallback  int            `json:"fallback"`
}

// ledger counts events by what became of them.
type ledger struct {
	Received     uint64 `json:"received"`
	Accepted     uint64 `json:"accepted"`
	Duplicate    uint64 `json:"duplicate"`
	Refused      uint64 `json:"refused"`
	Applied      uint64 `json:"applied"`
	Late         uint64 `json:"late"`
	DeadLettered uint64 `json:"dead_lettered"`
	Erased       uint64 `json:"erased"`
	Pending      uint64 `json:"pending"`
	Unkeyed      uint64 `json:"unkeyed"`
}

// modelStatus is the model that ranks.
type modelStatus struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	By      string `json:"by"`
	Since   string `json:"since_position"`
	AtHand  bool   `json:"at_hand"`
	Online  *struct {
		Learning    bool    `json:"learning"`
		Publication int     `json:"publication"`
		AgeS        int64   `json:"age_s"`
		Verdict     string  `json:"verdict"`
		Rows        int64   `json:"rows"`
		Lead        float64 `json:"lead"`
		Bound       float64 `json:"bound"`
		Learned     *struct {
			Diverged int64 `json:"diverged"`
		} `json:"learned"`
	} `json:"online"`
}

// online says what was learned beside training, "" when nothing is.
func (m *modelStatus) online() string {
	o := m.Online
	if o == nil {
		return ""
	}
	text := "; online: "
	switch {
	case !o.Learning:
		text += "off"
	case o.Publication == 0:
		text += "as trained"
	default:
		text += fmt.Sprintf("publication %d", o.Publication)
	}
	if o.Verdict != "" {
		text += fmt.Sprintf(", %s %s ago on %s (log-loss %+.4f ± %.4f)", clean(o.Verdict), time.Duration(o.AgeS)*time.Second, plural(int(o.Rows), "row"), -o.Lead, o.Bound)
	}
	if o.Learned != nil && o.Learned.Diverged > 0 {
		text += fmt.Sprintf("; %s not what the journal teaches here: of another release or of other settings, or a defect", plural(int(o.Learned.Diverged), "publication"))
	}
	return text
}

func (m *modelStatus) String() string {
	if m == nil {
		return "none; the recall score ranks (freshet train makes one)"
	}
	text := m.live()
	if !m.AtHand {
		text += "; its files are missing or unfit, so the recall score ranks until they are there and fit"
	}
	return text + m.online()
}

func (m *modelStatus) live() string {
	return fmt.Sprintf("%s@%d, %s at position %s", shownID(m.Name), m.Version, clean(m.By), shownID(m.Since))
}

// recall is a model that routes go by, in words.
func (m *modelStatus) recall() string {
	if m.AtHand {
		return m.live()
	}
	return m.live() + "; its files are missing or damaged, or no route goes by it"
}

type versions struct {
	Freshet     string `json:"freshet"`
	Go          string `json:"go"`
	Journal     int    `json:"journal_format"`
	Definitions string `json:"definitions"`
}

type sizes struct {
	Items    int64 `json:"items"`
	Known    int64 `json:"items_known"`
	Visitors int64 `json:"visitors"`
	Users    int64 `json:"users_known"`
	Keys     int64 `json:"feature_keys"`
}

func (a *app) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how a server is: positions, counts, watermarks, versions",
		Long: `Show how a server is: how far it has come, what became of every event, how far time
has come for each source, and what is running. Exit code 1 says that it has failed
and takes no events.`,
		Example: `  freshet status
  freshet status --json --server http://127.0.0.1:3747`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.client()
			if err != nil {
				return err
			}
			defer server.close()
			return a.status(c.Context(), server)
		},
	}
}

func (a *app) status(ctx context.Context, server *client) error {
	var reply statusReply
	raw, _, err := server.call(ctx, http.MethodGet, "/status", nil, &reply)
	switch {
	case a.json:
		err = a.printReply(raw, err)
	case err == nil:
		err = a.print(reply.page(a.now()))
	}
	if err == nil && reply.Failed != "" {
		return &failure{code: exitFailed} // which the page said first
	}
	return err
}

// page is the status for people; now dates the watermarks.
func (s *statusReply) page(now time.Time) string {
	var b strings.Builder
	line := func(head string, parts ...string) {
		fmt.Fprintf(&b, "%-11s %s\n", head, strings.Join(parts, " · "))
	}
	if s.Failed != "" {
		line("FAILED", clean(s.Failed))
		line("", "no events are taken; slates are still served; free space or replace the disk, then restart")
	}
	if s.Full != "" {
		line("DISK FULL", clean(s.Full))
		line("", "no events are taken; slates are still served; make room, and events are taken again")
	}
	if s.Stalled != "" {
		line("STALLED", clean(s.Stalled))
		line("", "no events are taken; slates are still served; events are taken again as soon as it does")
	}
	if held := s.Recall.Held; held != nil {
		line("STATE HELD", fmt.Sprintf("the recall route %s has not returned since %s", shownID(held.Route), clean(held.Since)))
		line("", "nothing is applied; slates are made of a list of what was popular; restart if it does not end")
	}
	line("position", "durable "+shownID(s.Durable), "applied "+shownID(s.Applied))
	if s.First != "" && s.First != "1" {
		line("", "the journal keeps nothing before position "+shownID(s.First))
	}
	for _, one := range s.Begun {
		line("", clean(one.Part)+" from position "+shownID(one.Position)+" on: a former release kept it otherwise")
	}
	list := func(head string, lines []string) {
		for _, text := range lines {
			line(head, text)
			head = ""
		}
	}
	list("events", s.Ledger.equations())
	if s.Ledger.Unkeyed > 0 {
		line("", count(s.Ledger.Unkeyed, "accepted without an event_id; sent again they count twice"))
	}
	if len(s.Passed) > 0 {
		line("quarantine", fmt.Sprintf("%s of the journal passed over, the first at position %s: %s (freshet rejected show %s)",
			plural(len(s.Passed), "record"), shownID(s.Passed[0].Position), clean(s.Passed[0].Reason), shownID(s.Passed[0].Rejected)))
	}
	list("watermarks", s.watermarks(now))
	if s.ClockOffMS != 0 {
		off, way := time.Duration(s.ClockOffMS)*time.Millisecond, "ahead"
		if off < 0 {
			off, way = -off, "back"
		}
		line("clock", fmt.Sprintf("the system's went %s by %s and is not followed; set it right, or restart to go by it", way, roughly(off)))
	}
	line("durability", clean(s.Durability))
	visitors := grouped(s.State.Visitors) + " visitors"
	if s.State.Users > 0 {
		visitors += fmt.Sprintf(" (%s known as users)", grouped(s.State.Users))
	}
	line("state", fmt.Sprintf("%s items (%s in the catalogue)", grouped(s.State.Items), grouped(s.State.Known)),
		visitors, grouped(s.State.Keys)+" feature keys")
	list("features", s.Features.lines())
	list("recall", s.Recall.lines())
	line("model", s.Model.String())
	for i := range s.Models {
		line("", s.Models[i].recall())
	}
	line("audit", s.Audit.String())
	if s.EventIDs.Evicted > 0 {
		line("event ids", fmt.Sprintf("%s remembered, %s forgotten early for want of room: sent again, those would count twice", grouped(s.EventIDs.Held), grouped(int64(s.EventIDs.Evicted))))
	}
	line("versions", "freshet "+clean(s.Versions.Freshet), clean(s.Versions.Go),
		fmt.Sprintf("journal format %d", s.Versions.Journal), "definitions "+clean(s.Versions.Definitions))
	line("uptime", roughly(time.Duration(s.UptimeMS)*time.Millisecond))
	return b.String()
}

// events is how many events the journal holds.
func (l *ledger) events() uint64 { return l.Accepted - min(l.Accepted, l.DeadLettered) }

// equations are the two sums in which every event stands once. They hold while the books
// balance.
func (l *ledger) equations() []string {
	return []string{
		equation("received", l.Received, []share{{"accepted", l.Accepted}, {"duplicate", l.Duplicate}, {"refused", l.Refused}}),
		equation("accepted", l.Accepted, []share{{"applied", l.Applied}, {"late", l.Late}, {"dead-lettered", l.DeadLettered}, {"erased", l.Erased}, {"pending", l.Pending}}),
	}
}

type share struct {
	name  string
	count uint64
}

func equation(name string, whole uint64, shares []share) string {
	var sum uint64
	var parts []string
	for _, t := range shares {
		sum += t.count
		parts = append(parts, count(t.count, t.name))
	}
	sign, note := "=", ""
	if sum != whole {
		sign, note = "≠", "   the books do not balance: please report this"
	}
	return fmt.Sprintf("%s %s %s%s", count(whole, name), sign, strings.Join(parts, " + "), note)
}

func count(n uint64, what string) string { return grouped(int64(n)) + " " + what }

// watermarks lists how far the time of each source has come.
func (s *statusReply) watermarks(now time.Time) []string {
	if len(s.Watermarks) == 0 {
		return []string{"none yet"}
	}
	var list []string
	for _, source := range sortedKeys(s.Watermarks) {
		at := s.Watermarks[source]
		text := shownID(source) + " " + clean(at)
		if t, err := time.Parse(time.RFC3339, at); err == nil {
			if age := now.Sub(t); age >= 0 {
				text += fmt.Sprintf(" (%s ago)", roughly(age))
			} else {
				text += fmt.Sprintf(" (%s ahead of this clock)", roughly(-age))
			}
		}
		list = append(list, text)
	}
	return list
}

// roughly writes a length of time in its two largest units.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}
