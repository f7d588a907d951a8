package expression

import (
	"sync"

	"github.com/freshet-rec/freshet"
)

// Where is a condition on an event. It is safe for concurrent use.
type Where struct {
	holds func(*Row) verdict
	rows  sync.Pool // of *Row, so that no call allocates one
}

// CompileWhere compiles a condition; every error is an [*Error].
func CompileWhere(text string) (*Where, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &compiler{source: text, where: true}
	v := c.compile(root)
	if c.err == nil && (v.kind == List || v.kind == absent) {
		c.fail(root, "", "this is %s; it must be true or false", v.kind)
	}
	holds := c.asTruth(v)
	if c.err != nil {
		return nil, c.err
	}
	return &Where{holds: holds, rows: sync.Pool{New: func() any { return new(Row) }}}, nil
}

// True reports that the condition is true of the event, of what was done to (item) and of who did
// it (user), as they are now; either is nil when it is not known. No value is not true.
func (w *Where) True(e *freshet.Event, item *freshet.Item, user *freshet.User) bool {
	r := w.rows.Get().(*Row)
	r.event, r.Item, r.User, r.Context, r.Time = e, item, user, e.Context, e.Time
	holds := w.holds(r) == yes
	*r = Row{}
	w.rows.Put(r)
	return holds
}
