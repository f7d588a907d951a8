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
	room := make([]Entry, 0, 31)
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
			batch = q.take(room, n, durable)
			for i := range batch {
				if batch[i].Position != want[i] || want[i] > durable {
					t.Fatalf("took %d, want %d, and up to %d is durable", batch[i].Position, want[i], durable)
				}
			}
			want = want[len(batch):]
			if len(batch) < n/2 && len(want) > 0 && want[0] <= durable {
				t.Fatalf("took %d of up to %d, though %d is durable", len(batch), n, want[0])
			}
		}
		for _, run := range q.runs[:q.head] {
			if run != nil {
				t.Fatal("entries that were taken are held on to")
			}
		}
	}
	if cap(q.runs) > 64<<10 {
		t.Errorf("room for %d runs, of which %d entries are queued", cap(q.runs), len(want))
	}
}

// TestLongQueue: what waits is not moved for every entry that comes when there is hardly room left.
func TestLongQueue(t *testing.T) {
	var q queue
	var last freshet.Position
	push := func() {
		last++
		q.push([]Entry{{Position: last}})
	}
	for len(q.runs) < 1<<12 || len(q.runs) < cap(q.runs) {
		push()
	}
	moves, most := 0, len(q.runs)
	for range most {
		had := q.head
		q.take(nil, 1, last)
		push()
		if q.head <= had {
			moves++
		}
	}
	if moves > 2 {
		t.Errorf("%d entries, as many came and went, and all were moved %d times", most, moves)
	}
	if cap(q.runs) > 3*most {
		t.Errorf("room for %d entries, of which %d are queued", cap(q.runs), most)
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
