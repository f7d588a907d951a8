package serve_test

import (
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/serve"
)

func TestWords(t *testing.T) {
	const second, minute, hour, day = int64(freshet.Second), int64(freshet.Minute), int64(freshet.Hour), int64(freshet.Day)
	like := func(event string, ago int64) freshet.Reason {
		return freshet.Reason{Code: "like_recent", Item: "b-1", Event: event, Time: t0 - ago}
	}
	for _, c := range []struct {
		name   string
		reason freshet.Reason
		liked  *freshet.Item
		want   string
	}{
		{"by title", like("click", 3*second), &freshet.Item{ID: "b-1", Title: "The Long Shore"}, "like The Long Shore, clicked 3 s ago"},
		{"by id", like("purchase", 0), nil, "like b-1, bought just now"},
		{"no title", like("like", 999), &freshet.Item{ID: "b-1"}, "like b-1, liked just now"},
		{"an id that is no word", freshet.Reason{Code: "like_recent", Item: "b 1", Event: "view", Time: t0 - minute}, nil, `like "b 1", viewed 1 min ago`},
		{"an event that nobody knows", like("wave", 59*second), nil, `like b-1, "wave" 59 s ago`},
		{"a seed", freshet.Reason{Code: "like_recent", Item: "b-1", Time: t0}, nil, "like b-1"},
		{"ahead of the clock", like("click", -minute), nil, "like b-1, clicked just now"},
		{"minutes", like("click", 59*minute+59*second), nil, "like b-1, clicked 59 min ago"},
		{"an hour", like("click", hour), nil, "like b-1, clicked 1 hour ago"},
		{"hours", like("click", 23*hour), nil, "like b-1, clicked 23 hours ago"},
		{"a day", like("click", day), nil, "like b-1, clicked 1 day ago"},
		{"days", like("click", 364*day), nil, "like b-1, clicked 364 days ago"},
		{"a year", like("click", 365*day), nil, "like b-1, clicked 1 year ago"},
		{"years", like("click", 800*day), nil, "like b-1, clicked 2 years ago"},
		{"popular", freshet.Reason{Code: "popular", Window: hour}, nil, "popular in the last hour"},
		{"popular in a day", freshet.Reason{Code: "popular", Window: day}, nil, "popular in the last day"},
		{"popular in a week", freshet.Reason{Code: "popular", Window: 7 * day}, nil, "popular in the last 7 days"},
		{"popular in minutes", freshet.Reason{Code: "popular", Window: 15 * minute}, nil, "popular in the last 15 min"},
		{"popular in seconds", freshet.Reason{Code: "popular", Window: 30 * second}, nil, "popular in the last 30 s"},
		{"popular at all", freshet.Reason{Code: "popular"}, nil, "popular of late"},
		{"new", freshet.Reason{Code: "new", Time: t0 - 2*hour}, nil, "new, published 2 hours ago"},
		{"similar", freshet.Reason{Code: "similar", Item: "b-1", Event: "cart", Time: t0 - minute}, &freshet.Item{ID: "b-1", Title: "Tides"}, "similar to Tides, put in the cart 1 min ago"},
		{"similar to a seed", freshet.Reason{Code: "similar", Item: "b-1", Time: t0}, nil, "similar to b-1"},
		{"searched", freshet.Reason{Code: "searched", Query: "milk \"powder\"", Time: t0 - 3*second}, nil, `you searched for "milk \"powder\"" 3 s ago`},
		{"searched in another script", freshet.Reason{Code: "searched", Query: "奶粉", Time: t0}, nil, `you searched for "奶粉" just now`},
		{"trending", freshet.Reason{Code: "trending", Window: hour}, nil, "trending: wanted more in the last hour than before"},
		{"a rule", freshet.Reason{Code: "rule"}, nil, "by a rule"},
		{"nearby", freshet.Reason{Code: "nearby"}, nil, "near you"},
		{"explored", freshet.Reason{Code: "explore"}, nil, "hardly shown to anybody yet"},
		{"fallback", freshet.Reason{Code: "fallback"}, nil, "popular or new; nothing closer was found"},
		{"nothing to say", freshet.Reason{Code: "catalogue"}, nil, "from the catalogue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := serve.Words(&serve.Placed{Reason: c.reason, Liked: c.liked}, t0); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
