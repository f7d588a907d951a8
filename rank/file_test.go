package rank_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
)

func fileOf(t testing.TB, r *rank.Ranker) []byte {
	t.Helper()
	data, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestTheFileIsTheRanker: what was written is read, heads, calibrations and all, and has these bytes.
func TestTheFileIsTheRanker(t *testing.T) {
	r := several(t)
	data := fileOf(t, r)
	again, err := rank.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fileOf(t, again), data) {
		t.Error("read and written again, the bytes differ")
	}
	for i := range r.Heads {
		was, now := r.Heads[i], again.Heads[i]
		was.Model, now.Model = nil, nil
		if fmt.Sprint(was) != fmt.Sprint(now) {
			t.Errorf("head %d was %v, is %v", i, was, now)
		}
	}
	rows := modeltest.Rows(rand.New(rand.NewPCG(8, 8)), 40)
	for i := range r.Heads {
		if was, now := modeltest.Predict(r.Heads[i].Model, rows), modeltest.Predict(again.Heads[i].Model, rows); fmt.Sprint(was) != fmt.Sprint(now) {
			t.Errorf("head %d scores otherwise", i)
		}
	}
	// Whoever changes the form gives it another version, and reads this one still.
	if sum := fmt.Sprintf("%x", sha256.Sum256(data)); sum != goldenSum {
		t.Errorf("the file of %d bytes has the sum %s", len(data), sum)
	}
}

const goldenSum = "9f58cae97aa87733b13afac7df24255b0e43c3ca1ac39ed6ffd8465254529f40"

// TestAFileThatIsCutIsRefused cuts everywhere, and adds a byte.
func TestAFileThatIsCutIsRefused(t *testing.T) {
	data := fileOf(t, several(t))
	for cut := range data {
		if _, err := rank.Read(data[:cut]); err == nil {
			t.Fatalf("cut at byte %d of %d it was read", cut, len(data))
		}
	}
	if _, err := rank.Read(append(bytes.Clone(data), 0)); err == nil {
		t.Error("with a byte more it was read")
	}
}

// TestNumbersThatAreNone puts hostile numbers where the parameters stand.
func TestNumbersThatAreNone(t *testing.T) {
	r := several(t)
	lr := r.Heads[0].Model.(*rank.LR)
	lr.Weights[5] = 1.5625 // in no other place
	data := fileOf(t, r)
	mark := binary.LittleEndian.AppendUint32(nil, math.Float32bits(1.5625))
	if bytes.Count(data, mark) != 1 {
		t.Fatalf("the mark stands in %d places", bytes.Count(data, mark))
	}
	for bits, want := range map[uint32]error{
		0x7fc00000: rank.ErrNonFinite, 0x7f800000: rank.ErrNonFinite, 0xff800000: rank.ErrNonFinite, 0x7f800001: rank.ErrNonFinite,
		1: rank.ErrNonFinite, 0x80000001: rank.ErrNonFinite, 0x007fffff: rank.ErrNonFinite,
		0x7f7fffff: rank.ErrRange, math.Float32bits(-50.01): rank.ErrRange, math.Float32bits(50): nil, 0: nil, 0x80000000: nil,
	} {
		_, err := rank.Read(bytes.Replace(data, mark, binary.LittleEndian.AppendUint32(nil, bits), 1))
		if want == nil && err != nil || !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", math.Float32frombits(bits), err, want)
		}
		if want != nil && !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("the error %q does not name %q", err, want)
		}
	}
	lr.Weights[5] = 1e-40
	if again, err := rank.Read(fileOf(t, r)); err != nil || again.Heads[0].Model.(*rank.LR).Weights[5] != 0 {
		t.Errorf("a weight that is nearly 0 is not written as 0 (%v)", err)
	}
}

// TestHeadersThatLie: sizes that the file does not have are refused, before there is room for them.
func TestHeadersThatLie(t *testing.T) {
	head := func(w *pack.Writer) { w.Text("freshet-ranker"); w.Uint(1) }
	field := func(w *pack.Writer, name string, kind rank.Kind) { w.Text(name); w.Text(string(kind)) }
	scaled := func(w *pack.Writer) { head(w); w.Len(1); field(w, "x", rank.Scaled); w.Float(0); w.Float(1) }
	click := func(w *pack.Writer, kind string) {
		scaled(w)
		w.Len(1)
		w.Text("click")
		w.Float(1)
		w.Text("")
		w.Float(0)
		w.Float(0)
		w.Len(0)
		w.Text(kind)
	}
	singles := func(w *pack.Writer, n int) {
		w.Len(n)
		for range n {
			w.Single(0)
		}
	}
	const huge = 1_000_000_000_000_000
	minus := uint64(math.MaxUint64)
	for name, build := range map[string]func(w *pack.Writer){
		"nothing":             func(w *pack.Writer) {},
		"another magic":       func(w *pack.Writer) { w.Text("freshet-vectors") },
		"a later version":     func(w *pack.Writer) { w.Text("freshet-ranker"); w.Uint(2) },
		"10^15 fields":        func(w *pack.Writer) { head(w); w.Uint(huge) },
		"-1 fields":           func(w *pack.Writer) { head(w); w.Uint(minus) },
		"no fields":           func(w *pack.Writer) { head(w); w.Len(0) },
		"a field of no kind":  func(w *pack.Writer) { head(w); w.Len(1); field(w, "x", "tree") },
		"10^15 knots":         func(w *pack.Writer) { head(w); w.Len(1); field(w, "x", rank.Spread); w.Uint(huge) },
		"10^15 words":         func(w *pack.Writer) { head(w); w.Len(1); field(w, "x", rank.Category); w.Uint(huge) },
		"10^15 lists crossed": func(w *pack.Writer) { head(w); w.Len(1); field(w, "x", rank.Cross); w.Uint(huge) },
		"five lists crossed": func(w *pack.Writer) {
			head(w)
			w.Len(1)
			field(w, "x", rank.Cross)
			w.Len(5)
			w.Bytes = append(w.Bytes, make([]byte, 50)...)
		},
		"10^15 heads":        func(w *pack.Writer) { scaled(w); w.Uint(huge) },
		"17 heads":           func(w *pack.Writer) { scaled(w); w.Len(17); w.Bytes = append(w.Bytes, make([]byte, 2000)...) },
		"no heads":           func(w *pack.Writer) { scaled(w); w.Len(0) },
		"a model of no kind": func(w *pack.Writer) { click(w, "tree"); w.Single(0) },
		"10^15 weights":      func(w *pack.Writer) { click(w, rank.KindLR); w.Single(0); w.Uint(huge) },
		"-1 weights":         func(w *pack.Writer) { click(w, rank.KindLR); w.Single(0); w.Uint(minus) },
		"a weight too many":  func(w *pack.Writer) { click(w, rank.KindLR); w.Single(0); singles(w, 3) },
		"vectors of 0":       func(w *pack.Writer) { click(w, rank.KindFM); w.Single(0); singles(w, 2); w.Uint(0); singles(w, 0) },
		"vectors of -1":      func(w *pack.Writer) { click(w, rank.KindFM); w.Single(0); singles(w, 2); w.Uint(minus); singles(w, 2) },
		"vectors of 10^15":   func(w *pack.Writer) { click(w, rank.KindFM); w.Single(0); singles(w, 2); w.Uint(huge); singles(w, 2) },
		"10^15 layers": func(w *pack.Writer) {
			click(w, rank.KindDeepFM)
			w.Single(0)
			singles(w, 2)
			w.Uint(1)
			singles(w, 2)
			w.Uint(huge)
		},
		"a layer of 0": func(w *pack.Writer) {
			click(w, rank.KindDeepFM)
			w.Single(0)
			singles(w, 2)
			w.Uint(1)
			singles(w, 2)
			w.Len(1)
			w.Uint(0)
			singles(w, 0)
			singles(w, 0)
		},
		"a layer of 10^15": func(w *pack.Writer) {
			click(w, rank.KindDeepFM)
			w.Single(0)
			singles(w, 2)
			w.Uint(1)
			singles(w, 2)
			w.Len(1)
			w.Uint(huge)
		},
		"no layers": func(w *pack.Writer) {
			click(w, rank.KindDeepFM)
			w.Single(0)
			singles(w, 2)
			w.Uint(1)
			singles(w, 2)
			w.Len(0)
		},
		"a cross of 10^15": func(w *pack.Writer) {
			head(w)
			w.Len(1)
			field(w, "x", rank.Cross)
			w.Len(2)
			w.Text("a")
			w.Text("b")
			w.Uint(huge)
		},
		"a cross of 16 M": func(w *pack.Writer) { bigCross(w, head, field) },
		"10^15 calibrated": func(w *pack.Writer) {
			scaled(w)
			w.Len(1)
			w.Text("click")
			w.Float(1)
			w.Text("")
			w.Float(0)
			w.Float(0)
			w.Uint(huge)
		},
		"an earlier one, torn": func(w *pack.Writer) { w.Bytes = []byte(`{"schema":{"fields":[`) },
	} {
		w := &pack.Writer{}
		build(w)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := rank.Read(w.Bytes)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s was read", name)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s took %d bytes to be refused", name, took)
		}
	}
}

// bigCross says that it has as many weights as a cross may have, and has none.
func bigCross(w *pack.Writer, head func(*pack.Writer), field func(*pack.Writer, string, rank.Kind)) {
	head(w)
	w.Len(3)
	field(w, "a", rank.Category)
	w.Len(0)
	field(w, "b", rank.Category)
	w.Len(0)
	field(w, "x", rank.Cross)
	w.Len(2)
	w.Text("a")
	w.Text("b")
	w.Uint(rank.MaxBuckets)
	w.Len(1)
	w.Text("click")
	w.Float(1)
	w.Text("")
	w.Float(0)
	w.Float(0)
	w.Len(0)
	w.Text(rank.KindLR)
	w.Single(0)
	w.Uint(rank.MaxBuckets + 5)
}

// earlier is a model as releases before this form kept it.
const earlier = `{"schema":{"fields":[{"name":"x","knots":[0,10]},{"name":"any","knots":[]}]},"bias":-1,"weights":[[-2,1,3],[0.5,0.25]]}` + "\n"

// TestModelsOfEarlierReleases: their JSON is read, and scores as it did.
func TestModelsOfEarlierReleases(t *testing.T) {
	r, err := rank.Read([]byte(earlier))
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for _, c := range []struct {
		x, any, want float64
	}{
		{0, 7, -1 + 1 + 0.25}, {10, 7, -1 + 3 + 0.25}, {5, 7, -1 + 2 + 0.25}, {2.5, 7, -1 + 1.5 + 0.25}, {-100, 7, -1 + 1 + 0.25},
		{math.Inf(1), 7, -1 + 3 + 0.25}, {nan, nan, -1 - 2 + 0.5},
	} {
		if got := modeltest.Predict(r.Heads[0].Model, []rank.Row{{Numbers: []float64{c.x, c.any}}})[0]; float64(got) != c.want {
			t.Errorf("%v, %v: %v, want %v", c.x, c.any, got, c.want)
		}
	}
	for name, change := range map[string][2]string{
		"cut off":              {"}\n", ""},
		"something after it":   {"}\n", "} {}"},
		"an unknown field":     {`"bias"`, `"code":"x","bias"`},
		"a huge weight":        {"-2,1,3", "-2,1,300"},
		"too few weights":      {"-2,1,3", "-2,1"},
		"weights of one field": {",[0.5,0.25]", ""},
		"knots that fall":      {"[0,10]", "[10,0]"},
		"a repeated name":      {`"any"`, `"x"`},
		"no fields":            {`"fields":[`, `"fields":[],"x":[`},
		"a word for a weight":  {"0.25", `"0.25"`},
	} {
		bad := strings.Replace(earlier, change[0], change[1], 1)
		if bad == earlier {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := rank.Read([]byte(bad)); err == nil {
			t.Errorf("%s was accepted: %s", name, bad)
		}
	}
}

// FuzzRead: whatever is read scores every row with a finite number, and is written as it was read.
func FuzzRead(f *testing.F) {
	s := modeltest.Schema(f)
	for _, m := range []rank.Model{makeLR(s, 0), makeFM(s, 0), makeDeepFM(s, 1)} {
		f.Add(fileOf(f, rank.Single("click", m)))
	}
	f.Add(fileOf(f, several(f)))
	f.Add([]byte(earlier))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := rank.Read(data)
		if err != nil {
			return
		}
		again, err := r.Bytes()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := rank.Read(again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		names := r.Schema().Names()
		row := rank.Row{Numbers: make([]float64, len(names.Numbers))}
		for range names.Words {
			row.Words = append(row.Words, 1, 2)
			row.End()
		}
		var kept rank.Rows
		var b rank.Batch
		kept.Append(&row)
		r.Schema().Encode(&b, &row)
		score := []float64{0}
		r.Score(&b, &kept, 0, make([]float32, 1), score)
		if math.IsNaN(score[0]) || math.IsInf(score[0], 0) {
			t.Errorf("a ranker that was accepted scores %v", score[0])
		}
	})
}
