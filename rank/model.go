package rank

// Model scores rows. LR, FM and DeepFM are models. They are immutable, and safe for concurrent use.
type Model interface {
	// Schema says how rows are encoded for the model.
	Schema() *Schema

	// Predict writes the log-odds of a positive of each row of the batch to odds, which must have
	// a place for each. A row's value depends on that row alone: on no other of the batch, and not
	// on its place in it.
	Predict(b *Batch, odds []float32)

	// Explain writes what each field adds to the log-odds of some rows of the batch, beyond what it
	// adds for the mean of the batch's rows, to parts: field by field for the first of rows, then for
	// the next. It must have a place for each. The parts of a row sum to its log-odds less those of
	// the mean. It looks at the whole batch once, however many rows it is asked for.
	Explain(b *Batch, rows []int, parts []float32)
}
