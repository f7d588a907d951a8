package modeltest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// Make returns a model over a schema. The same seed makes the same one.
type Make func(s *rank.Schema, seed uint64) rank.Model

// Test holds a model against the contract of rank.Model and of its file.
func Test(t *testing.T, make Make) {
	for seed := range uint64(5) {
		s := Schema(t)
		m := make(s, seed)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Run("bytes", func(t *testing.T) { sameBytes(t, m, make(s, seed), make(s, seed+100)) })
			t.Run("file", func(t *testing.T) { keepsItsScores(t, m) })
			t.Run("alone", func(t *testing.T) { rowsStandAlone(t, m) })
			t.Run("parts", func(t *testing.T) { partsSum(t, m) })
			t.Run("odd rows", func(t *testing.T) { oddRows(t, m) })
		})
	}
}

// Schema has a field of every kind.
func Schema(t testing.TB) *rank.Schema {
	t.Helper()
	s, err := rank.NewSchema([]rank.Field{
		{Name: "spread", Kind: rank.Spread, Knots: []float64{-1, 0, 0.5, 8}},
		{Name: "flat", Kind: rank.Spread},
		{Name: "bucket", Kind: rank.Bucket, Knots: []float64{0, 1}},
		{Name: "scaled", Kind: rank.Scaled, Mean: 2, Scale: 0.5},
		{Name: "log", Kind: rank.Log, Mean: 1, Scale: 1},
		{Name: "item.id", Kind: rank.Category, Tokens: tokens(1, 40)},
		{Name: "item.tags", Kind: rank.Category, Tokens: tokens(101, 120)},
		{Name: "feature.trail", Kind: rank.Sequence, Tokens: tokens(1, 40), Half: 2},
		{Name: "crossed", Kind: rank.Cross, Of: []string{"item.id", "item.tags"}, Buckets: 30},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tokens(from, to rank.Token) (list []rank.Token) {
	for token := from; token <= to; token++ {
		list = append(list, token)
	}
	return list
}

// Rows draws rows of Schema: some with unknown words, with none, or without a value.
func Rows(rng *rand.Rand, n int) []rank.Row {
	rows := make([]rank.Row, n)
	for i := range rows {
		row := &rows[i]
		for range 5 {
			v := 4*rng.NormFloat64() + 1
			if rng.IntN(6) == 0 {
				v = math.NaN()
			}
			row.Numbers = append(row.Numbers, v)
		}
		for _, list := range []struct{ from, words int }{{1, 1}, {101, 3}, {1, 5}} {
			for range rng.IntN(list.words + 1) {
				row.Words = append(row.Words, rank.Token(list.from+rng.IntN(50)))
			}
			row.End()
		}
	}
	return rows
}

// Predict is the log-odds of rows, all in one batch.
func Predict(m rank.Model, rows []rank.Row) []float32 {
	b := encode(m, rows)
	odds := make([]float32, len(rows))
	m.Predict(&b, odds)
	return odds
}

func encode(m rank.Model, rows []rank.Row) (b rank.Batch) {
	for i := range rows {
		m.Schema().Encode(&b, &rows[i])
	}
	return b
}

func sameBytes(t *testing.T, m, again, other rank.Model) {
	data := fileOf(t, m)
	if !bytes.Equal(data, fileOf(t, m)) {
		t.Error("written twice, the bytes differ")
	}
	if !bytes.Equal(data, fileOf(t, again)) {
		t.Error("the same seed makes other bytes")
	}
	if bytes.Equal(data, fileOf(t, other)) {
		t.Error("another seed makes the same bytes")
	}
}

func fileOf(t *testing.T, m rank.Model) []byte {
	t.Helper()
	data, err := rank.Single("click", m).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func keepsItsScores(t *testing.T, m rank.Model) {
	data := fileOf(t, m)
	r, err := rank.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Bytes(); err != nil || !bytes.Equal(data, again) {
		t.Errorf("read and written again, the bytes differ (%v)", err)
	}
	rows := Rows(rand.New(rand.NewPCG(1, 1)), 100)
	if was, now := Predict(m, rows), Predict(r.Heads[0].Model, rows); fmt.Sprint(was) != fmt.Sprint(now) {
		t.Errorf("the log-odds were\n%v, read again\n%v", was, now)
	}
}

// rowsStandAlone: whatever rows are beside it and wherever it stands, a row has the same log-odds, bit
// for bit.
func rowsStandAlone(t *testing.T, m rank.Model) {
	rng := rand.New(rand.NewPCG(2, 2))
	rows := Rows(rng, 150)
	whole := Predict(m, rows)
	order := rng.Perm(len(rows))
	mixed := make([]rank.Row, len(rows))
	for to, from := range order {
		mixed[to] = rows[from]
	}
	for to, odds := range Predict(m, mixed) {
		if odds != whole[order[to]] {
			t.Fatalf("row %d has %v at its place and %v at place %d", order[to], whole[order[to]], odds, to)
		}
	}
	for i := range rows {
		if alone := Predict(m, rows[i:i+1])[0]; alone != whole[i] {
			t.Fatalf("row %d has %v among others and %v alone", i, whole[i], alone)
		}
	}
	b, fields := encode(m, rows), len(m.Schema().Fields)
	for range 20 {
		from := rng.IntN(len(rows))
		to := from + rng.IntN(len(rows)-from) + 1
		part := b.Part(fields, from, to, nil)
		odds := make([]float32, to-from)
		m.Predict(&part, odds)
		if fmt.Sprint(odds) != fmt.Sprint(whole[from:to]) {
			t.Fatalf("rows %d to %d as a part of the batch have other log-odds", from, to)
		}
	}
}

// partsSum: what the parts of two rows differ by is what their log-odds differ by; rows asked for
// together have the parts that they have alone; and what is equal in all rows does nothing.
func partsSum(t *testing.T, m rank.Model) {
	rows := Rows(rand.New(rand.NewPCG(3, 3)), 60)
	for i := range rows {
		rows[i].Numbers[3] = 7 // the same in all
	}
	b, fields := encode(m, rows), len(m.Schema().Fields)
	odds := Predict(m, rows)
	asked := []int{5, 0, 59, 5, 17}
	parts := make([]float32, len(asked)*fields)
	m.Explain(&b, asked, parts)
	sum := func(parts []float32) (sum float64) {
		for _, part := range parts {
			sum += float64(part)
		}
		return sum
	}
	first := sum(parts[:fields])
	for i, row := range asked {
		own := parts[i*fields : (i+1)*fields]
		if got, want := sum(own)-first, float64(odds[row])-float64(odds[asked[0]]); math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("row %d: the parts say %v more than those of row %d, the log-odds %v", row, got, asked[0], want)
		}
		if math.Abs(float64(own[3])) > 1e-5 {
			t.Errorf("row %d: what is equal in all rows adds %v", row, own[3])
		}
		alone := make([]float32, fields)
		m.Explain(&b, []int{row}, alone)
		if fmt.Sprint(alone) != fmt.Sprint(own) {
			t.Errorf("row %d has the parts %v alone and %v among others", row, alone, own)
		}
	}
	// A batch of one row is its own mean.
	one := encode(m, rows[:1])
	m.Explain(&one, []int{0}, parts[:fields])
	for f, part := range parts[:fields] {
		if math.Abs(float64(part)) > 1e-5 {
			t.Errorf("field %d of the only row adds %v", f, part)
		}
	}
}

// oddRows: whatever a row holds, its log-odds are finite, and one without words or values has some.
func oddRows(t *testing.T, m rank.Model) {
	var rows []rank.Row
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324, math.Copysign(0, -1)} {
		row := rank.Row{}
		for range 5 {
			row.Numbers = append(row.Numbers, v)
		}
		for range 3 {
			row.End()
		}
		rows = append(rows, row)
	}
	unknown := rank.Row{Numbers: make([]float64, 5)}
	for range 3 {
		for word := range 200 {
			unknown.Words = append(unknown.Words, rank.Token(1<<40+word))
		}
		unknown.End()
	}
	for i, odds := range Predict(m, append(rows, unknown)) {
		if x := float64(odds); math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("odd row %d has the log-odds %v", i, odds)
		}
	}
}
