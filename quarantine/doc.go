// Package quarantine keeps the list of records of a journal that are passed over: those that do not
// decode although they are whole, and those that a program could not take in without dying of it.
// Everybody who replays the journal leaves them out in the same way, so that it stays true that one
// journal makes one state.
//
//	list, err := quarantine.Read(disk, journalID)
//	err = list.Add(disk, quarantine.Record{Position: p, …})   // durable when it returns
//	r, ok := list.Find(p)
//
// The list is one file beside the journal, replaced as a whole, with the journal's id and a checksum;
// docs/formats/quarantine.md describes it. A list that does not read, or that is of another journal,
// is an error: without it a replay would make another state than the one that was served from.
//
// Only the holder of the directory's lock adds to it. A List is for one goroutine at a time; readers
// in other processes see the list before or after.
//
// Left out: what a record holds, which the journal keeps and package deadletter shows.
package quarantine
