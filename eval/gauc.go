package eval

import "math"

// GroupedAUC is how well scores order the rows within each group (a visitor, as a rule), where
// [AUC] also asks that scores of different groups compare. Use GAUC.
type GroupedAUC struct {
	Value   float64 // mean of the groups' AUC, weighted by their rows
	Groups  int     // with a positive and a negative, over which the mean goes
	Rows    int     // of those groups
	Skipped int     // rows of groups with one label only, which order nothing

	sums []float64 // by group: rows · AUC
	rows []int     // by group: rows, 0 of one that is skipped
}

// GAUC is the mean over groups of the [AUC] within each, weighted by its number of rows, clicked
// or not (Zhou et al., "Deep Interest Network for Click-Through Rate Prediction", KDD 2018, §6.3).
// Groups with one label only have no AUC and are left out, as there.
//
// labels[i] and groups[i] belong to scores[i]; lengths must be equal. groups are at least 0 and
// index a slice, so they should be dense. ok is false, and the value 0, when no group has both
// labels or a score is NaN. It takes O(n log n).
func GAUC(scores []float64, labels []bool, groups []int) (g GroupedAUC, ok bool) {
	most := 0
	for i, group := range groups {
		if math.IsNaN(scores[i]) {
			return g, false
		}
		most = max(most, group+1)
	}
	// The rows group by group, in their order: counted, then placed.
	ends := make([]int, most+1)
	for _, group := range groups {
		ends[group+1]++
	}
	for i := range most {
		ends[i+1] += ends[i]
	}
	at := append([]int(nil), ends[:most]...)
	sorted, truths := make([]float64, len(scores)), make([]bool, len(scores))
	for i, group := range groups {
		sorted[at[group]], truths[at[group]] = scores[i], labels[i]
		at[group]++
	}
	g.sums, g.rows = make([]float64, most), make([]int, most)
	total := 0.0
	for group := range most {
		from, to := ends[group], ends[group+1]
		auc, both := AUC(sorted[from:to], truths[from:to])
		if !both {
			g.Skipped += to - from
			continue
		}
		g.Groups++
		g.Rows += to - from
		g.rows[group] = to - from
		g.sums[group] = float64(float64(to-from) * auc)
		total += g.sums[group]
	}
	if g.Groups == 0 {
		return g, false
	}
	g.Value = total / float64(g.Rows)
	return g, true
}

// ByGroup returns by group rows · AUC and the rows, 0 for groups left out: what [Bootstrap] makes
// an interval of. The slices are the GroupedAUC's own: read only.
func (g *GroupedAUC) ByGroup() (sums []float64, rows []int) { return g.sums, g.rows }
