package learn

import (
	"math"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// mixing mixes the log-odds of a model that learns on the way with those of recall's score alone, a line
// in the logarithm of the score that learns beside it. How much the model says is chosen for what it
// earns: each choice is looked for in the order of every share, and the share whose NDCG@QuestionK was
// the highest lately is in force. The last share is the order of recall. A nil mixing mixes nothing.
type mixing struct {
	at          int     // of recall's score among the numbers
	mean, scale float64 // of its logarithm in the rows that fields are fitted to
	line        *FTRL   // shift and slope
	gain        [len(onlineShares)]float64
	own, scores []float64 // log-odds of the rows last scored
	room        []float64
}

// onlineShares are the shares of the model that are tried; of equals the first is taken.
var onlineShares = [...]float64{1, 0.7, 0.4, 0.2, 0}

// gainKept is what is left of a gain with each later choice: some thousand of them count.
const gainKept = 1 - 1./1024

func newMixing(names rank.Names) *mixing {
	at := slices.Index(names.Numbers, recallScore)
	if at < 0 {
		return nil
	}
	line := NewFTRL(2)
	line.L1, line.L2 = 0, 0
	return &mixing{at: at, line: line, scale: 1}
}

// fit finds what the logarithms of scores are measured by.
func (m *mixing) fit(rows *rank.Rows) {
	if m == nil {
		return
	}
	logs := make([]float64, rows.Len())
	for i := range logs {
		row := rows.Row(i)
		logs[i] = m.log(&row)
	}
	m.mean, m.scale = spreadOf(logs, false)
}

// log is the logarithm of a row's score, which is bounded from below.
func (m *mixing) log(row *rank.Row) float64 { return math.Log(max(leastScore, row.Numbers[m.at])) }

// leastScore is far below what the last proposal of the least route is worth.
const leastScore = 1e-9

func (m *mixing) x(row *rank.Row) float64 { return (m.log(row) - m.mean) * m.scale }

// learn takes in one row.
func (m *mixing) learn(row *rank.Row, label float32) {
	if m == nil {
		return
	}
	x := m.x(row)
	p := rank.Sigmoid(m.line.Weight(0) + float64(m.line.Weight(1)*x))
	m.line.Learn(0, p-float64(label))
	m.line.Learn(1, (p-float64(label))*x)
}

// score mixes log-odds of rows, and remembers them.
func (m *mixing) score(rows *rank.Rows, scores []float64) {
	if m == nil {
		return
	}
	m.own, m.scores = append(m.own[:0], scores...), m.scores[:0]
	slope := max(leastSlope, m.line.Weight(1)) // so that it never turns the order around
	for i := range scores {
		row := rows.Row(i)
		m.scores = append(m.scores, m.line.Weight(0)+float64(slope*m.x(&row)))
	}
	m.mix(scores, m.share())
}

const leastSlope = 1e-3

func (m *mixing) mix(scores []float64, share float64) {
	for i, x := range m.own {
		scores[i] = float64(share*x) + float64((1-share)*m.scores[i])
	}
}

// share is the model's part.
func (m *mixing) share() float64 {
	best := 0
	for i := range m.gain {
		if m.gain[i] > m.gain[best] {
			best = i
		}
	}
	return onlineShares[best]
}

// look finds the row last scored that was chosen in the order of every share.
func (m *mixing) look(chosen int) (note func()) {
	if m == nil {
		return nil
	}
	var gain [len(onlineShares)]float64
	m.room = slices.Grow(m.room[:0], len(m.own))[:len(m.own)]
	for i, share := range onlineShares {
		m.mix(m.room, share)
		gain[i] = gainAt(chosen, m.room)
	}
	return func() {
		for i, g := range gain {
			m.gain[i] = float64(gainKept*m.gain[i]) + g
		}
	}
}
