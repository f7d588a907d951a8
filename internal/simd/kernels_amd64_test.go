package simd

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// level is one set of kernels that this processor can run.
type level struct {
	name      string
	dot       func(a, b []float32) float32
	dotRows   func(dst, q, rows []float32)
	dotAt     func(dst, q, rows []float32, at []uint32)
	dotInt8   func(a, b []int8) int32
	dotAtInt8 func(dst []int32, q, rows []int8, at []uint32)
	scanInt8  func(dst []float32, q []int8, blocks []uint8, scales []float32)
	atLeast   func(mask []uint64, scores []float32, least float32)
}

// levels are the sets that there are beside the twins, and the one that is chosen.
func levels(t testing.TB) []level {
	all := []level{{"chosen", dot, dotRows, dotAt, dotInt8, dotAtInt8, scanInt8, atLeast}}
	if hasAVX2 {
		all = append(all, level{"AVX2", dotAVX2, dotRowsAVX2, dotAtAVX2, dotInt8AVX2, nil, scanInt8AVX2, atLeastAVX2})
	}
	if hasAVX512 {
		all = append(all, level{"AVX-512", dotAVX512, dotRowsAVX512, dotAtAVX512, nil, nil, nil, atLeastAVX512})
	}
	if hasVNNI {
		all = append(all, level{"VNNI", nil, nil, nil, dotInt8AVX512, dotAtInt8AVX512, scanInt8AVX512, nil})
	}
	if len(all) < 4 {
		t.Logf("%d of 4 levels can be tried on this processor", len(all))
	}
	return all
}

// checkLevels holds every level against the twins for vectors of k numbers and some rows.
func checkLevels(t *testing.T, rng *rand.Rand, k, rows, shift int, strange bool) {
	q, all := floats(rng, k, shift, strange), floats(rng, k*rows, shift/2, strange)
	at := make([]uint32, rng.IntN(2*rows+1))
	for i := range at {
		at[i] = uint32(rng.IntN(rows))
	}
	wantRows, wantAt := make([]float32, rows), make([]float32, len(at))
	dotRowsGo(wantRows, q, all)
	dotAtGo(wantAt, q, all, at)
	q8, all8 := words8(rng, k, shift, strange), words8(rng, k*rows, shift/2, strange)
	want8 := make([]int32, len(at))
	dotAtInt8Go(want8, q8, all8, at)

	for _, l := range levels(t) {
		if l.dot != nil {
			got := slices.Repeat([]float32{guard}, rows+lanes)
			l.dotRows(got[:rows], q, all)
			checkSame(t, l.name+" DotRows", k, got, wantRows)
			got = slices.Repeat([]float32{guard}, len(at)+lanes)
			l.dotAt(got[:len(at)], q, all, at)
			checkSame(t, l.name+" DotAt", k, got, wantAt)
			for i := range rows {
				if got := l.dot(q, all[i*k:][:k]); !same(got, wantRows[i]) {
					t.Fatalf("%s Dot of %d numbers is %v (%#x), want %v (%#x)", l.name, k, got, math.Float32bits(got), wantRows[i], math.Float32bits(wantRows[i]))
				}
			}
		}
		if l.dotInt8 != nil {
			for i, row := range at {
				if got := l.dotInt8(q8, all8[int(row)*k:][:k]); got != want8[i] {
					t.Fatalf("%s DotInt8 of %d numbers is %d, want %d", l.name, k, got, want8[i])
				}
			}
		}
		if l.dotAtInt8 != nil {
			got := slices.Repeat([]int32{77}, len(at)+lanes)
			if l.dotAtInt8(got[:len(at)], q8, all8, at); !slices.Equal(got[:len(at)], want8) {
				t.Fatalf("%s DotAtInt8 of %d rows of %d is %v, want %v", l.name, len(at), k, got, want8)
			}
			if got[len(at)] != 77 {
				t.Fatalf("%s DotAtInt8 of %d rows writes behind them", l.name, len(at))
			}
		}
	}
}

func checkSame(t *testing.T, name string, k int, got, want []float32) {
	t.Helper()
	for i := range want {
		if !same(got[i], want[i]) {
			t.Fatalf("%s: row %d of %d with %d numbers is %v (%#x), want %v (%#x)", name, i, len(want), k, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
	if got[len(want)] != guard {
		t.Fatalf("%s: %d rows of %d numbers write behind them", name, len(want), k)
	}
}

// TestLevelsAgree tries every length up to some registers, every number of rows up to two groups,
// and every alignment.
func TestLevelsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for k := range 150 {
		for _, strange := range []bool{false, true} {
			checkLevels(t, rng, k, 1+k%19, k%17, strange)
		}
	}
	for rows := range 19 {
		checkLevels(t, rng, 64, 1+rows, rows, false)
	}
	checkLevels(t, rng, 4099, 9, 1, true)
}

func FuzzLevelsAgree(f *testing.F) {
	f.Add(uint64(1), uint8(64), uint8(9), uint8(3), true)
	f.Add(uint64(2), uint8(0), uint8(1), uint8(0), false)
	f.Fuzz(func(t *testing.T, seed uint64, k, rows, shift uint8, strange bool) {
		checkLevels(t, rand.New(rand.NewPCG(seed, 5)), int(k), 1+int(rows)%40, int(shift)%20, strange)
	})
}

// FuzzDotBits takes the bits of the numbers from the fuzzer.
func FuzzDotBits(f *testing.F) {
	f.Add([]byte("\x00\x00\x80\x7f\x00\x00\x80\xff\x01\x00\x00\x00\xff\xff\x7f\x7f\x00\x00\xc0\x7f"), uint8(1))
	f.Fuzz(func(t *testing.T, bits []byte, shift uint8) {
		v := make([]float32, len(bits)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(bits[4*i:]))
		}
		from := min(int(shift), len(v)/2)
		a, b := v[from:][:len(v)/2], v[:len(v)/2]
		want := dotGo(a, b)
		for _, l := range levels(t) {
			if l.dot == nil {
				continue
			}
			if got := l.dot(a, b); !same(got, want) {
				t.Fatalf("%s Dot is %v (%#x), want %v (%#x)", l.name, got, math.Float32bits(got), want, math.Float32bits(want))
			}
		}
	})
}

// checkScan holds ScanInt8 against DotInt8 of the rows that PutRow wrote, and every level of it and
// of AtLeast against the twins.
func checkScan(t *testing.T, rng *rand.Rand, k, rows int, strange bool) {
	length, n := (k+3)&^3, (rows+BlockRows-1)&^(BlockRows-1)
	q, all := make([]int8, length), words8(rng, k*rows, 0, strange)
	copy(q, words8(rng, k, 0, strange))
	blocks := make([]uint8, n*length)
	scales := floats(rng, n, 1, strange)
	for i := range n {
		PutRow(blocks, length, i, all[min(i, rows-1)*k:][:k])
	}
	want := make([]float32, n)
	for i := range want {
		want[i] = float32(DotInt8(q[:k], all[min(i, rows-1)*k:][:k])) * scales[i]
	}
	got := make([]float32, n+1)
	got[n] = guard
	scanInt8Go(got[:n], q, blocks, scales)
	checkSame(t, "twin of ScanInt8", k, got, want)

	scores := floats(rng, (n+63)&^63, 3, strange)
	least := want[rng.IntN(n)]
	wantMask := make([]uint64, len(scores)/64)
	copy(scores, want)
	atLeastGo(wantMask, scores, least)
	for _, l := range levels(t) {
		if l.scanInt8 != nil {
			got := make([]float32, n+1)
			got[n] = guard
			l.scanInt8(got[:n], q, blocks, scales)
			checkSame(t, l.name+" ScanInt8", k, got, want)
		}
		if l.atLeast != nil {
			got := slices.Repeat([]uint64{0xABCD}, len(wantMask)+1)
			if l.atLeast(got[:len(wantMask)], scores, least); !slices.Equal(got[:len(wantMask)], wantMask) || got[len(wantMask)] != 0xABCD {
				t.Fatalf("%s AtLeast %v of %v is %x, want %x", l.name, least, scores, got, wantMask)
			}
		}
	}
}

func TestScanLevelsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	for k := range 140 {
		checkScan(t, rng, 1+k, 1+k%90, k%3 == 0)
	}
	checkScan(t, rng, 66_000, 1, true)
}

func FuzzScanLevelsAgree(f *testing.F) {
	f.Add(uint64(1), uint8(64), uint8(200), true)
	f.Fuzz(func(t *testing.T, seed uint64, k, rows uint8, strange bool) {
		checkScan(t, rand.New(rand.NewPCG(seed, 8)), 1+int(k), 1+int(rows), strange)
	})
}

// TestLargestAgrees holds Largest, with and without assembly, against a plain search.
func TestLargestAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for n := range 300 {
		scores, less := floats(rng, n, 1, n%2 == 0), floats(rng, n, 2, false)
		if n%3 == 0 {
			for i := range scores {
				scores[i], less[i] = float32(rng.IntN(4)), 0
			}
		}
		want, by := 0, float32(n%5)*0.37
		for i := range scores {
			d := float32(scores[i]*by) - less[i]
			if b := float32(scores[want]*by) - less[want]; d > b || b != b && d > float32(math.Inf(-1)) {
				want = i
			}
		}
		if n > 0 && !(float32(scores[want]*by)-less[want] > float32(math.Inf(-1))) {
			want = 0
		}
		for _, has := range []bool{hasAVX512, false} {
			func() {
				defer func(was bool) { hasAVX512 = was }(hasAVX512)
				hasAVX512 = has
				if got := Largest(scores, by, less); got != want {
					t.Fatalf("the largest of %d numbers is at %d, want %d (AVX-512: %v)", n, got, want, has)
				}
			}()
		}
	}
}

// TestIndexAgrees holds Index, by each kind of assembly and without, against a plain search; what is
// looked for stands behind the end of the list too.
func TestIndexAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 9))
	defer func(wide, narrow bool) { hasAVX512, hasAVX2 = wide, narrow }(hasAVX512, hasAVX2)
	for _, has := range [][2]bool{{hasAVX512, hasAVX2}, {false, hasAVX2}, {false, false}} {
		hasAVX512, hasAVX2 = has[0], has[1]
		for n := range 150 {
			all := make([]uint32, n+16)
			for range 20 {
				x, list := rng.Uint32N(200)<<24, all[:n:n]
				for i := range all {
					if all[i] = x; i < n {
						all[i] = rng.Uint32N(200) << 24
					}
				}
				if got, want := Index(list, x), slices.Index(list, x); got != want {
					t.Fatalf("%d of %d numbers is at %d, want %d (AVX-512: %v, AVX2: %v)", x, n, got, want, has[0], has[1])
				}
			}
		}
	}
}
