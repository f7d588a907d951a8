// Package fold is the state of the system at one position of the journal: catalogue,
// users, features, histories, live recall tables, and what each visitor was shown last. It is a
// stream.Fold: applying the same records in the same order gives the same state.
//
// It is the place where one event meets everything it changes; read [State.Apply] first. It
// leaves out locking (package stream) and answering requests (package serve).
package fold
