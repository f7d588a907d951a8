// Package importtest holds the project's walls: which package may import which, and which
// packages may touch files and clocks. The tables below read as the architecture; change a
// line only with a reason in the commit that does so.
package importtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/freshet-rec/freshet"

// allowed lists, for every package, the packages of this module it may import outside its
// tests. "." is the root package with the nouns. A package that is missing here fails.
var allowed = map[string][]string{
	".": {},

	// Mechanics: no knowledge of recommending.
	"internal/fsys":     {},
	"internal/clock":    {},
	"internal/pack":     {},
	"internal/places":   {"internal/hugepage", "internal/prefetch"}, // one index of hashes for tables and for ids
	"internal/intern":   {"internal/pack", "internal/places", "internal/prefetch"},
	"internal/prefetch": {}, // the one place with assembly for memory: asks for cache lines early
	"internal/hugepage": {}, // memory for flat tables: one place that asks the kernel
	"internal/outgoing": {}, // where this process may connect to: the one place that dials by a configured name
	"internal/slab":     {}, // memory that the collector need not look at
	"window":            {"internal/pack", "internal/slab"},
	"store":             {"internal/pack", "internal/prefetch"},
	"store/mem":         {"internal/hugepage", "internal/pack", "internal/places", "internal/prefetch", "store"},
	"store/storetest":   {"internal/pack", "internal/prefetch", "store"},

	// JSON in and out of the nouns, and what the operator writes.
	"codec":            {"."},
	"config":           {".", "expression", "feature", "internal/nearest", "internal/outgoing"}, // a URL that would be refused is refused when it is read
	"feature":          {".", "expression", "internal/hugepage", "internal/intern", "internal/pack", "internal/prefetch", "internal/slab", "store", "window"},
	"internal/nearest": {}, // the word someone meant, for configuration and expressions alike
	// An expression knows the nouns and no feature; those are told to it by name and kind.
	"expression": {".", "internal/nearest"},

	// Truth, and the fold over it.
	"journal":  {".", "internal/fsys", "internal/pack", "internal/places"},
	"catalog":  {".", "internal/intern", "internal/pack"},
	"stream":   {".", "codec", "internal/pack", "journal"},
	"snapshot": {".", "internal/fsys"},

	// What is passed over of the truth.
	"quarantine": {".", "internal/fsys"},

	// What features are held against.
	"audit": {".", "feature", "internal/pack"},

	// What was refused from files, beside the truth.
	"deadletter": {"internal/fsys", "internal/pack"},

	// Ways in beside HTTP.
	"source":           {".", "codec"},
	"source/file":      {".", "codec", "source"},
	"source/movielens": {".", "codec", "source"},
	"source/globo":     {".", "codec", "source"},

	// Vectors and matrices: pure arithmetic over numbers, without ids, time or the journal.
	"internal/simd":     {}, // kernels in assembly, each beside its twin in Go
	"internal/simd/gen": {}, // writes that assembly; a module of its own
	"internal/dense":    {}, // products and solutions of dense matrices
	"vector":            {"internal/pack", "internal/prefetch", "internal/simd"},
	// A search for settings is judged by the measures that judge its result: collab meets eval.
	"collab": {"eval", "internal/dense", "internal/hugepage", "internal/pack", "internal/prefetch", "internal/simd"},
	// Writes the assembly of internal/dense; a module of its own.
	"internal/dense/gen": {},

	// A request. Recall never meets feature: they meet in serve.
	"recall":           {".", "catalog", "collab", "internal/pack", "internal/prefetch", "internal/simd", "internal/slab", "vector"},                         // what it keeps of many items lies in slabs and is read in batches
	"recall/routetest": {".", "internal/pack", "recall"},                                                                                                     // it packs and unpacks what it judges
	"fold":             {".", "audit", "catalog", "codec", "expression", "feature", "internal/intern", "internal/pack", "rank", "recall", "store", "stream"}, // rows are what rank reads
	// Orders are compared by the measures that evaluation compares them by.
	"serve":    {".", "audit", "eval", "feature", "fold", "internal/fsys", "rank", "recall", "registry", "stream"},
	"external": {".", "internal/outgoing", "recall", "serve"}, // the HTTP of routes that ask outside
	"httpapi":  {".", "codec", "deadletter", "feature", "fold", "quarantine", "registry", "serve", "stream"},

	// Models and how they are judged: learning writes what ranking reads, never the reverse,
	// and measures do not know what they judge.
	"rank":           {"internal/dense", "internal/pack"}, // scores are sums over rows and layers, whose kernels are there
	"rank/modeltest": {"rank"},
	"eval":           {"."},
	"learn": {".", "collab", "eval", "fold", "internal/dense", "internal/fsys", "internal/intern", "internal/pack", "internal/simd", // the online update is packed with the state that it follows
		"rank", "recall", "stream", "vector"},
	"registry": {".", "collab", "internal/fsys", "internal/pack", "rank", "recall", "vector"}, // it reads what ranking and recall go by
	"trial":    {".", "eval", "fold", "recall", "stream"},
	// What a whole history says of users and items, for other systems: how much an act counts is recall's word.
	"profile": {".", "catalog", "internal/intern", "recall", "stream"},

	// Measured from outside, over HTTP: it knows requests and replies, and no part of the server.
	"bench": {".", "codec", "internal/fsys"},

	// The feature engine measured in its own process: the one workload that needs a part of the
	// server, and tables of its own as the bound.
	"bench/engine": {".", "bench", "feature", "internal/hugepage", "internal/intern", "internal/prefetch", "store/mem"},

	// What narrows a catalogue to candidates, likewise measured in its own process.
	"bench/candidates": {".", "bench", "internal/simd", "vector"},

	// Fold-in and training of vectors in their own process, against the rate of dense products.
	"bench/factors": {"bench", "collab", "internal/dense"},
	// The online update measured in its own process: rows are told it as a state would.
	"bench/online": {".", "bench", "fold", "learn", "rank"},
	// Models that score rows, beside a program in C.
	"bench/scoring": {"bench", "internal/bound", "rank"},
	// Training likewise, beside the same loops in C.
	"bench/epoch": {"bench", "internal/bound", "learn", "rank"},
	// Recall measured in its own process: it needs the state and the server, and no HTTP.
	"bench/stage": {".", "bench", "fold", "internal/fsys", "journal", "serve", "store/mem", "stream"},
	// Rows of the past as Parquet: features by event time, and the form of the file. Reading the
	// journal and folding it stay with the command.
	"backfill": {".", "catalog", "codec", "feature", "internal/intern", "store"},

	// The one place that knows everything.
	"cmd/freshet": nil, // nil: anything

	// Machinery for tests and demonstrations.
	"internal/sim":        {"."},
	"internal/plot":       {}, // figures: it knows numbers and names, and nothing of what they measure
	"internal/importtest": {},
	"internal/dumpcheck":  {}, // an independent judge: must share no code with what it judges
	"internal/loadrun":    {},
	"internal/bound":      {}, // programs in C that benchmarks are held against: built and run when they are
	"internal/goal":       {},
	"internal/golden":     {"internal/fsys"},
	"internal/lives":      {},
	"internal/sabotage":   {},
}

// clocks lists the packages that may call time.Now; files those that may call os functions
// that open or change files. Everything else takes a now value or a file system.
var (
	clocks = []string{"cmd/freshet", "internal/fsys", "internal/goal", "internal/loadrun", "internal/importtest"}
	files  = []string{"cmd/freshet", "internal/fsys", "internal/dumpcheck", "internal/loadrun", "internal/sabotage", "internal/importtest", "internal/bound"}
)

var fileCalls = []string{"Open", "OpenFile", "Create", "ReadFile", "WriteFile", "ReadDir", "Remove", "RemoveAll", "Rename",
	"Mkdir", "MkdirAll", "Stat", "Lstat", "Truncate", "Symlink", "Link", "Chmod", "CreateTemp", "MkdirTemp", "OpenRoot"}

func TestImportWalls(t *testing.T) {
	root := moduleRoot(t)
	seen := map[string]bool{}
	eachFile(t, root, func(pkg, path string, file *ast.File, _ *token.FileSet) {
		seen[pkg] = true
		may, known := allowed[pkg]
		if !known {
			t.Errorf("%s: package %q has no line in the import table; add one with the reason it exists", path, pkg)
			return
		}
		if may == nil || strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			rel, inside := strings.CutPrefix(imported, module)
			if rel = strings.TrimPrefix(rel, "/"); rel == "" {
				rel = "."
			}
			if inside && !slices.Contains(may, rel) {
				t.Errorf("%s: package %q may not import %q: a wall stands between them", path, pkg, rel)
			}
			if !inside && pkg == "." && strings.Contains(strings.Split(imported, "/")[0], ".") {
				t.Errorf("%s: the root package imports only the standard library, not %q", path, imported)
			}
		}
	})
	if len(seen) == 0 {
		t.Fatal("no Go files found: the walls were not looked at")
	}
}

func TestClocksAndFilesAreValues(t *testing.T) {
	eachFile(t, moduleRoot(t), func(pkg, path string, file *ast.File, fset *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			if x.Name == "time" && sel.Sel.Name == "Now" && !slices.Contains(clocks, pkg) {
				t.Errorf("%s: time.Now: below the edges time is an argument or a now value", fset.Position(n.Pos()))
			}
			if x.Name == "os" && slices.Contains(fileCalls, sel.Sel.Name) && !slices.Contains(files, pkg) {
				t.Errorf("%s: os.%s: files are reached through a file system value, so that faults can be injected", fset.Position(n.Pos()), sel.Sel.Name)
			}
			return true
		})
	})
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatalf("module root not found: %v", err)
	}
	return dir
}

func eachFile(t *testing.T, root string, visit func(pkg, path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), path, file, fset)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
