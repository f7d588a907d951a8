// Package candidates measures what narrows a catalogue to candidates, in its own process, beside
// bounds that are measured in the same run.
//
//	result, err := candidates.Run(ctx, candidates.Options{Size: candidates.Full(), Seed: 7, …})
//	result.WriteText(os.Stdout)
//
// Exact searches invented vectors with the exact indexes; the bound is a read of as many bytes.
// Approx searches the same with the inverted file, beside the exact index of int8, which also says
// what share of the true hits it finds. A further part is a line in parts and a file with its method.
//
// The vectors depend on the seed alone; what was measured does not. It leaves out the journal, ids
// and everything else of a server.
package candidates
