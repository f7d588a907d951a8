// Package sim invents a bookshop by the sea: books, visitors with hidden tastes, and some
// weeks of what those visitors did. The demo runs on it and tests learn from it: nothing in
// it is personal data or anybody's property, and because the tastes are known, a
// recommender's slates can be judged against the truth.
//
// Typical use:
//
//  1. w := sim.New(sim.Options{Seed: 7, End: now}) builds everything; one seed, one world.
//  2. w.Items() is the catalogue, to be stored before the first event.
//  3. for event := range w.History() replays the past in time order.
//  4. crowd := w.Crowd(seed) lets it live on: visit := crowd.Come(now) is somebody who comes,
//     visit.React(slate, request) what they do with a slate, visit.Expected(slate) what it is
//     worth by the hidden truth, visit.Oracle(n, skip) the best slate there is.
//
// How a visit goes: a visitor is shown a shelf of eight books, part bestsellers, part
// shelves they like, part chance; each is clicked with a probability that grows with taste
// and falls with rank; a clicked book may be liked or bought. Tastes are a favourite
// category, one or two lesser ones and a latent vector, and swing slowly to and fro; some
// clicks are accidents; sales are skewed towards few books.
//
// In a world with errands (Options.Errands) some visits are for one shelf, whatever the visitor's
// tastes are: it is liked most of all then and everything else half as much, and the next visit knows
// nothing of it. Visits go on there, to up to four shelves, so that what somebody did a minute
// ago says what they are after.
//
// Worlds differ in how long the hidden vectors are, in how attention falls with rank, in how many
// clicks are accidents, and in whether everybody's tastes change for others at some moment.
//
// Two visitors have names. ada reads poetry, nature and mysteries, clicked at least ten books
// and never saw a book of the category "sea". b-0417, "The Long Shore", is the sea book that
// many others clicked. So one click of hers on b-0417 shows what a single event changes.
//
// Left out: faults (late, duplicate and malformed events), browsing outside shelves, books
// that sell out or are published after the history.
package sim
