package rank

// Model scores rows. LR, FM and DeepFM are models. They are immutable, and safe for concurrent use.
type Model interface {
	// Schema says how rows are encoded for the model.
	Schema() *Schema

	// Predict writes the log-odds of a positive of each row of the batch to odds, which must have
	// a place for each. A row's value depends on that row alone: on no other of the batch, and not
	// on its place in it.
	Predict(b *Batch, odds []float32)

	// Explain writes what each field of a row adds to its log-odds, beyond what the field adds on
	// average over the batch, to parts, which must have a place for each field. The parts sum to
	// the log-odds of the row less those of the mean of the batch's rows.
	Explain(b *Batch, row int, parts []float32)
}
