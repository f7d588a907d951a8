package bench

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
)

func TestRunJournal(t *testing.T) {
	var calls, wrong atomic.Int64
	result, err := RunJournal(t.Context(), JournalOptions{
		Disk: fsys.NewMem(), Now: time.Now, Duration: MinDuration,
		Commit: func(_ context.Context, record []byte) error {
			calls.Add(1)
			if len(record) != journalRecordBytes {
				wrong.Add(1)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range result.Lines {
		got = append(got, l.Metric)
		if l.Value <= 0 || l.Ratio <= 0 || l.Limits[0] <= 0 || l.Limits[1] <= 0 || l.P50 == nil || *l.P50 > *l.P99 {
			t.Errorf("a line without meaning: %+v", l)
		}
	}
	if want := []string{"records_1", "records_8", "records_64", "ack_p99_64", "records_512"}; !slices.Equal(got, want) {
		t.Errorf("metrics %q, want %q", got, want)
	}
	if result.Bench != Journal || calls.Load() == 0 || wrong.Load() > 0 {
		t.Errorf("bench %q, %d calls, %d with a record of another size", result.Bench, calls.Load(), wrong.Load())
	}
}

func TestRunJournalFails(t *testing.T) {
	broken := errors.New("broken")
	commit := func(context.Context, []byte) error { return nil }
	valid := JournalOptions{Disk: fsys.NewMem(), Now: time.Now, Duration: MinDuration, Commit: commit}
	for _, tt := range []struct {
		name   string
		change func(o *JournalOptions)
		want   error // nil: any
	}{
		{"no commit", func(o *JournalOptions) { o.Commit = nil }, nil},
		{"no disk", func(o *JournalOptions) { o.Disk = nil }, nil},
		{"no clock", func(o *JournalOptions) { o.Now = nil }, nil},
		{"too short", func(o *JournalOptions) { o.Duration = MinDuration - 1 }, nil},
		{"too long", func(o *JournalOptions) { o.Duration = MaxDuration + 1 }, nil},
		{"a commit fails", func(o *JournalOptions) { o.Commit = func(context.Context, []byte) error { return broken } }, broken},
		{"the disk fails", func(o *JournalOptions) {
			disk := fsys.NewMem()
			disk.Fail = func(string, string) error { return broken }
			o.Disk = disk
		}, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := valid
			o.Disk = fsys.NewMem()
			tt.change(&o)
			result, err := RunJournal(t.Context(), o)
			if err == nil || result != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("result %v, error %v", result, err)
			}
		})
	}
}
