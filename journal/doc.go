// Package journal keeps the one totally ordered, durable log of everything that can change an
// answer. Every other state is a fold of it and can be rebuilt from it.
//
// Typical sequence of the one writer:
//
//	log, report, err := journal.Open(journal.Options{FS: disk, Now: time.Now})
//	// replay: OpenReader on the same FS, Next until io.EOF, fold every record
//	err = log.WaitRoom(ctx)           // back-pressure, before accepting work
//	last, err := log.Append(records)  // order is fixed here; returns at once
//	err = log.WaitDurable(ctx, last)  // only now may the sender be told yes
//	err = log.Close()
//
// and of any number of readers, in this process or another, live or after a crash:
//
//	r, err := journal.OpenReader(disk)
//	for { record, err := r.Next() }   // io.EOF: nothing more is durable for now
//
// Whoever has a state that was made of the records up to a position gives it to Open as From and
// to Reader.Seek, plus one: what is before is then not read.
//
// The invariants, each relied on by recovery:
//
//  1. A position is given once and positions grow by one from 1, over all segments.
//  2. Durable never passes what an fdatasync, begun after the write returned, has covered.
//  3. A segment's file is made only once every record before it is durable, so its name alone
//     proves the positions before it. Only the last segment can have a torn end.
//  4. The durable mark on disk is written only after the fdatasync it tells of, and one of its
//     two slots is at all times one that was synced.
//  5. A failed write or sync ends the log: nothing is tried again, because after an error the
//     system may call pages clean that never reached the disk. Open, after a restart, writes the
//     doubtful end of the log once more before it counts as durable.
//
// Damage is told from a torn end by proof: bytes at or below a position proved durable (by the
// durable mark, a mark frame or a segment's name) must be there, and if they are not Open
// returns a [*CorruptError] and changes nothing. Above it anything may be found after a power
// cut; it is cut off and reported.
//
// Release gives up old segments as wholes, for good; the place where the journal begins is durable
// before the first file goes, so a gap is damage still.
//
// There is no linger: whatever arrives while one fdatasync runs shares the next. Two goroutines
// belong to a Log, one that writes and one that syncs; Close ends and awaits them.
//
// The package leaves out what records mean, when old ones may go, rewriting of segments, and
// snapshots. It holds no clock but the one it is given, and timers of the runtime. [IDs], the
// memory of event ids, lives here because its horizon is the journal's. The bytes on disk are
// described in docs/formats/journal.md.
package journal
