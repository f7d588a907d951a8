package window

// Run is some events that are added to cells of one kind, one after the other: what an Add costs
// beside the arithmetic is paid once. All are of one length, at most MaxRun. No event is Beyond, and
// of a decayed sum each adds 1.
type Run struct {
	Records [][]uint64 // in which the cells are; one may come more than once
	Times   []int64
	Lanes   []uint8 // of each event as in a Sample, 0 when it is not to be added; nil is 1 of each
}

// MaxRun is the length of the longest Run.
const MaxRun = 64

// lanes are those of event i.
func (r *Run) lanes(i int) uint8 {
	if r.Lanes == nil {
		return 1
	}
	return r.Lanes[i]
}
