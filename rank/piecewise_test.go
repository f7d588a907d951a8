package rank

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func sample() *Piecewise {
	return &Piecewise{Schema: Knotted{Fields: []Curve{{Name: "x", Knots: []float64{0, 10}}, {Name: "any", Knots: []float64{}}}}, Bias: -1,
		Weights: [][]float64{{-2, 1, 3}, {0.5, 0.25}}}
}

func TestLogOdds(t *testing.T) {
	m := sample()
	nan := math.NaN()
	for _, c := range []struct {
		row  []float64
		want float64
	}{
		{[]float64{0, 7}, -1 + 1 + 0.25},
		{[]float64{10, 7}, -1 + 3 + 0.25},
		{[]float64{5, 7}, -1 + 2 + 0.25},
		{[]float64{2.5, 7}, -1 + 1.5 + 0.25},
		{[]float64{-100, 7}, -1 + 1 + 0.25},
		{[]float64{math.Inf(1), 7}, -1 + 3 + 0.25},
		{[]float64{nan, nan}, -1 - 2 + 0.5},
	} {
		if got := m.LogOdds(c.row); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("LogOdds(%v) = %v, want %v", c.row, got, c.want)
		}
		sum := m.Bias
		for _, part := range m.Explain(c.row, nil) {
			sum += part
		}
		if math.Abs(sum-c.want) > 1e-12 {
			t.Errorf("the parts of %v sum to %v, want %v", c.row, sum, c.want)
		}
		if p := m.Score(c.row); math.Abs(p-1/(1+math.Exp(-c.want))) > 1e-12 {
			t.Errorf("Score(%v) = %v", c.row, p)
		}
	}
}

// Between its knots a field is the straight line through its weights.
func TestSpreadIsLinear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	f := Curve{Knots: []float64{-3, 0, 0.5, 8}}
	for range 10_000 {
		v := rng.Float64()*14 - 5
		i, part := f.Spread(v)
		if i < 1 || i > len(f.Knots) || part < 0 || part >= 1 || part > 0 && i == len(f.Knots) {
			t.Fatalf("Spread(%v) = %d, %v", v, i, part)
		}
		at := f.Knots[i-1]
		if part > 0 {
			at += part * (f.Knots[i] - f.Knots[i-1])
		}
		if want := min(8, max(-3, v)); math.Abs(at-want) > 1e-12 {
			t.Fatalf("Spread(%v) stands for %v", v, at)
		}
	}
}

func TestReadWhatWasWritten(t *testing.T) {
	text, err := sample().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := m.Bytes(); err != nil || !bytes.Equal(again, text) {
		t.Errorf("written again: %s, %v", again, err)
	}
}

func TestReadRefuses(t *testing.T) {
	good, err := sample().Bytes()
	if err != nil {
		t.Fatal(err)
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
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := Read([]byte(bad)); err == nil {
			t.Errorf("%s was accepted: %s", name, bad)
		}
	}
}

func TestDiffers(t *testing.T) {
	m := sample()
	for want, names := range map[string][]string{"": {"x", "any"}, "another order": {"any", "x"}, `needs "any"`: {"x"}, `does not know "y"`: {"x", "any", "y"}} {
		got := m.Schema.Differs(names)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("Differs(%v) = %q, want %q", names, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	good, err := sample().Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"schema":{"fields":[]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Read(text)
		if err != nil {
			return
		}
		row := make([]float64, len(m.Schema.Fields))
		if p := m.Score(row); !(p >= 0 && p <= 1) {
			t.Errorf("a model that was accepted scores %v", p)
		}
	})
}
