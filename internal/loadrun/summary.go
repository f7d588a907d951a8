package main

import (
	"sync"
	"time"
)

// summary is the one line that the command prints. Events are counted, not requests; late
// ones are within accepted.
type summary struct {
	Posted       int     `json:"posted"`
	Accepted     int     `json:"accepted"`
	Duplicate    int     `json:"duplicate"`
	Refused      int     `json:"refused"`
	Late         int     `json:"late"`
	Rows         int     `json:"rows"`          // kept
	Changes      int     `json:"changes"`       // of items and users
	Seconds      float64 `json:"seconds"`       // from the first batch due to the last reply
	AchievedRate float64 `json:"achieved_rate"` // posted events per second
	BehindMSMax  float64 `json:"behind_ms_max"` // the longest a batch left after it was due
	Unexpected   int     `json:"unexpected"`    // replies
}

// maxComplaints bounds how many unexpected replies are told; all are counted.
const maxComplaints = 10

// tally gathers a summary from several goroutines. The zero tally is ready to use.
type tally struct {
	mu         sync.Mutex // guards what follows
	sum        summary
	complaints []string
	last       time.Time // of the last reply to a batch
}

// posted counts one batch that left behind its due time and was answered at a moment. err
// is what was wrong with the reply, which is then the zero one or the one at fault.
func (t *tally) posted(b batch, reply eventsReply, behind time.Duration, at time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Posted += b.events
	t.sum.Accepted += reply.Accepted
	t.sum.Duplicate += reply.Duplicate
	t.sum.Refused += reply.Refused
	t.sum.Late += reply.Late
	t.sum.BehindMSMax = max(t.sum.BehindMSMax, float64(behind)/float64(time.Millisecond))
	if at.After(t.last) {
		t.last = at
	}
	t.unexpected(err)
}

// read counts one row, kept unless err says why not.
func (t *tally) read(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.sum.Rows++
	}
	t.unexpected(err)
}

// changed counts one change of an item or a user.
func (t *tally) changed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.sum.Changes++
	}
	t.unexpected(err)
}

// unexpected counts an error that is not nil. t.mu is held.
func (t *tally) unexpected(err error) {
	if err == nil {
		return
	}
	t.sum.Unexpected++
	if len(t.complaints) < maxComplaints {
		t.complaints = append(t.complaints, err.Error())
	}
}

// close gives the summary of a run that began at start, and the first complaints.
func (t *tally) close(start time.Time) (summary, []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.After(start) {
		t.sum.Seconds = t.last.Sub(start).Seconds()
		t.sum.AchievedRate = float64(t.sum.Posted) / t.sum.Seconds
	}
	return t.sum, t.complaints
}
