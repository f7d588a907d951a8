package routetest

import (
	"math"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/recall"
)

func TestFault(t *testing.T) {
	past := recall.Past{Item: 8, Time: 90, Name: "like"}
	query := recall.Query{Text: "milk", Time: 95}
	req := &recall.Request{Time: 100, Recent: []recall.Past{past}, Queries: []recall.Query{query}, Skip: func(item uint32) bool { return item == 5 }}
	popular := recall.Because{Code: recall.Popular, Window: 60}
	of := func(item uint32, score float64, b recall.Because) recall.Proposal {
		return recall.Proposal{Item: item, Score: score, Because: b}
	}
	tests := []struct {
		name string
		got  []recall.Proposal
		want string // part of the fault, "" for none
	}{
		{"nothing", nil, ""},
		{"equal scores", []recall.Proposal{of(1, 2, popular), of(2, 2, popular)}, ""},
		{"other codes", []recall.Proposal{
			of(1, 2, recall.Because{Code: recall.LikeRecent, Item: 8, Event: "like", Time: 90}),
			of(2, 1, recall.Because{Code: recall.Newcomer, Time: 100}),
			of(3, 1, recall.Because{Code: recall.Catalogued, Time: 1}),
		}, ""},
		{"codes that came later", []recall.Proposal{
			of(1, 2, recall.Because{Code: recall.Similar, Item: 8, Event: "like", Time: 90}),
			of(2, 1, recall.Because{Code: recall.Searched, Query: "milk", Time: 95}),
			of(3, 1, recall.Because{Code: recall.Explored}),
		}, ""},
		{"a search of nobody's", []recall.Proposal{of(1, 1, recall.Because{Code: recall.Searched, Query: "milk", Time: 94})}, "nothing the visitor searched for"},
		{"a search for an item", []recall.Proposal{of(1, 1, recall.Because{Code: recall.Searched, Query: "milk", Time: 95, Item: 8})}, "a text and a time"},
		{"a trend of no time", []recall.Proposal{of(1, 1, recall.Because{Code: recall.Trending})}, "what trends has a window"},
		{"a rule with a time", []recall.Proposal{of(1, 1, recall.Because{Code: recall.Ruled, Time: 1})}, "its code says it all"},
		{"too many", []recall.Proposal{of(1, 4, popular), of(2, 3, popular), of(3, 2, popular), of(4, 1, popular)}, "at most 3"},
		{"no item", []recall.Proposal{of(0, 1, popular)}, "item 0"},
		{"an item nobody met", []recall.Proposal{of(11, 1, popular)}, "items are 1 to 10"},
		{"one twice", []recall.Proposal{of(1, 2, popular), of(2, 2, popular), of(1, 1, popular)}, "proposals 1 and 3 are both item 1"},
		{"one refused", []recall.Proposal{of(5, 1, popular)}, "Skip refuses"},
		{"no number", []recall.Proposal{of(1, math.NaN(), popular)}, "score NaN"},
		{"no end", []recall.Proposal{of(1, math.Inf(1), popular)}, "score +Inf"},
		{"worst first", []recall.Proposal{of(1, 1, popular), of(2, 2, popular)}, "less than the next"},
		{"no reason", []recall.Proposal{of(1, 1, recall.Because{})}, `unknown code ""`},
		{"what was never done", []recall.Proposal{of(1, 1, recall.Because{Code: recall.LikeRecent, Item: 8, Event: "click", Time: 90})}, "nothing the visitor did"},
		{"a window of a liking", []recall.Proposal{of(1, 1, recall.Because{Code: recall.LikeRecent, Item: 8, Event: "like", Time: 90, Window: 1})}, "has a window"},
		{"a popular item's item", []recall.Proposal{of(1, 1, recall.Because{Code: recall.Popular, Item: 8})}, "a window and nothing else"},
		{"born tomorrow", []recall.Proposal{of(1, 1, recall.Because{Code: recall.Newcomer, Time: 101})}, "not after the request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := fault(tt.got, req, 3, 10)
			if tt.want == "" && err != nil {
				t.Errorf("fault %v, want none", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("fault %v, want one that says %q", err, tt.want)
			}
		})
	}
}
