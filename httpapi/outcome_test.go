package httpapi

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
)

// TestAppendOutcome: the text made by hand is what encoding/json makes.
func TestAppendOutcome(t *testing.T) {
	most := freshet.Position(math.MaxUint64)
	first := freshet.Position(1)
	for name, c := range map[string]counts{
		"nothing":       {},
		"one":           {Accepted: 1, Position: &first},
		"all different": {Accepted: 1000, Duplicate: 200, Refused: 30, Late: 4, Position: &most},
		"no position":   {Duplicate: 12},
		"relaxed":       {Accepted: 1, Position: &first, Durability: "relaxed"},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := json.Marshal(&eventsReply{c, []codec.Problem{}})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(appendOutcome(nil, &c)); got != string(want)+"\n" {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
