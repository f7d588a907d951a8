package deadletter

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/golden"
)

// TestGolden: dead letters of every version released are read, and kept on with.
func TestGolden(t *testing.T) {
	golden.Test(t, fmt.Sprintf("v%d", FormatVersion), map[string]golden.Case{"kept": {
		Make: func(t testing.TB) *fsys.Mem {
			disk := fsys.NewMem()
			s, _, err := Open(Options{FS: disk})
			ok(t, err)
			long := letter("import:b", 7)
			long.Payload, long.Truncated = []byte("\xff not text"), true
			add(t, s, append(letters("import:a", 1, 5), long), 6, 0)
			add(t, s, letters("import:b", 8, 9), 2, 0)
			ok(t, s.Close())
			return disk
		},
		Hash: func(t testing.TB, disk *fsys.Mem) string {
			sum := sha256.New()
			before := all(t, disk, 3)
			for _, l := range before {
				fmt.Fprintf(sum, "%d %d %q %q %d %q %q %q %q %x %t\n", l.ID, l.Received, l.Source, l.File, l.Line, l.Code, l.Pointer, l.Message, l.Hint, l.Payload, l.Truncated)
			}
			s, report, err := Open(Options{FS: disk})
			ok(t, err)
			if len(report.Damages) > 0 || report.CutBytes > 0 || int(report.Total) != len(before) {
				t.Errorf("opened: %+v", report)
			}
			add(t, s, append(letters("import:a", 5, 5), letters("import:c", 1, 1)...), 1, 1)
			ok(t, s.Close())
			if after := all(t, disk, 100); len(after) != len(before)+1 {
				t.Errorf("%d letters, and one more is %d", len(before), len(after))
			}
			return fmt.Sprintf("%x", sum.Sum(nil))
		}}})
}
