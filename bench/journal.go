package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// Journal is the name of the workload that RunJournal measures.
const Journal = "journal"

// journalRecordBytes is the size of the records of the workload journal.
const journalRecordBytes = 120

// journalProducers are the numbers of goroutines that wait for their own record. The tail of
// the wait is held against the bound where journalTail of them wait: one alone measures the
// disk, very many the scheduler.
var journalProducers = []int{1, 8, 64, 512}

const journalTail = 64

// JournalOptions say how to measure a journal. Everything but Say is required.
type JournalOptions struct {
	// Commit returns when the record is durable. It is called from many goroutines at once and
	// must not keep the record.
	Commit   func(ctx context.Context, record []byte) error
	Disk     fsys.FS          // an empty directory on the disk that holds the journal
	Now      func() time.Time // with a monotonic reading
	Duration time.Duration    // of each measurement, in [MinDuration, MaxDuration]; each limit takes half of it
	Say      func(format string, args ...any)
}

func (o *JournalOptions) check() error {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	switch {
	case o.Commit == nil || o.Disk == nil || o.Now == nil:
		return errors.New("bench: JournalOptions need Commit, Disk and Now")
	case o.Duration < MinDuration || o.Duration > MaxDuration:
		return fmt.Errorf("bench: a duration of %s is not in %s to %s", o.Duration, MinDuration, MaxDuration)
	}
	return nil
}

// RunJournal measures how many records a second a journal makes durable, and how long each
// takes, with 1, 8, 64 and 512 producers of which each waits for its own record, beside a loop
// that does no more than gather, write and sync. The error wraps ctx's, Commit's or the disk's.
func RunJournal(ctx context.Context, o JournalOptions) (result *Result, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	bare, err := newCommitter(o.Disk)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	bareCommit := func(_ context.Context, record []byte) error { return bare.commit(record) }
	var parts []part
	for _, n := range journalProducers {
		rate, tail := fmt.Sprintf("records_%d", n), fmt.Sprintf("ack_p99_%d", n)
		parts = append(parts, part{
			name: rate,
			bounds: []bound{{
				name: "group commit (write + fdatasync over a file of zeros), as many producers",
				measure: func(ctx context.Context, d time.Duration) (map[string]float64, error) {
					each, waits, err := o.produce(ctx, n, d, bareCommit)
					limits := map[string]float64{rate: each}
					if n == journalTail {
						limits[tail] = millis(waits.at(0.99))
					}
					return limits, err
				},
			}},
			system: func(ctx context.Context, d time.Duration) ([]figure, error) {
				each, waits, err := o.produce(ctx, n, d, o.Commit)
				figures := []figure{{metric: rate, value: each, unit: "records/s", took: waits}}
				if n == journalTail {
					figures = append(figures, figure{metric: tail, value: millis(waits.at(0.99)), unit: "ms", less: true, took: waits})
				}
				return figures, err
			},
		})
	}
	return measure(ctx, Journal, parts, o.Duration, o.Say)
}

// produce has n producers commit records, each waiting for its own, and returns how many a
// second and how long each waited.
func (o *JournalOptions) produce(ctx context.Context, n int, d time.Duration, commit func(context.Context, []byte) error) (rate float64, waits took, err error) {
	samples := make([][]time.Duration, n)
	rate, err = closedLoop(ctx, o.Now, n, d, func(ctx context.Context, i int) (client, error) {
		record := make([]byte, journalRecordBytes)
		return client{stop: func() error { return nil }, step: func() error {
			began := o.Now()
			err := commit(ctx, record)
			samples[i] = append(samples[i], o.Now().Sub(began))
			return err
		}}, nil
	})
	return rate, sorted(samples...), err
}
