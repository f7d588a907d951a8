package learn

import (
	"testing"

	"github.com/freshet-rec/freshet"
)

// TestDelayedPositives measures both corrections where positives take three minutes on average, within
// a window of ten, and the taste turns every quarter of an hour: what the learned model loses by the
// truth, beyond what the truth itself does. Fake negatives learn a taste as it is shown, and must lose
// less than waiting, which learns a window later.
func TestDelayedPositives(t *testing.T) {
	loss := func(d Delay, every int) float64 {
		sum := 0.0
		for seed := range uint64(3) {
			o := UpdaterOptions{Delay: d, Window: 10 * freshet.Minute, VisitorRows: 1 << 20, VisitorMoves: 1e9, ItemMoves: 1e9, ItemRows: 1 << 30}
			k := newKiosk(t, "lr", o, 11+seed)
			k.delay = float64(3 * freshet.Minute)
			for n := range 7200 {
				if n%every == 0 {
					k.turn()
				}
				if n == 1800 {
					k.perRow()
					k.best = 0
				}
				k.visit()
			}
			sum += k.loss/float64(k.rows) - k.best/float64(k.rows)
		}
		return sum / 3
	}
	for _, c := range []struct {
		what  string
		every int
	}{{"tastes turn every 15 minutes", 900}, {"tastes stay", 1 << 30}} {
		fake, wait := loss(FakeNegatives, c.every), loss(Wait, c.every)
		t.Logf("%s: fake negatives lose %.4f a row, waiting %.4f", c.what, fake, wait)
		if c.every == 900 && fake > wait*0.9 {
			t.Errorf("%s: fake negatives lose %.4f a row, waiting %.4f", c.what, fake, wait)
		}
	}
}
