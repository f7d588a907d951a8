// Package eval measures: how good an order of items is, how good a probability is, how sure
// a mean is. It knows nothing of the models it judges: it sees ranks, gains, scores, labels.
//
// One list at a time, for any gains:
//
//	hit, ndcg, rr := eval.HitRate(gains, k), eval.NDCG(gains, relevant, k), eval.MRR(gains, k)
//
// Many asks with one wanted item each, the shape of leave-one-out and of prequential runs:
//
//	tally := eval.NewTally(k)
//	tally.Add(group, rank)                     // once per ask; rank 0 is a miss
//	tally.HitRate(), tally.NDCG(), tally.MRR()
//	sums, asks := tally.Groups()
//	interval := eval.Bootstrap(sums, asks, 500, 0.95, rng)
//
// What the routes of recall find, together and each alone, over the same asks:
//
//	routes := eval.NewRoutes(names, 200)
//	routes.Add(lists, merged, wanted)          // once per ask
//	rows := routes.Rows(0)
//
// Many rows with a score or a probability and what came of each:
//
//	auc, ok := eval.AUC(scores, labels)        // and AUCError, GAUC within groups, LogLoss
//	c, ok := eval.Calibrate(probabilities, labels, 10, 0.95)
//
// What another policy would have earned, from a log of choices with their propensities:
//
//	policy := &eval.OffPolicy{Clip: 20}
//	err := policy.Add(reward, propensity, probability) // once per row
//	estimates, ok := policy.Estimates(0.95)
//
// Things measured together are compared together: [Gains] of one configuration over another, and
// [Paired] differences over worlds.
//
// What is reported has one JSON form for each protocol, such as [Results]. What makes figures
// doubtful stands beside them as a [Warning] and is no error.
//
// Rules that hold for all ranking measures here. Ranks are 1-based. A list is cut at k; what
// stands below, or nowhere, earns nothing, so a list shorter than k is not made longer and an
// empty list scores 0. Gains are finite and at least 0, 0 meaning irrelevant. Lists come in
// their final order: ties of scores were broken by whoever made them, by a rule that does not
// look at the labels. Where nothing is relevant a measure is 0; such asks are better left out.
//
// Left out: running anything (package trial), and corrections for many comparisons.
//
// Functions are pure and safe for concurrent use; a Tally, an ItemSet, a Novelty, a Routes or an OffPolicy has one user at a time.
package eval
