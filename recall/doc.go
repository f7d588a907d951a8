// Package recall proposes candidates: many routes, each a different reason why an item might
// be wanted, asked at once and merged in a fixed order.
//
//	history.Apply(…); route.Apply(…)        // each event that is not late, in journal order
//	proposals, err := route.Recall(ctx, &req, n)
//	candidates := recall.Merge(routes, proposals)
//
// A route's tables are updated event by event, so what was just clicked is in the next
// answer. They are folds of the journal: no clock, no randomness, no map order in what they
// return, so the same journal gives the same candidates.
//
// Routes work in item numbers of package catalog and times in Unix milliseconds. They are
// for one writer or many readers at a time; the caller holds the lock around each call.
// What the package leaves out: budgets and parallelism (package serve) and scores that
// compare items across routes beyond their ranks (a ranker's work).
package recall
