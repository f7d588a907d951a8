package serve

import (
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet"
)

// done says in words what an event name did to an item.
var done = map[string]string{
	"click": "clicked", "view": "viewed", "like": "liked", "cart": "put in the cart", "favorite": "favourited",
	"purchase": "bought", "play": "played", "progress": "played", "dwell": "read", "rate": "rated", "share": "shared", "follow": "followed",
}

// Words says in one short sentence, for people, why an item is in the slate of time q.
func Words(p *Placed, q int64) string {
	text := reasonWords(p, q)
	if p.Explored {
		text += "; shown to find out who likes it"
	}
	return text
}

// reasonWords says why the item was proposed.
func reasonWords(p *Placed, q int64) string {
	because := p.Reason
	switch because.Code {
	case "like_recent":
		return "like " + actWords(p, q)
	case "popular":
		if because.Window == 0 {
			return "popular of late"
		}
		return "popular in the last " + span(because.Window)
	case "similar":
		return "similar to " + actWords(p, q)
	case "searched":
		return fmt.Sprintf("you searched for %q %s", because.Query, ago(q-because.Time))
	case "trending":
		return "trending: wanted more in the last " + span(because.Window) + " than before"
	case "rule":
		if len(p.Routes) > 0 {
			return fmt.Sprintf("by the rule %q", p.Routes[0].Route)
		}
		return "by a rule"
	case "nearby":
		return "near you"
	case "explore":
		return "hardly shown to anybody yet"
	case "new":
		return "new, published " + ago(q-because.Time)
	case "external":
		return "proposed from outside"
	case "fallback":
		return "popular or new; nothing closer was found"
	}
	return "from the catalogue"
}

// actWords is the item that a reason rests on and what the visitor did to it.
func actWords(p *Placed, q int64) string {
	because := p.Reason
	name := fmt.Sprintf("%q", string(because.Item))
	if p.Liked != nil && p.Liked.Title != "" {
		name = p.Liked.Title
	} else if plain(string(because.Item)) {
		name = string(because.Item)
	}
	if because.Event == "" {
		return name
	}
	verb := done[because.Event]
	if verb == "" {
		verb = fmt.Sprintf("%q", because.Event)
	}
	return fmt.Sprintf("%s, %s %s", name, verb, ago(q-because.Time))
}

func plain(id string) bool { return !strings.ContainsAny(id, " ,\"") }

func ago(ms int64) string {
	if ms < 1000 {
		return "just now"
	}
	if s := span(ms); s == "hour" || s == "day" {
		return "1 " + s + " ago"
	}
	return span(ms) + " ago"
}

// span gives a length of time in its largest fitting unit.
func span(ms int64) string {
	d := freshet.Duration(ms)
	units := []struct {
		name string
		size freshet.Duration
	}{{"year", 365 * freshet.Day}, {"day", freshet.Day}, {"hour", freshet.Hour}, {"min", freshet.Minute}}
	for _, u := range units {
		if n := d / u.size; n >= 1 {
			switch {
			case u.name == "min":
				return fmt.Sprintf("%d min", n)
			case n == 1 && u.name == "hour":
				return "hour"
			case n == 1 && u.name == "day":
				return "day"
			case n == 1:
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return fmt.Sprintf("%d s", d/freshet.Second)
}
