package learn

import (
	"cmp"
	"math"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// GateOptions say when an update is good enough. The zero value of a field is its default.
type GateOptions struct {
	Horizon   freshet.Duration // rows of how long are judged; 0 is 30 minutes
	Settle    freshet.Duration // rows younger than this are not judged yet: their positives are on the way; 0 is 1 minute
	Rows      int              // that a verdict needs; 0 is 500
	Positives int              // likewise; 0 is 20
	Alpha     float64          // probability of a wrong verdict, one-sided, 0 to 1; 0 is 0.01
	Off       float64          // how far calibration may be off, in log-odds, beyond that of the model; 0 is 0.1
}

func (o GateOptions) withDefaults() GateOptions {
	o.Horizon = cmp.Or(o.Horizon, 30*freshet.Minute)
	o.Settle = cmp.Or(o.Settle, freshet.Minute)
	o.Rows = cmp.Or(o.Rows, 500)
	o.Positives = cmp.Or(o.Positives, 20)
	o.Alpha = cmp.Or(o.Alpha, 0.01)
	o.Off = cmp.Or(o.Off, 0.1)
	return o
}

// gateParts is into how many parts the horizon is divided; what is older goes part by part.
const gateParts = 60

// gate compares forecasts with what came of them: those of what was learned, and of what was published,
// each with those of the model as it was trained, row by row. Every forecast is made before its row is
// learned from (prequential evaluation: Dawid, JRSS A 1984). A row counts as a negative until its
// positive comes, which then puts its part right, so that the sums are always those of the labels as
// they are known.
type gate struct {
	GateOptions
	parts []gatePart // by number of the part, in a ring
	mark  int64      // rows before this time are not judged
}

// gatePart is the rows of one part of the horizon.
type gatePart struct {
	number    int64 // of the part: its time by the length of a part
	rows      int64
	positives int64
	forecast  Figures // sums of probabilities and of log-losses
	lead      [2]lead // of what was published, of what was learned
}

// lead is how much less a log-loss is than that of the model: sums over rows.
type lead struct{ sum, squares float64 }

// Figures are sums over rows, by variant: of the model, of what was published, of what was learned.
type Figures struct {
	Expected [3]float64 // probabilities of a positive
	Loss     [3]float64
}

func newGate(o GateOptions) *gate {
	return &gate{GateOptions: o.withDefaults(), parts: make([]gatePart, gateParts)}
}

// clear forgets everything, and judges only rows from time t on.
func (g *gate) clear(t int64) {
	clear(g.parts)
	g.mark = t
}

func (g *gate) number(t int64) int64 { return t / max(1, int64(g.Horizon)/gateParts) }

// part is that of a time, nil when it is gone.
func (g *gate) part(t int64) *gatePart {
	n := g.number(t)
	part := &g.parts[((n%gateParts)+gateParts)%gateParts]
	switch {
	case t < g.mark || part.number > n:
		return nil
	case part.number < n || part.rows == 0:
		*part = gatePart{number: n}
	}
	return part
}

// add counts a row of time t that is, as far as is known, a negative.
func (g *gate) add(t int64, f Forecast) {
	part := g.part(t)
	if part == nil {
		return
	}
	part.rows++
	var loss [3]float64
	for v, odds := range f {
		loss[v] = softplus(float64(odds))
		part.forecast.Expected[v] += 1 / (1 + math.Exp(-float64(odds)))
		part.forecast.Loss[v] += loss[v]
	}
	for v := range part.lead {
		part.lead[v].add(loss[frozen]-loss[published+v], 1)
	}
}

// correct makes a positive of a row that was added with the same time and forecast.
func (g *gate) correct(t int64, f Forecast) {
	n := g.number(t)
	part := &g.parts[((n%gateParts)+gateParts)%gateParts]
	if t < g.mark || part.number != n || part.rows == 0 {
		return
	}
	part.positives++
	for v, odds := range f {
		part.forecast.Loss[v] -= float64(odds) // log(1 + e^−x) = log(1 + e^x) − x
	}
	for v := range part.lead {
		was := softplus(float64(f[frozen])) - softplus(float64(f[published+v]))
		part.lead[v].add(was, -1)
		part.lead[v].add(was-float64(f[frozen])+float64(f[published+v]), 1)
	}
}

func (l *lead) add(by, times float64) {
	l.sum += times * by
	l.squares += times * by * by
}

// softplus is log(1 + e^x), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// judgement is what the gate has to say at a time.
type judgement struct {
	rows, positives int64
	figures         Figures
	lead, bound     [2]float64 // mean and half the interval: of what was published, of what was learned
}

// judge sums up the rows of the horizon.
func (g *gate) judge(now int64) (j judgement) {
	var sums [2]lead
	last := g.number(now-int64(g.Settle)) - 1
	for i := range g.parts {
		part := &g.parts[i]
		if part.rows == 0 || part.number > last || part.number <= last-gateParts+1 {
			continue
		}
		j.rows, j.positives = j.rows+part.rows, j.positives+part.positives
		for v := range j.figures.Loss {
			j.figures.Expected[v] += part.forecast.Expected[v]
			j.figures.Loss[v] += part.forecast.Loss[v]
		}
		for v := range sums {
			sums[v].sum += part.lead[v].sum
			sums[v].squares += part.lead[v].squares
		}
	}
	for v := range sums {
		j.lead[v], j.bound[v] = sums[v].bound(float64(j.rows), g.Alpha)
	}
	return j
}

// bound is the mean of n differences and half the width of a confidence sequence about it: the
// asymptotic one of Waudby-Smith et al. ("Time-uniform central limit theory", 2021, Theorem 2.2), whose
// probability of a wrong verdict holds however often it is looked at, while rows gather; once the
// horizon drops the first of them it holds for each horizon alone. It is tightest at ten thousand rows.
func (l *lead) bound(n, alpha float64) (mean, half float64) {
	if n < 2 {
		return 0, math.Inf(1)
	}
	mean = l.sum / n
	variance := max(0, l.squares/n-mean*mean)
	const tightest = 1e4
	rho := (-2*math.Log(alpha) + math.Log(-2*math.Log(alpha)+1)) / tightest
	return mean, math.Sqrt(variance * 2 * (n*rho + 1) / (n * n * rho) * math.Log(1+math.Sqrt(n*rho+1)/(2*alpha)))
}

// enough reports that there are rows enough for a verdict.
func (g *gate) enough(j *judgement) bool {
	return j.rows >= int64(g.Rows) && j.positives >= int64(g.Positives)
}

// wins reports that what was learned is better than the model: its log-loss by more than its bound, and
// its calibration no worse than that of the model by more than Off.
func (g *gate) wins(j *judgement) bool {
	return g.enough(j) && j.lead[1] > j.bound[1] && j.off(learned) <= j.off(frozen)+g.Off
}

// loses reports that what was published is worse than the model.
func (g *gate) loses(j *judgement) bool {
	return g.enough(j) && (j.lead[0] < -j.bound[0] || j.off(published) > j.off(frozen)+2*g.Off)
}

// off is how far the positives that a variant expects are from those that came, in logarithms.
func (j *judgement) off(variant int) float64 {
	return math.Abs(math.Log((j.figures.Expected[variant] + 1) / (float64(j.positives) + 1)))
}

func (g *gate) pack(w *pack.Writer) {
	w.Int(g.mark)
	for i := range g.parts {
		p := &g.parts[i]
		w.Int(p.number)
		w.Int(p.rows)
		w.Int(p.positives)
		for v := range p.forecast.Loss {
			w.Float(p.forecast.Expected[v])
			w.Float(p.forecast.Loss[v])
		}
		for v := range p.lead {
			w.Float(p.lead[v].sum)
			w.Float(p.lead[v].squares)
		}
	}
}

func (g *gate) unpack(r *pack.Reader) {
	g.mark = r.Int()
	for i := range g.parts {
		p := gatePart{number: r.Int(), rows: r.Int(), positives: r.Int()}
		for v := range p.forecast.Loss {
			p.forecast.Expected[v], p.forecast.Loss[v] = r.Float(), r.Float()
		}
		for v := range p.lead {
			p.lead[v] = lead{r.Float(), r.Float()}
		}
		g.parts[i] = p
	}
}
