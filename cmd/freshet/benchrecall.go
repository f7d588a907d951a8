package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/bench/candidates"
)

// benchRecallCmd measures what narrows a catalogue to candidates, in this process.
func (a *app) benchRecallCmd() *cobra.Command {
	full := candidates.Full()
	o := candidates.Options{Size: full, Now: a.now, Say: a.say}
	var small bool
	var write string
	sizes := []struct {
		flag, usage string
		value       func(s *candidates.Size) *int
	}{
		{"vectors", "to search", func(s *candidates.Size) *int { return &s.Vectors }},
		{"dim", "numbers of a vector", func(s *candidates.Size) *int { return &s.Dim }},
		{"clusters", "around which the vectors lie", func(s *candidates.Size) *int { return &s.Clusters }},
		{"queries", "to search for", func(s *candidates.Size) *int { return &s.Queries }},
		{"hits", "of a query", func(s *candidates.Size) *int { return &s.N }},
	}
	c := &cobra.Command{
		Use:   candidates.Name,
		Short: "Measure searches of vectors against memory and exact ones",
		Long: `Measure in this process, without a server, what narrows a catalogue to candidates,
beside bounds measured in the same run. The vectors are invented: clusters in a
space of few dimensions, and a little noise.

` + candidates.About() + `
A million vectors take about a minute and 2 GB of memory; --small takes seconds, and
its figures say little. --write DIR writes vectors.npy and queries.npy there
instead, for other programs that search: bench/candidates/faiss_hnsw.py is one.`,
		Example: `  freshet bench recall
  freshet bench recall --part approx --vectors 200000 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if small {
				given := o.Size
				o.Size = candidates.Small()
				for _, s := range sizes {
					if c.Flags().Changed(s.flag) {
						*s.value(&o.Size) = *s.value(&given)
					}
				}
			}
			if err := o.Check(); err != nil {
				return usagef("%w", err)
			}
			if write != "" {
				return writeVectors(write, &o)
			}
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), candidates.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			result, err := candidates.Run(c.Context(), o)
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().StringSliceVar(&o.Parts, "part", candidates.Parts(), "what to measure")
	for _, s := range sizes {
		c.Flags().IntVar(s.value(&o.Size), s.flag, *s.value(&full), s.usage)
	}
	c.Flags().BoolVar(&small, "small", false, "a size for a try; what is given beside it stands")
	c.Flags().DurationVar(&o.Duration, "duration", 3*time.Second, "of each measurement, from "+bench.MinDuration.String())
	c.Flags().StringVar(&write, "write", "", "directory for the vectors and queries, to be searched elsewhere; nothing is measured")
	c.Flags().Uint64Var(&o.Seed, "seed", 7, "which vectors")
	return c
}

// writeVectors writes the vectors and the queries into a directory, which it makes.
func writeVectors(dir string, o *candidates.Options) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("write vectors: %w", err)
	}
	vectors, queries := o.Vectors()
	for name, rows := range map[string][]float32{"vectors.npy": vectors, "queries.npy": queries} {
		if err := create(filepath.Join(dir, name), func(w io.Writer) error { return candidates.WriteNPY(w, rows, o.Dim) }); err != nil {
			return fmt.Errorf("write vectors: %w", err)
		}
	}
	return nil
}

func create(name string, write func(w io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
