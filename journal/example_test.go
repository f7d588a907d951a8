package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

// A writer answers its client only after WaitDurable; a reader then sees the record.
func Example() {
	disk := fsys.NewMem()                                                // fsys.Dir("/var/lib/freshet") for a real one
	now := func() time.Time { return time.UnixMilli(1_700_000_000_000) } // the wall clock for a real one
	log, report, err := journal.Open(journal.Options{FS: disk, Now: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("created:", report.Created)

	last, err := log.Append([]journal.Record{
		{Topic: "user_behavior_click", Source: "http", Payload: []byte(`{"user":"u1","item":"i1"}`)},
		{Topic: "user_behavior_like", Source: "http", Payload: []byte(`{"user":"u1","item":"i2"}`)},
	})
	if err == nil {
		err = log.WaitDurable(context.Background(), last)
	}
	fmt.Println("durable up to", log.Durable(), err)

	reader, err := journal.OpenReader(disk)
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(record.Position, record.Topic, string(record.Payload))
	}
	fmt.Println(errors.Join(reader.Close(), log.Close()))
	// Output:
	// created: true
	// durable up to 2 <nil>
	// 1 user_behavior_click {"user":"u1","item":"i1"}
	// 2 user_behavior_like {"user":"u1","item":"i2"}
	// <nil>
}
