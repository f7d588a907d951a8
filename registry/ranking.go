package registry

import (
	"cmp"
	"fmt"
)

// Ranking says how well a ranker puts the catalogue in order, by what visitors wanted in the newest
// slice of the journal. A question is one of them: the visitor and the moment, all candidates as
// recall proposed them then, and the item that was wanted, which is missed by every order of candidates
// when recall did not propose it; the order of popularity is that of the whole catalogue. Nothing is
// sampled. All figures are of a model trained before the questions.
type Ranking struct {
	K         int     `json:"k"`             // the figures are NDCG@K, means over questions
	Questions int     `json:"questions"`     // asked
	Found     float64 `json:"found"`         // share of them whose item recall proposed
	NDCG      float64 `json:"ndcg"`          // of the ranker's order
	Recall    Against `json:"recall"`        // the order of recall
	Popular   Against `json:"popular"`       // the order of what was popular then
	Live      Against `json:"live,omitzero"` // that of the model which was live at the training's end; absent: none was
}

// Against is another order of the same questions.
type Against struct {
	NDCG  float64 `json:"ndcg"`
	Ahead float64 `json:"ahead"` // mean over questions of the ranker's NDCG less this one's
	Bound float64 `json:"bound"` // the mean lies within Ahead ± Bound with a confidence of 95 %

	// Questions are those of it: the ones about slates that this order did not make itself, since what
	// stands first is seen first. Absent, of earlier releases: all.
	Questions int `json:"questions,omitempty"`
	// Elsewhere is the share of them about slates whose order nobody here knows, and which may have been
	// this one.
	Elsewhere float64 `json:"elsewhere,omitempty"`
	// Ordered is the share of them about slates where what was wanted stood in its place by an order,
	// known here or not, and not by lot: of two others that order favours the one that is more like it.
	// Absent in earlier releases.
	Ordered float64 `json:"ordered,omitempty"`

	// Of Live.

	Model   string `json:"model,omitempty"`
	Version int    `json:"version,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

// Worse reports that the ranker's order is worse beyond what chance explains, and, as far as something
// stood in its place by an order, beyond what being seen first may explain.
func (a *Against) Worse() bool {
	return a.Ahead+a.Bound < -(seenElsewhere*a.Elsewhere+seenFirst*max(0, a.Ordered-a.Elsewhere))*a.NDCG
}

// The parts of an order's NDCG by which a ranker may be behind it on slates that were put in order. What
// stood first there was seen first, and wanted more often for that: so by an order that may have been
// this one, as in a shop that showed what is popular, which would refuse every ranker otherwise; and by
// one that may have been more like it than like the ranker. Guesses.
const (
	seenElsewhere = 0.5
	seenFirst     = 0.25
)

// LeastQuestions is of how many an order can be said to be worse: a bound by the law of means is none of
// a handful.
const LeastQuestions = 50

// asked is how many questions another order was asked.
func (r *Ranking) asked(a *Against) int { return cmp.Or(a.Questions, r.Questions) }

// worse says that an order is better than the ranker's, nil when it is not, or too little was asked.
func (r *Ranking) worse(code, what string, a *Against) *Fault {
	if r.asked(a) < LeastQuestions || !a.Worse() {
		return nil
	}
	return faultf(code, "of what %d visitors wanted next, %s has an NDCG@%d of %.4f and the model %.4f: it is behind by %.4f ± %.4f", r.asked(a), what, r.K, a.NDCG, a.NDCG+a.Ahead, -a.Ahead, a.Bound)
}

// fault says which order is better than the ranker's, nil for none.
func (r *Ranking) fault() *Fault {
	if f := r.worse(WorseThanPopularity, "the order of what is popular", &r.Popular); f != nil {
		return f
	}
	return r.worse(WorseThanRecall, "the order of recall", &r.Recall)
}

// Behind says that the ranker ranked worse at its training than the model of this checksum, nil when
// it did not or was not held against it. asked reports that it was.
func (r *Ranking) Behind(sha256 string) (fault *Fault, asked bool) {
	a := &r.Live
	if a.SHA256 == "" || a.SHA256 != sha256 || r.asked(a) < LeastQuestions {
		return nil, false
	}
	return r.worse(WorseThanLive, fmt.Sprintf("%s version %d", a.Model, a.Version), a), true
}
