package codec

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand"
	"testing"
)

func scan(lit string) number {
	s := scanner{data: []byte(lit)}
	return s.number()
}

// randomNumber is a literal near the grammar of numbers, and not always in it.
func randomNumber(rng *rand.Rand) string {
	const most = "00112359-+..eE"
	b := []byte{"0123456789-"[rng.Intn(11)]}
	for range rng.Intn(24) {
		b = append(b, most[rng.Intn(len(most))])
	}
	return string(b)
}

// encoding/json is the oracle of the grammar, math/big that of the values.
func TestNumberOracle(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	good := 0
	for range 200_000 {
		lit := randomNumber(rng)
		n := scan(lit)
		if (n.fault == "") != json.Valid([]byte(lit)) {
			t.Fatalf("%s: fault %q, json says %v", lit, n.fault, json.Valid([]byte(lit)))
		}
		if n.fault != "" {
			continue
		}
		good++
		checkValues(t, &n)
	}
	if good < 10_000 {
		t.Errorf("only %d literals are numbers", good)
	}
}

func checkValues(t *testing.T, n *number) {
	t.Helper()
	v, ok := n.int()
	f, exact, fault := n.float()
	if len(n.lit) > 20 && !n.integer {
		// big.Rat expands exponents; the literals of this length have huge ones.
		if e := n.overflows(); e != (fault != "") {
			t.Errorf("%s: overflows %v, fault %q", n.lit, e, fault)
		}
		return
	}
	var exponent int
	if _, scale := n.decimal(nil); scale > 400 || scale < -400 {
		exponent = scale
	}
	if exponent != 0 {
		return
	}
	rat, _ := new(big.Rat).SetString(string(n.lit))
	wantInt := rat.IsInt() && rat.Num().IsInt64()
	if ok != wantInt || ok && v != rat.Num().Int64() {
		t.Errorf("%s: int %d %v, want %v %v", n.lit, v, ok, rat, wantInt)
	}
	want, isExact := rat.Float64()
	if math.IsInf(want, 0) != (fault != "") {
		t.Errorf("%s: fault %q, want %v", n.lit, fault, want)
	}
	if fault == "" && (f != want || math.Signbit(f) && f == 0 || n.integer && exact != isExact || !n.integer && !exact) {
		t.Errorf("%s: float %v exact %v, want %v %v", n.lit, f, exact, want, isExact)
	}
}

func TestNumberEdges(t *testing.T) {
	for _, lit := range []string{"0", "-0", "-0.0", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616",
		"1e18", "1e19", "9.223372036854775807e18", "9223372036854775808e0", "10e-1", "100e-3", "1.0e0", "0e999", "0.0e-999", "5e-324", "1e-400", "1e308", "1e309", "-1e309",
		"1000000000000000000000000000000", "1.7976931348623157e308", "1.7976931348623159e308"} {
		n := scan(lit)
		if n.fault != "" {
			t.Errorf("%s: %s", lit, n.fault)
			continue
		}
		checkValues(t, &n)
	}
}
