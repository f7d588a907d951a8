package stream

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
)

// TestQueue holds a queue against a slice.
func TestQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	var q queue
	var want []freshet.Position
	var batch []Entry
	var last, durable freshet.Position
	for range 20_000 {
		switch {
		case rng.IntN(2) == 0:
			var entries []Entry
			for range rng.IntN(20) {
				last++
				entries = append(entries, Entry{Position: last})
				want = append(want, last)
			}
			q.push(entries)
		default:
			durable += freshet.Position(rng.IntN(int(last-durable) + 1))
			n := 1 + rng.IntN(30)
			batch = q.take(batch[:0], n, durable)
			for i := range batch {
				if batch[i].Position != want[i] || want[i] > durable {
					t.Fatalf("took %d, want %d, and up to %d is durable", batch[i].Position, want[i], durable)
				}
			}
			want = want[len(batch):]
			if len(batch) < n && len(want) > 0 && want[0] <= durable {
				t.Fatalf("took %d of up to %d, though %d is durable", len(batch), n, want[0])
			}
		}
		for i := range q.entries[:q.head] {
			if q.entries[i].Position != 0 {
				t.Fatal("an entry that was taken is held on to")
			}
		}
	}
	if cap(q.entries) > 64<<10 {
		t.Errorf("room for %d entries, of which %d are queued", cap(q.entries), len(want))
	}
}

func TestTopics(t *testing.T) {
	var topics topics
	for i := range 3 * maxTopics {
		for _, name := range []string{"click", fmt.Sprint("name-", i), "click"} {
			if got := topics.of(name); got != freshet.Topic(name) {
				t.Fatalf("%q: %q, want %q", name, got, freshet.Topic(name))
			}
		}
		if len(topics.known) > maxTopics {
			t.Fatalf("%d topics are remembered", len(topics.known))
		}
	}
}
