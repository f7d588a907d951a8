// Package rank holds the models that score candidates, as the serving side sees them: read
// only, pure given a row.
//
//	ranker, err := rank.Read(file)                 // that package learn trained
//	ranker.Schema().Encode(&batch, row)            // a row a candidate, of what Schema().Names() lists
//	ranker.Score(&batch, &rows, 0, odds, scores)   // the greatest first
//	ranker.Explain(&batch, &rows, shown, parts)    // what each field added, of those that are shown
//
// A [Row] is numbers and lists of words. A [Schema] says how its fields become weights that count: a
// number by knots, buckets or scaled, words by a vocabulary, lists of them as they fade, and crosses
// by a hash. LR, FM and DeepFM are the models; a [Ranker] has one of them for each signal that it
// predicts, calibrated, and is what is kept in a file.
//
// It leaves out where rows come from (package fold) and how weights are learned (package
// learn). Models are immutable and safe for concurrent use.
package rank
