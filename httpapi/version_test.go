package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/registry"
)

// TestAVersionIsToldByItsManifest: what a version is, with its fields, is said without a look at its model,
// however large; only that of an earlier release, whose manifest has no fields, is read, and says the same.
func TestAVersionIsToldByItsManifest(t *testing.T) {
	disk := fsys.NewMem()
	trained(t, disk, 0.3)
	r := newRig(t, plan{disk: disk})
	tell := func() (int, string) {
		reply := r.do(t, "GET", "/v1/models/lr/versions/1", "")
		return reply.status, reply.body
	}
	status, whole := tell()
	if status != http.StatusOK || !strings.Contains(whole, `"form":"lr"`) || !strings.Contains(whole, `{"name":"recall.score","kind":"spread","weights":2}`) {
		t.Fatalf("%d %s", status, whole)
	}
	const file = "models/lr/1/model.bin"
	model, err := fsys.ReadFile(disk, file, 1<<20)
	if err == nil {
		err = disk.Remove(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	if status, text := tell(); status != http.StatusOK || text != whole {
		t.Errorf("without the model: %d %s", status, text)
	}

	m, err := registry.Find(disk, "lr", 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Schema, m.Bytes = nil, 0
	_, text, err := m.Sealed()
	if err == nil {
		err = fsys.Replace(disk, "models/lr/1/manifest.json", text)
	}
	if err != nil {
		t.Fatal(err)
	}
	if status, text := tell(); status == http.StatusOK {
		t.Errorf("of an earlier release, without the model: %s", text)
	}
	if err := fsys.Replace(disk, file, model); err != nil {
		t.Fatal(err)
	}
	if status, text := tell(); status != http.StatusOK || text != whole {
		t.Errorf("of an earlier release: %d %s, want %s", status, text, whole)
	}
}
