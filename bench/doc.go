// Package bench measures a running server against bounds measured in the same run: how fast
// it is, and how fast the same machine, network and disk would let anything be that does less.
//
// Typical sequence:
//
//  1. Start a server on a data directory that may be thrown away, with users and items in it.
//  2. result, err := bench.Run(ctx, "ingest", bench.Options{URL: url, Users: …, Disk: …})
//  3. json.Marshal(result), or result.WriteText(os.Stdout).
//
// [RunJournal] measures a journal without a server, in the same way.
//
// Every figure is taken as limit – system – limit: the bound is measured before and after the
// system, under the same load from the same load generator. Where the two limits differ by
// more than [MaxSpread] the machine was not the same throughout, and that part of the
// workload runs again, at most [MaxRuns] times; after that the steadiest run stands and its
// lines carry a warning.
//
// A ratio says how much of the bound is reached: value ÷ bound for rates, bound ÷ value for
// latencies, the bound being the mean of its two limits. 1 is as good as the bound.
//
// Latencies come from an open loop: requests fall due on a schedule that does not wait for
// replies, and are measured from when they were due, so that a server that stalls is charged
// for all who would have come meanwhile. How late the schedule itself was is reported as a
// line of its own; when it was later than Options.MaxLag the part runs again too.
//
// The load generator shares the processor with the server it drives, so a rate is that of
// both together. It writes and reads HTTP/1.1 by itself, at a small part of the cost of the
// server.
//
// It leaves out starting the server, making worlds, and judging the quality of slates.
package bench
