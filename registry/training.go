package registry

// Training says how a ranker was made. It is absent of rankers of earlier releases.
type Training struct {
	Rate     float64    `json:"rate"`   // the share of negatives, or of exposures, that was kept
	Fields   []string   `json:"fields"` // in the order of the schema
	Heads    []Head     `json:"heads"`
	Ablation []Ablation `json:"ablation,omitempty"`
	Likeness *Likeness  `json:"likeness,omitempty"` // absent where the journal has no slates
}

// Likeness counts how rows compare with those that were served: see learn.Likeness.
type Likeness struct {
	Equal     int `json:"equal"`
	Different int `json:"different"`
	Anew      int `json:"anew"`
	Gone      int `json:"gone,omitempty"`
}

// Head says how well one head of a ranker predicts its signal: see learn.Fit. The measures are of rows
// newer than all that it was made of.
type Head struct {
	Signal      string   `json:"signal"`
	Kind        string   `json:"kind"`
	Rows        int      `json:"rows"`      // trained on
	Tuned       int      `json:"tuned"`     // rows newer than those, which said when to stop and how to calibrate
	Held        int      `json:"held"`      // rows newer than those, which measure
	Positives   int      `json:"positives"` // of Held
	Epochs      int      `json:"epochs"`
	Settings    string   `json:"settings,omitempty"` // of the learner
	Fields      int      `json:"fields"`
	Weights     int      `json:"weights"`
	AUC         float64  `json:"auc"`
	GAUC        float64  `json:"gauc"`
	LogLoss     float64  `json:"logloss"`
	Baseline    float64  `json:"baseline_logloss"`
	Calibration float64  `json:"calibration"`
	Error       float64  `json:"calibration_error"`
	Raw         float64  `json:"raw_error"`
	Steps       int      `json:"isotonic_steps,omitempty"` // of the calibration; absent: it is a line
	Doubts      []string `json:"doubts,omitempty"`
}

// Ablation says what a part of the rows is worth: what the first head measures without it.
type Ablation struct {
	Without string  `json:"without"` // the name of fields, or what they begin with
	AUC     float64 `json:"auc"`
	GAUC    float64 `json:"gauc"`
	LogLoss float64 `json:"logloss"`
}
