// Package bound holds small programs in C that do what a part of this system does, as fast as this
// machine can: bounds for benchmarks. They are built when a benchmark runs, with the compiler of the
// machine, and are no part of any binary.
//
//	p, err := bound.Start(ctx, "rank", input)   // ErrNoCompiler where there is none
//	least, middle, err := p.Time("deepfm", 100) // again and again, in turn with what is measured
//	err = p.Close()
//
// What a program reads and answers stands at the top of its source.
package bound
