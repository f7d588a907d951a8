package registry

import "fmt"

// Ranking says how well a ranker puts the catalogue in order, by what visitors wanted in the newest
// slice of the journal. A question is one of them: the visitor and the moment, all candidates as
// recall proposed them then, and the item that was wanted, which is missed by every order when recall
// did not propose it. All figures are of the same questions, of a model trained before them.
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

	// Of Live.

	Model   string `json:"model,omitempty"`
	Version int    `json:"version,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

// Worse reports that the ranker's order is worse beyond what chance explains.
func (a *Against) Worse() bool { return a.Ahead+a.Bound < 0 }

// fault says which order is better than the ranker's, nil for none.
func (r *Ranking) fault() *Fault {
	if r.Questions == 0 {
		return nil
	}
	say := func(code, what string, a *Against) *Fault {
		return faultf(code, "of what %d visitors wanted next, %s has an NDCG@%d of %.4f and the model %.4f: it is behind by %.4f ± %.4f", r.Questions, what, r.K, a.NDCG, r.NDCG, -a.Ahead, a.Bound)
	}
	switch {
	case r.Popular.Worse():
		return say(WorseThanPopularity, "the order of what is popular", &r.Popular)
	case r.Recall.Worse():
		return say(WorseThanRecall, "the order of recall", &r.Recall)
	}
	return nil
}

// Behind says that the ranker ranked worse at its training than the model of this checksum, nil when
// it did not or was not held against it. asked reports that it was.
func (r *Ranking) Behind(sha256 string) (fault *Fault, asked bool) {
	a := &r.Live
	if r.Questions == 0 || a.SHA256 == "" || a.SHA256 != sha256 {
		return nil, false
	}
	if !a.Worse() {
		return nil, true
	}
	return faultf(WorseThanLive, "of what %d visitors wanted next, %s has an NDCG@%d of %.4f and the model %.4f: it is behind by %.4f ± %.4f",
		r.Questions, fmt.Sprintf("%s version %d", a.Model, a.Version), r.K, a.NDCG, r.NDCG, -a.Ahead, a.Bound), true
}
