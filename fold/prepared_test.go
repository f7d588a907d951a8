package fold

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/stream"
)

// TestPreparedIsWhatApplyFinds: a state that expects a publication, one that does not, one that expects
// another one, and one where something else is in force end alike.
func TestPreparedIsWhatApplyFinds(t *testing.T) {
	patch := func(at uint32, by float32) [][]rank.Patch {
		return [][]rank.Patch{{{Bias: by, Index: []uint32{at + 2, at}, Weights: []float32{by, -by}}, {Bias: by, Index: []uint32{at + 1}, Weights: []float32{2 * by}}}}
	}
	proposals := []*Publication{
		{Name: "lr", Version: 1, SHA256: "ab", Number: 1, Verdict: Published, Changes: patch(3, 0.5)},
		{Name: "lr", Version: 1, SHA256: "ab", Number: 2, Verdict: Published, Changes: patch(4, 0.25)},
		{Name: "lr", Version: 1, SHA256: "ab", Number: 3, Verdict: Reverted},
		{Name: "lr", Version: 1, SHA256: "ab", Number: 4, Verdict: Published, Changes: patch(5, -1)},
	}
	state := func() *State {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Apply(&stream.Entry{Topic: "model", Position: 1, Model: []byte(`{"model":"lr","version":1,"sha256":"ab","by":"promoted"}`)})
		return s
	}
	expects, plain, other, elsewhere := state(), state(), state(), state()
	for i, p := range proposals {
		ready, err := Prepare(p, expects.Updates.Patches)
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := Prepare(&Publication{Name: "lr", Version: 1, SHA256: "ab", Number: p.Number, Verdict: Waiting}, expects.Updates.Patches)
		if err != nil {
			t.Fatal(err)
		}
		expects.Expect(ready)
		other.Expect(wrong)
		elsewhere.Expect(ready) // whose patches are others, though they say the same
		for _, s := range []*State{expects, plain, other, elsewhere} {
			s.Apply(&stream.Entry{Topic: "weights", Position: 2, Weights: append([]byte(nil), ready.Text()...)})
		}
		var record Publication
		if err := json.Unmarshal(ready.Text(), &record); err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]*State{"expects it": expects, "expects another": other, "has other patches": elsewhere} {
			u := s.Updates
			if known := s != other; (u.Proposed == p) != known {
				t.Errorf("publication %d, a state that %s: what was proposed is known: %v", i+1, name, !known)
			}
			if u.Proposed = nil; u.Last.Number != p.Number || !reflect.DeepEqual(u, plain.Updates) {
				t.Errorf("publication %d, a state that %s: in force is %+v, want %+v", i+1, name, u, plain.Updates)
			}
		}
		if p.Verdict == Published && Hash("ab", expects.Updates.Patches) != record.Weights {
			t.Errorf("publication %d: in force is not what its checksum says", i+1)
		}
	}
}
