package main

import (
	"path/filepath"
	"testing"
	"time"
)

// TestStrangersSeeSomething: over every public data set that can be imported, somebody of whom nothing
// is known gets as many items as they ask for, somebody who has acted too, and no route is missing.
func TestStrangersSeeSomething(t *testing.T) {
	if testing.Short() {
		t.Skip("imports public data sets")
	}
	for _, c := range []struct{ set, known string }{{"ml-100k", "1"}, {"ml-latest-small", "1"}, {"globo-4d", "0"}} {
		t.Run(c.set, func(t *testing.T) {
			data := t.TempDir()
			if out, talk, code := runWithin(t, 10*time.Minute, "import", "--data", data, shared(t, c.set)); code != 0 {
				t.Fatalf("import: exit %d\n%s%s", code, out, talk)
			}
			if err := unhurry(filepath.Join(data, defaultConfigFile)); err != nil {
				t.Fatal(err)
			}
			p := start(t, data)
			for _, args := range [][]string{{"--user", "a stranger"}, {"--anonymous", "a browser"}, nil, {"--user", c.known}} {
				if slate := ask(t, p, append(args, "-n", "10")...); len(slate.Items) != 10 || len(slate.Degraded) > 0 {
					t.Errorf("%v: %d items, degraded %v", args, len(slate.Items), slate.Degraded)
				}
			}
		})
	}
}
