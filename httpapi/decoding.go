package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/serve"
)

// decoding reads the fields of a request and collects every fault.
type decoding struct{ faults []fault }

func (d *decoding) fail(err error) {
	var p *codec.Problem
	if !errors.As(err, &p) {
		panic("BUG: a getter returned " + err.Error())
	}
	code, _, _ := strings.Cut(p.Code, "/") // type:<field>, also for an element of the field
	d.faults = append(d.faults, fault{p.Pointer, code, p.Message, p.Hint})
}

func (d *decoding) failf(f codec.Field, code, hint, format string, args ...any) {
	d.fail(f.Problem(code, hint, format, args...))
}

// The fields of the two requests. later are those that are planned.
var (
	recommendFields = []string{"scene", "user_id", "anonymous_id", "session_id", "n", "context", "seed_items", "recent",
		"exclude", "fields", "min_position", "wait_ms", "timeout_ms", "explain", "dry_run", "at", "diff"}
	recommendLater = []string{"filter", "boost", "cursor"}
	featuresFields = []string{"user_id", "anonymous_id", "session_id", "item_ids", "context", "names", "min_position", "wait_ms"}
	recentFields   = []string{"event", "item_id", "ts"}
	excludeFields  = []string{"item_ids", "seen_within", "purchased"}
)

const codeBadPosition = "bad_position" // not a position that a reply returned

// known reports whether a field is to be read: it is known and not null.
func (d *decoding) known(f codec.Field, names, later []string) bool {
	switch {
	case slices.Contains(names, f.Name):
		return !f.IsNull()
	case slices.Contains(later, f.Name):
		if !f.IsNull() {
			d.failf(f, "not_available", "leave it out", "is not available in this release")
		}
		return false
	}
	hint := ""
	if near := codec.Nearest(f.Name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	d.failf(f, codec.CodeUnknown, hint, "unknown field")
	return false
}

func (d *decoding) recommend(fields []codec.Field, req *serve.Request) {
	for _, f := range fields {
		if !d.known(f, recommendFields, recommendLater) {
			continue
		}
		switch f.Name {
		case "scene":
			req.Scene = d.id(f)
		case "user_id":
			req.User = freshet.UserID(d.id(f))
		case "anonymous_id":
			req.Anonymous = d.id(f)
		case "session_id":
			req.Session = d.id(f)
		case "n":
			req.N = d.n(f)
		case "context":
			req.Context = d.free(f)
		case "seed_items":
			req.Seeds = d.itemIDs(f, serve.MaxRecent)
		case "recent":
			req.Recent = d.recent(f)
		case "exclude":
			d.exclude(f, req)
		case "fields":
			req.Fields = d.fieldNames(f)
		case "min_position":
			req.MinPosition = d.position(f)
		case "wait_ms":
			req.Wait = d.milliseconds(f, 0)
		case "timeout_ms":
			req.Timeout = d.milliseconds(f, 1)
		case "explain":
			if s, err := f.String(); err != nil {
				d.fail(err)
			} else if s != "summary" {
				d.failf(f, "not_available", "leave it out", "%s is not available in this release; there is \"summary\"", quote(s))
			}
		case "dry_run":
			req.DryRun = d.bool(f)
		case "diff":
			req.Diff = d.bool(f)
		case "at":
			req.At = d.time(f)
			if req.At == 0 {
				req.At = 1 // 0 stands for now, and 1970 is not now
			}
		}
	}
}

func (d *decoding) features(fields []codec.Field, req *serve.FeaturesRequest) {
	for _, f := range fields {
		if !d.known(f, featuresFields, nil) {
			continue
		}
		switch f.Name {
		case "user_id":
			req.User = freshet.UserID(d.id(f))
		case "anonymous_id":
			req.Anonymous = d.id(f)
		case "session_id":
			req.Session = d.id(f)
		case "item_ids":
			req.Items = d.itemIDs(f, serve.MaxFeatureItems)
		case "context":
			req.Context = d.free(f)
		case "names":
			names, err := f.Strings()
			if err != nil {
				d.fail(err)
			}
			req.Names = names
		case "min_position":
			req.MinPosition = d.position(f)
		case "wait_ms":
			req.Wait = d.milliseconds(f, 0)
		}
	}
}

// recommendQuery reads query parameters as the JSON fields of the same names: text where
// the field is text, else as the number or boolean they spell.
func (d *decoding) recommendQuery(query url.Values, req *serve.Request) {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	body := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			body = append(body, ',')
		}
		body = codec.AppendText(body, name)
		body = append(body, ':')
		value := query.Get(name)
		if len(query[name]) > 1 {
			d.faults = append(d.faults, fault{Code: codec.CodeDuplicate, Message: "the query parameter " + quote(name) + " is given twice"})
		}
		if spelt(name, value) {
			body = append(body, value...)
		} else {
			body = codec.AppendText(body, value)
		}
	}
	fields, err := codec.Object(append(body, '}'))
	var bad *codec.Malformed
	if errors.As(err, &bad) {
		d.faults = append(d.faults, fault{Code: bad.Code, Message: "query: " + bad.Message})
		return
	}
	d.recommend(fields, req)
}

// spelt reports whether the value of a query parameter spells a number or boolean of JSON, in
// a field that takes one.
func spelt(name, value string) bool {
	switch name {
	case "n", "wait_ms", "timeout_ms", "at":
		return value != "" && (value[0] == '-' || value[0] >= '0' && value[0] <= '9') && json.Valid([]byte(value))
	case "dry_run", "diff":
		return value == "true" || value == "false"
	}
	return false
}

func (d *decoding) id(f codec.Field) string {
	s, err := f.String()
	if err != nil {
		d.fail(err)
		return ""
	}
	if err := freshet.CheckID(s); err != nil {
		d.failf(f, codec.CodeBadID, "", "%v", err)
	}
	return s
}

func (d *decoding) bool(f codec.Field) bool {
	b, err := f.Bool()
	if err != nil {
		d.fail(err)
	}
	return b
}

func (d *decoding) free(f codec.Field) map[string]any {
	data, err := f.Free()
	if err != nil {
		d.fail(err)
	}
	return data
}

func (d *decoding) n(f codec.Field) int {
	n, err := f.Int()
	if err != nil || n < 1 || n > serve.MaxN {
		d.failf(f, codec.CodeOutOfRange, fmt.Sprintf("use 1 to %d, or leave it out for %d", serve.MaxN, serve.DefaultN), "%s is not a whole number from 1 to %d", raw(f), serve.MaxN)
		return 0
	}
	return int(n)
}

// milliseconds reads a span: zero is allowed when least is 0, fractions are always.
func (d *decoding) milliseconds(f codec.Field, least int) time.Duration {
	ms, err := f.Float()
	if err != nil || ms < 0 || least > 0 && ms == 0 {
		above := "0 or more"
		if least > 0 {
			above = "above 0"
		}
		d.failf(f, codec.CodeOutOfRange, "such as 20", "%s is not a number of milliseconds %s", raw(f), above)
		return 0
	}
	const most = 24 * time.Hour
	return max(time.Nanosecond, time.Duration(math.Min(ms*float64(time.Millisecond), float64(most))))
}

func (d *decoding) position(f codec.Field) freshet.Position {
	s, err := f.String()
	if err != nil {
		d.fail(err)
		return 0
	}
	p, err := freshet.ParsePosition(s)
	if err != nil {
		d.faults = append(d.faults, fault{Pointer: f.Pointer(), Code: codeBadPosition, Message: err.Error()})
	}
	return p
}

func (d *decoding) time(f codec.Field) int64 {
	t, err := f.Time()
	if err != nil {
		d.fail(err)
	}
	return t
}

func (d *decoding) itemIDs(f codec.Field, most int) []freshet.ItemID {
	elements, err := f.Array()
	if err != nil {
		d.fail(err)
		return nil
	}
	if len(elements) > most {
		d.failf(f, codec.CodeTooLong, "", "has %d elements; at most %d", len(elements), most)
		return nil
	}
	ids := make([]freshet.ItemID, len(elements))
	for i, e := range elements {
		ids[i] = freshet.ItemID(d.id(e))
	}
	return ids
}

func (d *decoding) recent(f codec.Field) []serve.Recent {
	elements, err := f.Array()
	if err != nil {
		d.fail(err)
		return nil
	}
	if len(elements) > serve.MaxRecent {
		d.failf(f, codec.CodeTooLong, "send the newest ones", "has %d elements; at most %d", len(elements), serve.MaxRecent)
		return nil
	}
	var list []serve.Recent
	for _, e := range elements {
		members, err := e.Object()
		if err != nil {
			d.fail(err)
			continue
		}
		var act serve.Recent
		for _, m := range members {
			if !d.known(m, recentFields, nil) {
				continue
			}
			switch m.Name {
			case "event":
				act.Event = d.id(m)
			case "item_id":
				act.Item = freshet.ItemID(d.id(m))
			case "ts":
				act.Time = d.time(m)
			}
		}
		if act.Item == "" {
			d.failf(e, "missing:item_id", "", "item_id is missing")
		}
		if act.Event == "" {
			d.failf(e, "missing:event", "", "event is missing")
		}
		list = append(list, act)
	}
	return list
}

func (d *decoding) exclude(f codec.Field, req *serve.Request) {
	members, err := f.Object()
	if err != nil {
		d.fail(err)
		return
	}
	for _, m := range members {
		if !d.known(m, excludeFields, nil) {
			continue
		}
		switch m.Name {
		case "item_ids":
			req.Exclude = d.itemIDs(m, serve.MaxExclude)
		case "seen_within":
			s, err := m.String()
			if err != nil {
				d.fail(err)
				continue
			}
			within, err := freshet.ParseDuration(s)
			if err != nil {
				d.failf(m, "bad_time", "", "%v", err)
			}
			req.SeenWithin = &within
		case "purchased":
			req.Purchased = d.bool(m)
		}
	}
}

func (d *decoding) fieldNames(f codec.Field) []string {
	names, err := f.Strings()
	if err != nil {
		d.fail(err)
		return nil
	}
	for _, name := range names {
		if !slices.Contains(itemFieldNames, name) {
			hint := ""
			if near := codec.Nearest(name, itemFieldNames); near != "" {
				hint = "did you mean " + near + "?"
			}
			d.failf(f, codec.CodeUnknown, hint, "items have no field %s", quote(name))
		}
	}
	return names
}

// raw shows a field's value as it was sent, shortened; a valid JSON value has no line breaks
// but between its parts, and those do not come here.
func raw(f codec.Field) string {
	const most = 64
	if len(f.Raw) > most {
		return strings.ToValidUTF8(string(f.Raw[:most]), "") + "…"
	}
	return string(f.Raw)
}
