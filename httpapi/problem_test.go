package httpapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestPathsAndMethods(t *testing.T) {
	r := newRig(t, plan{})
	for _, c := range []struct {
		method, target string
		status         int
		code, allow    string
	}{
		{"GET", "/", 404, "not_found", ""},
		{"GET", "/v1", 404, "not_found", ""},
		{"GET", "/v1/", 404, "not_found", ""},
		{"POST", "/v2/events", 404, "not_found", ""},
		{"GET", "/v1/items/", 404, "not_found", ""},
		{"GET", "/v1/items/a/b", 404, "not_found", ""},
		{"GET", "/v1/events/", 404, "not_found", ""},
		{"GET", "/problems/no_such_code", 404, "not_found", ""},
		{"GET", "/problems/a/b", 404, "not_found", ""},
		{"POST", "//v1/events", 404, "not_found", ""},
		{"POST", "/v1//events", 404, "not_found", ""},
		{"POST", "/v1/./events", 404, "not_found", ""},
		{"POST", "/v1/items/../events", 404, "not_found", ""},
		{"PUT", "/v1//items/a%2Fb", 404, "not_found", ""},
		{"POST", "/v1/%65vents%2F", 404, "not_found", ""},
		{"POST", "/V1/events", 404, "not_found", ""},
		{"GET", "/v1/events", 405, "method_not_allowed", "POST"},
		{"DELETE", "/v1/events", 405, "method_not_allowed", "POST"},
		{"OPTIONS", "/v1/events", 405, "method_not_allowed", "POST"},
		{"POST", "/v1/items/a", 405, "method_not_allowed", "GET, HEAD, PUT"},
		{"PATCH", "/v1/items/a", 405, "method_not_allowed", "GET, HEAD, PUT"},
		{"PUT", "/v1/recommend", 405, "method_not_allowed", "GET, HEAD, POST"},
		{"GET", "/v1/features", 405, "method_not_allowed", "POST"},
		{"POST", "/status", 405, "method_not_allowed", "GET, HEAD"},
		{"POST", "/problems/validation", 405, "method_not_allowed", "GET, HEAD"},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			var p problemDoc
			got := r.do(t, c.method, c.target, `{"user_id":"u","event":"click","item_id":"i"}`)
			if got.want(t, c.status, &p); p.Code != c.code || got.header.Get("Allow") != c.allow {
				t.Errorf("code %s, Allow %q; want %s, %q", p.Code, got.header.Get("Allow"), c.code, c.allow)
			}
		})
	}
	if r.log.Last() != 0 {
		t.Errorf("%s records came by paths that do not exist", r.log.Last())
	}
}

func TestParametersThatMeanNothing(t *testing.T) {
	r := newRig(t, plan{})
	for _, c := range []struct{ method, path string }{
		{"POST", "/v1/events"}, {"POST", "/v1/items"}, {"PUT", "/v1/items/a"}, {"POST", "/v1/recommend"}, {"POST", "/v1/features"},
	} {
		var p problemDoc
		r.do(t, c.method, c.path+"?limit=1&colour=red&atomic=true", `{}`).want(t, 422, &p)
		if got := found(p.Errors); !slices.Equal(got, []string{"not_available", "unknown_field", "unknown_field"}) || !strings.Contains(p.Errors[1].Message, `"colour"`) {
			t.Errorf("%s %s: errors %+v", c.method, c.path, p.Errors)
		}
	}
	if r.log.Last() != 0 {
		t.Errorf("%s records", r.log.Last())
	}
}

// codes collects every code that the sources of the packages name: constants called Code… or
// code…, the Code of a composite literal, and arguments that look like a code in calls that make
// problems.
func codes(t *testing.T, dirs ...string) []string {
	t.Helper()
	looks := regexp.MustCompile(`^[a-z]+(_[a-z]+)*(:[a-z_]*)?$`)
	makers := []string{"failf", "problem", "Problem", "refuse", "malformed", "blame"}
	all := map[string]bool{}
	add := func(e ast.Expr) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return
		}
		if text, err := strconv.Unquote(lit.Value); err != nil {
			t.Fatal(err)
		} else if looks.MatchString(text) {
			all[text] = true
		}
	}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources in %s: %v", dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					for i, id := range n.Names {
						if strings.HasPrefix(strings.ToLower(id.Name), "code") && i < len(n.Values) {
							add(n.Values[i])
						}
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
						add(n.Value)
					}
				case *ast.CallExpr:
					name := ""
					switch f := n.Fun.(type) {
					case *ast.Ident:
						name = f.Name
					case *ast.SelectorExpr:
						name = f.Sel.Name
					}
					if slices.Contains(makers, name) {
						for _, arg := range n.Args[:min(2, len(n.Args))] {
							add(arg)
						}
					}
				}
				return true
			})
		}
	}
	list := []string{"missing:user_id", "type:value", "type:events"}
	for code := range all {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

func TestEveryCodeHasItsPage(t *testing.T) {
	r := newRig(t, plan{})
	list := codes(t, "../codec", "../serve", "../httpapi")
	for _, must := range []string{"malformed", "too_many", "id_conflict", "unknown_scene", "bad_position", "timeout", "missing:item_id", "not_available"} {
		if !slices.Contains(list, must) {
			t.Errorf("the search for codes did not find %s among %q", must, list)
		}
	}
	for _, code := range list {
		if code == "fallback" || strings.HasSuffix(code, ":") {
			continue // a reason to show an item; a family whose members end in a field
		}
		got := r.do(t, "GET", "/problems/"+url.PathEscape(code), "")
		if got.status != 200 || !strings.Contains(got.body, "<code>"+code+"</code>") || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("code %q has no page: status %d", code, got.status)
		}
	}
}

func TestPagesEscape(t *testing.T) {
	r := newRig(t, plan{})
	got := r.do(t, "GET", "/problems/"+url.PathEscape("missing:<script>alert(1)<x>"), "")
	if strings.Contains(got.body, "<script>") || got.header.Get("Content-Security-Policy") == "" {
		t.Errorf("a page repeats markup: %s", got.body)
	}
}
