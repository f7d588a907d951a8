// Package collab holds the models of collaborative filtering that are trained on a whole history:
// who took what, as a sparse matrix, and from it item-item weights or vectors of items.
//
//	m := collab.NewMatrix(rows, items)
//	model, err := collab.TrainIALS(ctx, m, options)
//	model.Score(scores, history)            // of any history, also one that came a second ago
//
// No model keeps a table of users: a user is what they took, and a model scores from that. So a
// model is as fresh as the history it is asked with.
//
// Rows and columns are numbers from 0. What the package leaves out: ids, time and the journal
// (packages recall and learn), and how good a model is (package eval).
package collab
