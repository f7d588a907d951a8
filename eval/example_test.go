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

func ExampleOffPolicy() {
	// Two items, each shown half of the time. x was clicked twice; a policy that shows x three times
	// in four would have earned half as much again.
	var policy eval.OffPolicy
	for _, row := range []struct{ clicked, probability float64 }{{1, 0.75}, {1, 0.75}, {0, 0.75}, {0, 0.75}, {0, 0.25}, {0, 0.25}, {0, 0.25}, {0, 0.25}} {
		if err := policy.Add(row.clicked, 0.5, row.probability); err != nil {
			fmt.Println(err)
		}
	}
	r, _ := policy.Estimates(0.95)
	fmt.Printf("logged %.3f, ips %.3f, snips %.3f, worth %.1f of %d rows\n", r.Logged.Value, r.IPS.Value, r.SNIPS.Value, r.ESS, r.N)
	fmt.Println(r.Warnings[0].Code)
	// Output:
	// logged 0.250, ips 0.375, snips 0.375, worth 6.4 of 8 rows
	// few_positives
}

func ExampleCalibrate() {
	// A model that says a half where three in four come true, and is right elsewhere.
	probabilities := []float64{0.5, 0.5, 0.5, 0.5, 0, 0}
	labels := []bool{true, true, true, false, false, false}
	c, _ := eval.Calibrate(probabilities, labels, 2, 0.95)
	fmt.Printf("predicted %.2f, observed %.2f, ratio %.2f, error %.3f\n", c.Predicted, c.Observed, c.Ratio, c.ECE)
	for _, bin := range c.Bins {
		fmt.Printf("%d rows at %.1f: %.2f came true\n", bin.N, bin.Predicted, bin.Observed)
	}
	// Output:
	// predicted 0.33, observed 0.50, ratio 0.67, error 0.167
	// 2 rows at 0.0: 0.00 came true
	// 4 rows at 0.5: 0.75 came true
}
