package eval_test

import (
	"fmt"

	"github.com/freshet-rec/freshet/eval"
)

func ExampleNDCG() {
	// What was wanted stood at ranks 2 and 3 of the list; a third wanted item was not listed.
	gains := []float64{0, 1, 1, 0}
	relevant := []float64{1, 1, 1}
	fmt.Printf("%.3f\n", eval.NDCG(gains, relevant, 3))
	// Output: 0.531
}

func ExampleTally() {
	tally := eval.NewTally(10)
	tally.Add(0, 1)  // visitor 0 found the item first
	tally.Add(1, 4)  // visitor 1 at rank 4
	tally.Add(1, 0)  // and once not at all
	tally.Add(2, 11) // visitor 2 below the cut
	fmt.Printf("hit@10 %.2f, ndcg@10 %.3f, mrr %.4f over %d asks\n", tally.HitRate(), tally.NDCG(), tally.MRR(), tally.N())
	// Output: hit@10 0.50, ndcg@10 0.358, mrr 0.3125 over 4 asks
}
