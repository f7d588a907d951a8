package serve

import (
	"cmp"
	"math"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
)

// shot is the candidates of one request as they were ranked: what a model on trial, or one that is to
// be live, is asked once more.
type shot struct {
	key         freshet.Visitor
	visitor     uint32 // 0 as long as nothing is known of who it is
	time        int64  // q
	definitions string // hash of those that the rows were made under: under others they mean something else
	items       []uint32
	recall      []float64 // merged scores
	rows        []rank.Row
	wanted      int // of a question: the place in items of what was wanted, -1 when it is not there
}

// shotCandidates is how many candidates of a request are kept, those that recall puts first: what is
// wanted behind them is missed by every order alike.
const shotCandidates = 100

// takeShot copies what a request ranks, with rows made under these definitions. The candidates are in
// the order of recall's merge.
func takeShot(key freshet.Visitor, visitor uint32, q int64, definitions string, candidates []recall.Candidate, row func(i int) rank.Row) *shot {
	n := min(len(candidates), shotCandidates)
	s := &shot{key: key, visitor: visitor, time: q, definitions: definitions, items: make([]uint32, n), recall: make([]float64, n), rows: make([]rank.Row, n), wanted: -1}
	var all rank.Rows
	for i := range n {
		s.items[i], s.recall[i] = candidates[i].Item, candidates[i].Score
		r := row(i)
		all.Append(&r)
	}
	for i := range n {
		s.rows[i] = all.Row(i)
	}
	return s
}

// question notes what the visitor of a shot wanted next, within the attribution window, and reports
// whether it was anything. The state must stand still.
func (s *shot) question(st *fold.State) bool {
	if s.visitor == 0 { // the first thing that is known of them may have come since
		s.visitor = st.Visitor(s.key)
	}
	found := false
	for _, past := range st.Histories.Liked(s.visitor) { // newest first: the one that came first stays
		if past.Time <= s.time || past.Time-s.time > int64(attributionWindow) {
			continue
		}
		found, s.wanted = true, -1
		for i, item := range s.items {
			if item == past.Item {
				s.wanted = i
			}
		}
	}
	return found
}

// attributionWindow is how long after a slate something wanted counts for it, as in training.
const attributionWindow = 30 * freshet.Minute

// questionsAt is the k of the NDCG that orders are compared by.
const questionsAt = 10

// gain is the NDCG of the order that the scores give the candidates of a question, and its AUC: the
// share of the others that stand behind what was wanted, half of those that score alike. As in a slate,
// candidates without a number stand last, and equal ones in the order of recall. ok reports that what
// was wanted is among them.
func (s *shot) gain(scores []float64) (ndcg, auc float64, ok bool) {
	if s.wanted < 0 || len(scores) < 2 {
		return 0, 0, false
	}
	better, alike, before := 0, 0, 0
	for i, v := range scores {
		switch c := cmp.Compare(v, scores[s.wanted]); {
		case i == s.wanted:
		case c > 0:
			better++
		case c == 0:
			alike++
			if i < s.wanted {
				before++
			}
		}
	}
	if better+before < questionsAt {
		ndcg = 1 / math.Log2(float64(better+before)+2)
	}
	return ndcg, 1 - (float64(better)+float64(alike)/2)/float64(len(scores)-1), true
}

// answers is what orders make of the same questions.
type answers struct {
	own, live, recall, popular []float64 // NDCG, by question
	auc, liveAUC               []float64 // by question whose item was among the candidates
}

// ask puts questions to a bundle, and to the live one unless that is nil. popular says where an item
// stands in the order of what is popular, the first at 0; nil is of no interest.
func ask(questions []*shot, own, live *registry.Bundle, popular func(item uint32) (int, bool)) (a answers) {
	var odds, other, hot []float64
	for _, q := range questions {
		odds = resize(odds, len(q.rows))
		own.Odds(q.rows, odds)
		ndcg, auc, ok := q.gain(odds)
		a.own = append(a.own, ndcg)
		if live != nil {
			other = resize(other, len(q.rows))
			live.Odds(q.rows, other)
			was, liveAUC, _ := q.gain(other)
			a.live = append(a.live, was)
			if ok {
				a.auc, a.liveAUC = append(a.auc, auc), append(a.liveAUC, liveAUC)
			}
		}
		was, _, _ := q.gain(q.recall)
		a.recall = append(a.recall, was)
		hot = resize(hot, len(q.items))
		for i, item := range q.items {
			hot[i] = math.Inf(-1)
			if popular == nil {
				break
			}
			if place, ok := popular(item); ok {
				hot[i] = -float64(place)
			}
		}
		was, _, _ = q.gain(hot)
		a.popular = append(a.popular, was)
	}
	return a
}

func resize(list []float64, n int) []float64 {
	if cap(list) < n {
		return make([]float64, n)
	}
	return list[:n]
}

// ranking is what the answers say, in the words of a manifest.
func (a *answers) ranking() (r registry.Ranking) {
	against := func(other []float64) registry.Against { // all questions are about slates that were put in order here
		ahead, bound := eval.Ahead(a.own, other)
		return registry.Against{NDCG: mean(other), Ahead: ahead, Bound: bound, Ordered: 1}
	}
	r = registry.Ranking{K: questionsAt, Questions: len(a.own), NDCG: mean(a.own), Recall: against(a.recall), Popular: against(a.popular)}
	if a.live != nil {
		r.Live = against(a.live)
	}
	return r
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(max(1, len(list)))
}
