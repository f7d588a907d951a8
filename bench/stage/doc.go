// Package stage measures the whole of recall in its own process: a state with a large catalogue
// and a history is made, and slates are asked for on a schedule while events go on.
//
//	result, err := stage.Run(ctx, stage.Options{Items: 1_000_000, Rate: 500, For: time.Minute, …})
//
// What is timed is serve.Server.Recommend without HTTP, model and record: knowing the visitor, all
// routes at once, the merge, placing, and the rows of what is shown. A slate is timed from when it
// was due, so that one that waits for another is charged for that; how late the schedule itself was
// is told beside it.
//
// The bound is the same schedule with nothing done: what the clock, the timers and the other
// programs of this machine cost anybody.
package stage
