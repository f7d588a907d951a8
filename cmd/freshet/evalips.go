package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/eval"
)

// ipsOptions are the flags of eval ips.
type ipsOptions struct {
	log, as                                         string // files
	item, position, reward, propensity, probability string // columns
	clip                                            float64
}

// ipsLevel is that of the intervals.
const ipsLevel = 0.95

func (a *app) evalIPSCmd() *cobra.Command {
	var o ipsOptions
	c := &cobra.Command{
		Use:   "ips",
		Short: "Estimate what another policy would have earned, from a log with propensities",
		Long: `Read a log of what a policy chose, what that earned, and how likely each choice was
(its propensity), and estimate what another policy would have earned instead: by
inverse propensity scores (ips), by the same divided by the sum of the weights
(snips), and with --clip with no weight above that.

The other policy is either that of a second log, --as, taken as the shares of items
at each position there, whoever the visitor was; or, row by row, the probability in
the column --probability with which it would have chosen the same.

Files are CSV with a header, plain or gzip. Intervals take rows as independent.`,
		Example: `  freshet eval ips --log random.csv.gz --as bandit.csv.gz
  freshet eval ips --log log.csv --probability new_policy --reward revenue --clip 20 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.log == "":
				return &failure{code: exitUsage, err: errors.New("--log names the file of what was logged"), hint: "such as: freshet eval ips --log random.csv.gz --as bandit.csv.gz"}
			case (o.as == "") == (o.probability == ""):
				return &failure{code: exitUsage, err: errors.New("the policy to estimate is named by one of --as and --probability"), hint: "--as FILE takes that of another log, --probability COLUMN one that stands beside the propensities"}
			case !(o.clip >= 0):
				return usagef("--clip is %v; a weight is cut above a number greater than 0, or with 0 not at all", o.clip)
			case o.reward == "" || o.propensity == "" || o.as != "" && o.item == "":
				return usagef("--reward, --propensity and, for --as, --item must name columns")
			}
			return a.evalIPS(c.Context(), &o)
		},
	}
	c.Flags().StringVar(&o.log, "log", "", "file of what was chosen, earned, and how likely that choice was")
	c.Flags().StringVar(&o.as, "as", "", "log of the policy to estimate; it has columns of the same names")
	c.Flags().StringVar(&o.probability, "probability", "", "column of how likely the policy to estimate is to choose as was logged")
	c.Flags().StringVar(&o.item, "item", "item_id", "column of what was chosen")
	c.Flags().StringVar(&o.position, "position", "position", `column of the place it was chosen for; "" when there is one place`)
	c.Flags().StringVar(&o.reward, "reward", "click", "column of what the choice earned")
	c.Flags().StringVar(&o.propensity, "propensity", "propensity_score", "column of how likely the choice was")
	c.Flags().Float64Var(&o.clip, "clip", 0, "also estimate with no weight above this (0: do not)")
	return c
}

// choice is an item at a position.
type choice struct{ position, item string }

// choices count what a log chose, by position.
type choices struct {
	of    map[choice]int
	total map[string]int // by position
}

// maxChoices bounds the different items at positions of a log: some 100 bytes each.
const maxChoices = 10_000_000

// add counts one choice, whose strings it may keep.
func (c *choices) add(f *columnsFile, position, item string) error {
	this := choice{position, item}
	if _, known := c.of[this]; !known {
		if len(c.of) == maxChoices {
			return &failure{code: exitFailed, err: fmt.Errorf("eval: %s:%d: more than %s different items at positions", f.path, f.line, grouped(maxChoices))}
		}
		this = choice{strings.Clone(position), strings.Clone(item)}
	}
	c.of[this]++
	c.total[this.position]++
	return nil
}

// share is how likely the log's policy is to choose an item at a position, 0 at one it does not have.
func (c *choices) share(this choice) float64 {
	return float64(c.of[this]) / float64(max(1, c.total[this.position]))
}

func newChoices() *choices { return &choices{of: map[choice]int{}, total: map[string]int{}} }

func (a *app) evalIPS(ctx context.Context, o *ipsOptions) error {
	policy, own, err := o.policy(ctx)
	if err != nil {
		return err
	}
	found := &eval.OffPolicy{Clip: o.clip}
	logged := newChoices()
	columns := []string{o.reward, o.propensity, o.probability}
	if policy != nil {
		columns = []string{o.reward, o.propensity, o.item, o.position}
	}
	rows := 0
	err = eachRow(o.log, columns, nil, func(f *columnsFile) error {
		if rows++; rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		reward, err := f.number(0)
		if err != nil {
			return err
		}
		propensity, err := f.number(1)
		if err != nil {
			return err
		}
		if !(propensity > 0 && propensity <= 1) {
			return f.fault(1, "what was chosen had a probability above 0 and at most 1")
		}
		var probability float64
		if policy == nil {
			if probability, err = f.number(2); err != nil {
				return err
			}
			if !(probability >= 0 && probability <= 1) {
				return f.fault(2, "a probability is from 0 to 1")
			}
		} else {
			item, position := f.values[2], f.values[3]
			if policy.total[position] == 0 {
				return f.fault(3, fmt.Sprintf("%s has no such position", o.as))
			}
			if err := logged.add(f, position, item); err != nil {
				return err
			}
			probability = policy.share(choice{position, item})
		}
		if err := found.Add(reward, propensity, probability); err != nil {
			return fmt.Errorf("eval: %s:%d: %w", f.path, f.line, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if policy != nil {
		found.Unseen(unseen(policy, logged))
	}
	results, some := found.Estimates(ipsLevel)
	if !some {
		return &failure{code: exitFailed, err: fmt.Errorf("eval: %s has no rows", o.log), hint: "there must be lines below the header"}
	}
	results.Own = own
	return a.printEval(results, results.Warnings, func() string { return policyTable(filepath.Base(o.log), &results) })
}

// policy is that of the log which --as names, and what it earned there, nil without the column of
// the reward; all nil without --as.
func (o *ipsOptions) policy(ctx context.Context) (*choices, *eval.Estimate, error) {
	if o.as == "" {
		return nil, nil, nil
	}
	policy, rewards, rows := newChoices(), &eval.OffPolicy{}, 0
	err := eachRow(o.as, []string{o.item, o.position, o.reward}, []string{o.reward}, func(f *columnsFile) error {
		if rows++; rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if f.places[2] >= 0 {
			reward, err := f.number(2)
			if err != nil {
				return err
			}
			if err := rewards.Add(reward, 1, 1); err != nil {
				return err
			}
		}
		return policy.add(f, f.values[1], f.values[0])
	})
	if err != nil {
		return nil, nil, err
	}
	if rows == 0 {
		return nil, nil, &failure{code: exitFailed, err: fmt.Errorf("eval: %s has no rows", o.as), hint: "there must be lines below the header"}
	}
	own, some := rewards.Estimates(ipsLevel)
	if !some {
		return policy, nil, nil
	}
	return policy, &own.Logged, nil
}

// unseen is the share of what a policy chooses that a log never has, over the log's positions as
// often as it has them.
func unseen(policy, logged *choices) float64 {
	never := map[string]int{} // by position: choices of the policy
	for this, n := range policy.of {
		if logged.of[this] == 0 {
			never[this.position] += n
		}
	}
	missing, rows := 0.0, 0
	for _, position := range slices.Sorted(maps.Keys(logged.total)) {
		rows += logged.total[position]
		missing += float64(never[position]) / float64(policy.total[position]) * float64(logged.total[position])
	}
	return missing / float64(max(1, rows))
}

// policyTable is an off-policy evaluation for people.
func policyTable(name string, r *eval.PolicyResults) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ips · %s of %s · %s with a reward\n  %-12s  %9s  %9s  95 %%\n", plural(r.N, "row"), clean(name), grouped(int64(r.Positives)), "", "reward", "± error")
	line := func(name string, e eval.Estimate) {
		fmt.Fprintf(&b, "  %-12s  %9.6f  %9.6f  %.6f – %.6f\n", name, e.Value, e.Error, e.CI[0], e.CI[1])
	}
	line("logged", r.Logged)
	line("ips", r.IPS)
	line("snips", r.SNIPS)
	if r.Clip > 0 {
		line(fmt.Sprintf("clip %g", r.Clip), r.Clipped)
	}
	if r.Own != nil {
		line("its own log", *r.Own)
	}
	fmt.Fprintf(&b, "  worth %s rows of the policy itself · weights: mean %.3f, greatest %.2f · never logged %.1f %%\n", grouped(int64(math.Round(r.ESS))), r.MeanWeight, r.MaxWeight, 100*r.Unseen)
	return b.String()
}
