package mem_test

import (
	"errors"
	"math"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/store/storetest"
)

func TestTable(t *testing.T) { storetest.Run(t, mem.New) }

// A sweep that stands beyond the table would look at cells that there are not.
func TestUnpackRefusesASweepBeyondTheTable(t *testing.T) {
	for _, hand := range []uint64{1, 1 << 32, 1 << 63, math.MaxUint64} {
		var w pack.Writer
		w.Len(0)
		w.Uint(hand)
		r := pack.NewReader(w.Bytes)
		mem.New(1).Unpack(r)
		if err := r.Done(); !errors.Is(err, pack.ErrDamaged) {
			t.Errorf("at %d of 0: %v", hand, err)
		}
	}
}
