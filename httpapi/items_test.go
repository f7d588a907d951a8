package httpapi_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
)

// itemDoc is the reply to a request for an item.
type itemDoc struct {
	Item struct {
		ID        string `json:"item_id"`
		Title     string
		Available *bool
	}
	Position string
}

func path(id string) string { return "/v1/items/" + url.PathEscape(id) }

func TestItemsUnderAnyID(t *testing.T) {
	r, server := serving(t, plan{})
	for _, id := range []string{"b-1", "a/b", "//", "..", ".", "../..", "a b", "100%", "%2F", "{tag}", "*?#&=;+", "é漢字", "\u202eevil", "<script>", strings.Repeat("x", 256)} {
		t.Run(id, func(t *testing.T) {
			escaped := strings.ReplaceAll(path(id), ".", "%2E") // dots would be resolved on the way
			if got := r.do(t, "GET", escaped, ""); got.status != 404 {
				t.Errorf("before: status %d", got.status)
			}
			var out outcome
			r.do(t, "PUT", escaped, `{"title":"over `+freshet.Position(len(id)).String()+`"}`).want(t, 200, &out)
			if out.Accepted != 1 || out.Position != r.log.Last().String() {
				t.Errorf("reply %+v, last record %s", out, r.log.Last())
			}
			var got itemDoc
			r.do(t, "GET", escaped, "").want(t, 200, &got)
			if got.Item.ID != id || got.Item.Title == "" || got.Position != out.Position {
				t.Errorf("got %+v", got)
			}
			// And over a connection, where the path is parsed.
			raw := r.raw(t, server, false, "GET "+escaped+" HTTP/1.1\r\nHost: x\r\n\r\n")
			if raw.want(t, 200, &got); got.Item.ID != id {
				t.Errorf("over a connection: %+v", got)
			}
		})
	}
}

// TestASlashAloneIsNoPath: net/http takes the segment %2F for the end of the path. Such an
// item can be written in a batch and cannot be asked for.
func TestASlashAloneIsNoPath(t *testing.T) {
	r := newRig(t, plan{})
	if got := r.do(t, "PUT", "/v1/items/%2F", `{}`); got.status != 404 {
		t.Errorf("status %d", got.status)
	}
	var out outcome
	if r.do(t, "POST", "/v1/items", `{"item_id":"/"}`).want(t, 200, &out); !slices.Equal(r.slate(t, `{}`).ids(), []string{"/"}) {
		t.Error("an item called / is not shown")
	}
}

func TestPutItem(t *testing.T) {
	r := newRig(t, plan{})
	for _, c := range []struct {
		name, id, body string
		status         int
		code           string
		want           []string
	}{
		{"id in the body", "a", `{"item_id":"a","title":"A"}`, 200, "", nil},
		{"null id in the body", "a", `{"item_id":null}`, 200, "", nil},
		{"no field at all", "a", `{}`, 200, "", nil},
		{"another id in the body", "a", `{"item_id":"b"}`, 422, "validation", []string{"id_conflict /item_id"}},
		{"an id of another type", "a", `{"item_id":1}`, 422, "validation", []string{"type:item_id /item_id"}},
		{"a field twice, another id", "a", `{"title":"x","title":"y","item_id":"b"}`, 422, "validation", []string{"duplicate_field /title"}},
		{"a field twice, no id", "a", `{"title":"x","title":"y"}`, 422, "validation", []string{"duplicate_field /title"}},
		{"id twice", "a", `{"item_id":"a","item_id":"b"}`, 422, "validation", []string{"duplicate_field /item_id"}},
		{"control character", "a\x1b", `{}`, 422, "validation", []string{"bad_id /item_id"}},
		{"invalid UTF-8", "a\xff", `{}`, 422, "validation", []string{"bad_text /item_id"}},
		{"NUL", "a\x00", `{}`, 422, "validation", []string{"bad_text /item_id"}},
		{"blank", " ", `{}`, 422, "validation", []string{"bad_id /item_id"}},
		{"257 bytes", strings.Repeat("x", 257), `{}`, 422, "validation", []string{"bad_id /item_id"}},
		{"unknown field", "a", `{"titel":"A"}`, 422, "validation", []string{"unknown_field /titel"}},
		{"E20 no vector", "a", `{"embedding":[]}`, 422, "validation", []string{"bad_vector /embedding"}},
		{"E20 zeros", "a", `{"embedding":[0,0]}`, 422, "validation", []string{"bad_vector /embedding"}},
		{"E21 price below 0", "a", `{"price":-5}`, 422, "validation", []string{"out_of_range /price"}},
		{"E22 text for true", "a", `{"available":"true"}`, 422, "validation", []string{"type:available /available"}},
		{"empty body", "a", ``, 400, "malformed", nil},
		{"a list", "a", `[{"item_id":"a"}]`, 400, "malformed", nil},
		{"cut", "a", `{"title":`, 400, "malformed", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := r.log.Last()
			var p problemDoc
			r.do(t, "PUT", path(c.id), c.body).want(t, c.status, &p)
			if want := append([]string{}, c.want...); p.Code != c.code || !slices.Equal(found(p.Errors), want) {
				t.Errorf("code %q, errors %q; want %q, %q", p.Code, found(p.Errors), c.code, want)
			}
			if wrote := r.log.Last() != last; wrote != (c.status == 200) {
				t.Errorf("journaled: %v", wrote)
			}
		})
	}
	if got := r.do(t, "GET", path("b"), ""); got.status != 404 {
		t.Error("an item was written under the id that only a body named")
	}
}

func TestPutReplaces(t *testing.T) {
	r := newRig(t, plan{})
	var out outcome
	r.do(t, "PUT", path("a"), `{"title":"A","available":false}`).want(t, 200, &out)
	var got itemDoc
	if r.do(t, "GET", path("a"), "").want(t, 200, &got); got.Item.Available == nil || *got.Item.Available {
		t.Errorf("not available: %+v", got)
	}
	r.do(t, "PUT", path("a"), `{"price":3}`).want(t, 200, &out)
	got = itemDoc{}
	if r.do(t, "GET", path("a"), "").want(t, 200, &got); got.Item.Title != "" || got.Item.Available != nil {
		t.Errorf("the title or the state of the entry before is left: %+v", got)
	}
}

func TestItemsInBatches(t *testing.T) {
	r := newRig(t, plan{})
	for _, form := range []struct{ name, media, body, pointer string }{
		{"envelope", "application/json", `{"items":[{"item_id":"a"},{"item_id":"b","price":-1},{"item_id":"c"}]}`, "/items/1/price"},
		{"array", "application/json", `[{"item_id":"a"},{"item_id":"b","price":-1},{"item_id":"c"}]`, "/1/price"},
		{"lines", "application/x-ndjson", "{\"item_id\":\"a\"}\n{\"item_id\":\"b\",\"price\":-1}\n{\"item_id\":\"c\"}\n", "/price"},
	} {
		t.Run(form.name, func(t *testing.T) {
			last := r.log.Last()
			got := r.do(t, "POST", "/v1/items", form.body, "Content-Type", form.media)
			var out outcome
			got.want(t, 207, &out)
			if len(out.Errors) != 1 || out.Errors[0].ItemID != "b" || out.Errors[0].Index != 1 {
				t.Fatalf("errors %+v", out.Errors)
			}
			if !slices.Equal(found(out.Errors), []string{"out_of_range " + form.pointer}) || out.Accepted != 2 || out.Refused != 1 ||
				got.header.Get("Freshet-Refused") != "1" || out.Position != (last+2).String() {
				t.Errorf("reply %s", got.body)
			}
		})
	}
	var p problemDoc
	if r.do(t, "POST", "/v1/items", `[{"title":"no id"}]`).want(t, 422, &p); !slices.Equal(found(p.Errors), []string{"missing:item_id /0"}) {
		t.Errorf("errors %q", found(p.Errors))
	}
	if got := r.do(t, "GET", path("b"), ""); got.status != 404 {
		t.Error("a refused item is in the catalogue")
	}
}

func TestUnavailableLeavesTheNextSlate(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 5)
	r.post(t, act("bob", "click", "i-3", t0), act("bob", "click", "i-2", t0))
	if got := r.slate(t, `{"user_id":"ada","n":5}`).ids(); !slices.Contains(got, "i-3") {
		t.Fatalf("slate %q without i-3", got)
	}
	for _, request := range []string{`{"user_id":"ada","n":5}`, `{"user_id":"ada","n":5,"timeout_ms":0.001}`, `{"n":500}`, `{"seed_items":["i-2"]}`} {
		var out outcome
		r.do(t, "PUT", path("i-3"), `{"available":false}`).want(t, 200, &out)
		s := r.slate(t, request)
		if slices.Contains(s.ids(), "i-3") {
			t.Errorf("%s: slate %q with an item that is not available", request, s.ids())
		}
		r.do(t, "PUT", path("i-3"), `{"available":true}`).want(t, 200, &out)
	}
	if got := r.slate(t, `{"user_id":"ada","n":5}`).ids(); !slices.Contains(got, "i-3") {
		t.Errorf("slate %q without i-3, which is available again", got)
	}
}

func TestItemsThatHaveNoEntry(t *testing.T) {
	r := newRig(t, plan{})
	r.post(t, act("ada", "click", "named", t0))
	for _, id := range []string{"named", "nobody", strings.Repeat("x", 5000), "\xff"} {
		var p problemDoc
		r.do(t, "GET", path(id), "").want(t, 404, &p)
		if p.Code != "unknown_item" || len(p.Detail) > 1000 {
			t.Errorf("%.20q: code %s, %d bytes of detail", id, p.Code, len(p.Detail))
		}
	}
}
