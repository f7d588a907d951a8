package fold_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/stream"
)

// refolded are the sections that Carry folds from the journal.
var refolded = strings.Fields("features histories itemcf popular new search similar explore trending geo rule acts events slates ledger shown watched")

// ahead are those of them that come out otherwise because entries and items are known from the first.
var ahead = []string{"features", "watched", "explore", "ledger"}

// TestCarry: a state of which a former release kept some parts otherwise has the others as they were,
// and those as the rest of the journal makes them; when that is all of it, nothing is lost but what the
// catalogue was. What follows is a function of the journal again.
func TestCarry(t *testing.T) {
	for seed := range uint64(6) {
		p := &player{rng: rand.New(rand.NewPCG(seed, 9)), now: t0}
		live := whole(t)
		var entries []*stream.Entry
		for range 1500 {
			e := p.next(t)
			live.Apply(e)
			entries = append(entries, e)
		}
		text := packed(live)
		for _, lacks := range [][]string{{}, {"itemcf"}, {"watched"}, {"learned", "rule"}, refolded} {
			for _, first := range []int{0, 700, len(entries)} {
				former, err := fold.ReadPacked(text)
				if err != nil {
					t.Fatal(err)
				}
				former.Age(lacks...)
				former, err = fold.ReadPacked(former.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				rest := whole(t)
				if err := rest.Number(former); err != nil {
					t.Fatal(err)
				}
				for _, e := range entries[first:] {
					rest.Apply(e)
				}
				carried := whole(t)
				if err := carried.Carry(former, p.last, rest, 1+entries[0].Position); err != nil {
					t.Fatalf("seed %d, without %q: %v", seed, lacks, err)
				}
				got, err := fold.ReadPacked(packed(carried))
				if err != nil {
					t.Fatal(err)
				}
				want, _ := fold.ReadPacked(text)
				for _, name := range append(slices.Clone(refolded), "items", "visitors", "users", "models") {
					gone := slices.Contains(lacks, name) || name == "features" && slices.Contains(lacks, "watched")
					if equal := bytes.Equal(got.Data(name), want.Data(name)); !equal && (!gone || first == 0 && !slices.Contains(ahead, name)) {
						t.Errorf("seed %d, without %q from %d on: %s differs", seed, lacks, first, name)
					}
				}
				begun := carried.Begun()
				for _, one := range begun {
					if !slices.Contains(lacks, one.Part) && one.Part != "features" {
						t.Errorf("without %q, %s begins at %s", lacks, one.Part, one.Position)
					}
				}
				if len(begun) < len(lacks) {
					t.Errorf("without %q only %v begin later", lacks, begun)
				}
				again := whole(t)
				r := pack.NewReader(packed(carried))
				again.Unpack(r)
				if err := r.Done(); err != nil {
					t.Fatal(err)
				}
				on := &player{rng: rand.New(rand.NewPCG(seed, 10)), now: p.now, last: p.last}
				for range 200 {
					e := on.next(t)
					carried.Apply(e)
					again.Apply(e)
				}
				if !bytes.Equal(packed(carried), packed(again)) {
					t.Errorf("seed %d, without %q: read again it goes on otherwise", seed, lacks)
				}
			}
		}
	}
}
