package journal

import (
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet"
)

// The errors that callers branch on.
var (
	// ErrFailed says that a write or sync failed. It is final for this Log: what is not durable
	// yet may be lost, nothing more is accepted, and Open after a restart finds out what is there.
	ErrFailed = errors.New("the journal failed")
	// ErrClosed says that Close was called.
	ErrClosed = errors.New("the journal is closed")
	// ErrNoSpace says that the disk is full. What is not durable yet may become so once there is
	// room, and then records are taken again.
	ErrNoSpace = errors.New("the disk is full")
	// ErrBusy says that too many bytes wait for the disk. Nothing was appended; try later.
	ErrBusy = errors.New("the journal is busy")
	// ErrRecord says that a record breaks a bound of [Record]. Nothing was appended.
	ErrRecord = errors.New("not a journal record")
	// ErrReleased says that a record was given up by [Log.Release] and is gone for good.
	ErrReleased = errors.New("the record was released")
	// ErrNewerFormat says that the files were written by a newer release. Nothing was changed.
	ErrNewerFormat = errors.New("the journal was written by a newer release")
)

// CorruptError says that something proved durable is missing or damaged. Nothing was changed.
type CorruptError struct {
	File     string           // path below the FS root
	Offset   int64            // byte in File where the log stops making sense
	Position freshet.Position // what should stand there; 0 when no one record is meant
	Durable  freshet.Position // what is proved to have been durable
	Reason   string
}

func (e *CorruptError) Error() string {
	if e.Position == 0 {
		return fmt.Sprintf("journal: %s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
	}
	return fmt.Sprintf("journal: %s is damaged at byte %d: %s; record %d should stand there and everything up to %d was durable",
		e.File, e.Offset, e.Reason, e.Position, e.Durable)
}

// BehindError says that the journal ends before a position which its caller knows to have been
// durable, from a snapshot say: records that were acknowledged are missing. Nothing was changed.
type BehindError struct {
	Last  freshet.Position // what the journal holds, 0 for nothing
	Known freshet.Position // what was durable once
}

func (e *BehindError) Error() string {
	return fmt.Sprintf("log_behind_snapshot: the journal ends at position %d, and position %d was durable once: records that were acknowledged are missing",
		e.Last, e.Known)
}
