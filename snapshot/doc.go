// Package snapshot keeps whole states of the fold on disk, each tied to a position of the
// journal, so that a start need not fold the journal from its beginning. A snapshot is a copy,
// never the truth: one that is damaged or made for another configuration is passed over, and
// with none the journal is folded from its first record.
//
//	lock, err := snapshot.Lock(disk, "pid 1234")
//	info, err := snapshot.Write(disk, snapshot.Snapshot{Position: p, Config: hash, Parts: parts})
//	err = snapshot.Keep(disk, 2) // the newest two stay
//	err = lock.Close()
//	list, err := snapshot.List(disk) // newest first, and without a lock
//	s, err := snapshot.Read(disk, list[0].Position)
//
// A file is written whole under another name, synced, and then renamed, so a crash leaves it
// complete or not there. It names the snapshot before it with that one's checksum. Every part
// has a checksum of its own, so that damage is named by file and byte; the bytes are described
// in docs/formats/snapshot.md.
//
// Left out: what the parts hold (packages fold and stream pack them, docs/formats/state.md
// describes it), and when one is taken.
package snapshot
