package rank

// Batch is rows in the form that models read and learn from: for each row, and each field of it,
// the numbers of the weights that count and how much each does. The zero Batch is empty and ready;
// rows are appended by Schema.Encode, all of the same schema.
type Batch struct {
	Index []uint32  // of a weight, counted over all fields
	Value []float32 // how much it counts; never 0
	Ends  []uint32  // by row, then by field: where its entries in Index and Value end
}

// Reset empties the batch and keeps its room.
func (b *Batch) Reset() { b.Index, b.Value, b.Ends = b.Index[:0], b.Value[:0], b.Ends[:0] }

// Rows is how many rows of a schema with so many fields there are.
func (b *Batch) Rows(fields int) int { return len(b.Ends) / fields }

// Entries are those of one field of a row with so many fields. The slices are the batch's own.
func (b *Batch) Entries(fields, row, field int) ([]uint32, []float32) {
	at := row*fields + field
	from := uint32(0)
	if at > 0 {
		from = b.Ends[at-1]
	}
	return b.Index[from:b.Ends[at]], b.Value[from:b.Ends[at]]
}

// Row are all entries of a row with so many fields.
func (b *Batch) Row(fields, row int) ([]uint32, []float32) {
	from := uint32(0)
	if row > 0 {
		from = b.Ends[row*fields-1]
	}
	to := b.Ends[(row+1)*fields-1]
	return b.Index[from:to], b.Value[from:to]
}

// Part is the rows from one up to another, of so many fields each. It shares the entries of the
// batch; ends is room for its Ends, which replaces what is in it.
func (b *Batch) Part(fields, from, to int, ends []uint32) Batch {
	begin := uint32(0)
	if from > 0 {
		begin = b.Ends[from*fields-1]
	}
	end := begin
	ends = ends[:0]
	for _, end = range b.Ends[from*fields : to*fields] {
		ends = append(ends, end-begin)
	}
	return Batch{Index: b.Index[begin:end], Value: b.Value[begin:end], Ends: ends}
}

func (b *Batch) add(index uint32, value float32) {
	if value != 0 {
		b.Index, b.Value = append(b.Index, index), append(b.Value, value)
	}
}

func (b *Batch) end() { b.Ends = append(b.Ends, uint32(len(b.Index))) }
