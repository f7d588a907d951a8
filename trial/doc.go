// Package trial runs the protocols by which recommending is judged: it plays a history into a
// state event by event, asks the routes, their merge and the ranker what they would have
// shown, and notes where the item stood that was in fact wanted.
//
//	results, err := (&trial.Holdout{Options: o, Train: train}).Run(ctx, replay)
//	results, err := (&trial.Prequential{Options: o, Warmup: freshet.Day, Delays: delays}).Run(ctx, items, events)
//
// [Holdout] is leave-last-one-out over a whole journal; [Prequential] predicts and then learns,
// event by event, and can withhold events for a while to show what freshness earns. Both ask
// over the whole catalogue, without sampled negatives, and judge in one run, on equal terms:
//
//	slate         the merged candidates in the ranker's order; without a ranker, in recall order
//	recall        the merged candidates in recall order
//	popular       a plain count of positive events, kept apart from the routes
//	route:<name>  each route alone
//
// [World] lets ways of recommending live on in invented worlds whose truth is known, each with the
// consequences of its own slates.
//
// What the visitor has seen is left out of every list, as in serving. A trial is a function
// of its input and seed: no clock, no randomness but the interval's.
//
// Left out: the request path around recall and ranking (deadlines, rules, the filling of a
// slate that is too short), the training of rankers ([Holdout] is handed a function that
// trains), and the measures themselves (package eval).
package trial
