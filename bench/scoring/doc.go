// Package scoring measures what the models of package rank take for the candidates of one request, in
// this process, beside a program in C that computes the same with the vectors of this machine.
//
//	result, err := scoring.Run(ctx, scoring.Options{Size: scoring.Full(), Now: …})
//	result.WriteText(os.Stdout)
//
// Both take turns, many times, on one thread each, and of both the least time counts: what else runs
// on the machine disturbs the middle one. What they score is compared too.
//
// Half of the fields are the item's and half the request's. The halves of items that slates need are
// kept, as of items that were shown lately; what comes before, from a row to what a model reads, is
// measured by a line of its own.
package scoring
