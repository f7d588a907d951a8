// Package online measures the light online update in this process, on one goroutine: slates are told,
// what was on screen of them, and clicks, and an Updater keeps a copy of a ranker up to date.
//
//	result, err := online.Run(ctx, online.Options{Slates: 20_000, Now: …})
//
// What is timed is all that a row costs once it is built: encoding, keeping it until its clicks come,
// the forecasts of the model, of what was published and of what was learned, both steps of learning,
// and the verdicts. The bound is what is asked for: 100,000 rows a second.
//
// It leaves out the building of rows, which is that of serving, and the journal.
package online
