package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestLettersDroppedAreNotNamed: an import that refuses more than may be kept names only what is.
func TestLettersDroppedAreNotNamed(t *testing.T) {
	data, name := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "bad.jsonl")
	const lines = 6000 // of which letters keep 16 KiB each
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, `{"user_id":"u%d","item_id":"i","event":"click","ts":"never","note":"%s"}`+"\n", i, strings.Repeat("x", 16<<10))
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	o := runOn(t, t.Context(), "", nil, "import", "--data", data, name)
	m := regexp.MustCompile(`as rej-(\d+) to rej-6000 \(the first ([\d,]+) were dropped to keep the bound\): `).FindStringSubmatch(o.stderr)
	if o.code != exitRefused || m == nil {
		t.Fatalf("exit %d: %s", o.code, o.stderr)
	}
	first, err := strconv.Atoi(m[1])
	if gone, gerr := strconv.Atoi(strings.ReplaceAll(m[2], ",", "")); err != nil || gerr != nil || gone != first-1 {
		t.Errorf("%s: %v, %v", m[0], err, gerr)
	}
	if code := runOn(t, t.Context(), "", nil, "rejected", "show", fmt.Sprintf("rej-%d", first), "--data", data).code; code != exitOK {
		t.Errorf("rej-%d, which is said to be kept: exit %d", first, code)
	}
	if code := runOn(t, t.Context(), "", nil, "rejected", "show", fmt.Sprintf("rej-%d", first-1), "--data", data).code; code == exitOK {
		t.Errorf("rej-%d, which is said to be dropped, is there", first-1)
	}
	again := runOn(t, t.Context(), "", nil, "import", "-q", "--json", "--data", filepath.Join(t.TempDir(), "other"), name)
	if strings.Contains(again.stdout, `"kept_as":"rej-`) || !strings.Contains(again.stdout, `"line":1}`) {
		t.Errorf("with --json it names what is gone: %.300s", again.stdout)
	}
}
