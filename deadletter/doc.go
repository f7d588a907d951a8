// Package deadletter keeps what was refused from files, so that it can be looked at, corrected
// and brought again: each line with the place it stood at, the reason, and its text. Records of the
// journal that are passed over are kept in the same way, their position being the line.
//
//	s, report, err := deadletter.Open(deadletter.Options{FS: disk})
//	kept, known, err := s.Append(letters)      // durable when it returns
//	err = s.Close()
//
//	page, err := deadletter.List(disk, 0, 100) // also beside a live writer
//	letter, err := deadletter.Get(disk, 7)
//
// Letters are numbered from 1 in the order they came and stand in append-only files below
// rejected/, each with its length and checksum; docs/formats/deadletter.md describes the bytes.
// The files together have a bound: to stay under it the oldest goes, and what went is counted.
//
// A letter is known by its source and line. Bringing it again while it is kept changes nothing;
// one that was dropped for the bound is kept anew under a new number.
//
// A tail that a crash tore is cut when a Store is opened. Bytes that are bad although what came
// after them proves that they were on disk are damage: they are named and passed over, never
// served, and never removed before their file is the oldest.
//
// One Store per directory, which the caller ensures (a data directory has a lock). It is for one
// goroutine at a time; the functions that read may be called from any.
//
// Left out: bringing letters in again, and what was refused over HTTP, which its sender was told.
package deadletter
