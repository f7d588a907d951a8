package bound

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

// start starts a program, or skips the test where there is no compiler.
func start(t *testing.T, name string, input []byte) *Process {
	t.Helper()
	p, err := Start(t.Context(), name, input)
	if errors.Is(err, ErrNoCompiler) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRank scores one row of two fields by hand: −1 + 2·0.5 + 3·2, and ⟨v, w⟩·0.5·2 over 16 dimensions
// of 1 and 2.
func TestRank(t *testing.T) {
	var in []byte
	ints := func(list ...uint32) {
		for _, v := range list {
			in = binary.LittleEndian.AppendUint32(in, v)
		}
	}
	floats := func(n int, v float32) {
		for range n {
			ints(math.Float32bits(v))
		}
	}
	ints(1, 2, 16, 2, 2, 2)
	ints(32, 32, 32, 1)
	ints(1, 0)
	floats(1, -1)
	floats(1, 2)
	floats(1, 3)
	floats(16, 1)
	floats(16, 2)
	floats(32*32, 0.01) // a first layer of 0.01·(16·1·0.5 + 16·2·2) + 0.1
	floats(32, 0.1)
	floats(32, 0.5)
	floats(1, 0.25)
	ints(0, 1)
	floats(1, 0.5)
	floats(1, 2)
	ints(1, 2)
	p := start(t, "rank", in)
	deep := 0.25 + 32*0.5*(0.01*(8+64)+0.1)
	for what, want := range map[string]float64{"lr": 6, "fm": 38, "deepfm": 38 + deep, "shared": 38 + deep, "halves": 38 + deep} {
		got := make([]float32, 1)
		if err := p.Floats(what, got); err != nil || math.Abs(float64(got[0])-want) > 1e-4 {
			t.Errorf("%s is %v, want %v: %v", what, got[0], want, err)
		}
		if least, middle, err := p.Time(what, 5); err != nil || least > middle {
			t.Errorf("%s takes %v, %v at the middle: %v", what, least, middle, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestInputTooShort(t *testing.T) {
	p := start(t, "rank", []byte{1, 0, 0, 0})
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "too short") {
		t.Errorf("half an input ends with %v", err)
	}
}

func TestNoSuchProgram(t *testing.T) {
	if _, err := Start(t.Context(), "none", nil); err == nil {
		t.Error("a program that there is not was started")
	}
}

// TestTrain learns one row of one weight by hand: label 1 at odds 0, so that the gradient is −½.
func TestTrain(t *testing.T) {
	var in []byte
	ints := func(list ...uint32) {
		for _, v := range list {
			in = binary.LittleEndian.AppendUint32(in, v)
		}
	}
	floats := func(list ...float32) {
		for _, v := range list {
			ints(math.Float32bits(v))
		}
	}
	ints(1, 2, 1, 1)
	floats(0.1, 1, 0.125, 1) // FTRL: z = −½, √n = ½, so (½ − ⅛) / ((1 + ½)/0.1 + 1) for the weight
	floats(0.3, 0, 0.5)      // AdaGrad: 0.3·½ / √(½ + ¼) for bias and weight; one vector has no pair
	floats(0.1, 0.2)
	ints(0)
	floats(1)
	ints(1)
	floats(1)
	p := start(t, "train", in)
	step := 0.15 / math.Sqrt(0.75)
	for what, want := range map[string][]float64{"lr": {0.5 / 15, 0.375 / 16}, "fm": {step, step, 0.1, 0.2}} {
		got := make([]float32, len(want))
		if err := p.Floats(what, got); err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if math.Abs(float64(v)-want[i]) > 1e-6 {
				t.Errorf("%s learns %v, want %v", what, got, want)
			}
		}
		if least, middle, err := p.Time(what, 5); err != nil || least > middle {
			t.Errorf("a pass of %s takes %v, %v at the middle: %v", what, least, middle, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
