// Command sabotage proves that the tests of promises can fail: it puts one bug after the
// other into a copy of the tree and runs the test that owns it, which must fail.
//
//	go run ./internal/sabotage             # every bug; prints: caught 12/12 of truth, and of the others
//	go run ./internal/sabotage no-fsync    # some of them
//
// It exits with 1 when a bug was not caught, and with 2 when it could not tell: when a test
// fails without any bug, or a bug does not apply or compile.
//
// A bug is a file in bugs/truth, if it breaks what the journal and the state made of it promise on
// any day, or in bugs/trouble, if it takes a disk that hangs, a record that kills or a clock that is
// wrong: its goal, the package and test that own it, why it is one, and what to replace in
// which file. What is replaced must stand there exactly once, so a bug that the code has grown
// away from is an error and not a bug that happens to do nothing; a test of this package checks
// that for all of them.
//
//	goal: G2
//	test: ./journal TestGoalPowerCuts
//	why: a group counts as durable without fdatasync
//	file: journal/sync.go
//	<<<<
//	if err := file.Sync(); err != nil {
//	====
//	if err := error(nil); err != nil || file == nil {
//	>>>>
//
// Left out: bugs of what is not there yet.
package main
