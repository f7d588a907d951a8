package learn

// chunkRows is how many rows of a batch are one task. It decides the order in which sums over rows
// are added up, and with it their last bits.
const chunkRows = 256

// chunks is how many tasks n rows are.
func chunks(n int) int { return (n + chunkRows - 1) / chunkRows }

// chunk is the range of rows of a task.
func chunk(task, n int) (from, to int) { return task * chunkRows, min(n, (task+1)*chunkRows) }
