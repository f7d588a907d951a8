package fold_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/stream"
)

func (j *journal) user(doc freshet.User) { j.apply(stream.Entry{Received: t0, User: &doc}) }

// TestAUserBeforeTheFirstEvent: what is known of a user stands under the number that the user's
// events have, whichever comes first, and is no event.
func TestAUserBeforeTheFirstEvent(t *testing.T) {
	j := build(t)
	j.user(freshet.User{ID: "ada", Attributes: map[string]any{"age": json.Number("34")}})
	ada := j.Visitor("u:ada")
	if ada == 0 || j.Users.Len() != 1 || j.Acts.Of(ada).Position != 0 || j.Newest != 0 {
		t.Fatalf("number %d, %d users, last act %+v, newest %d", ada, j.Users.Len(), j.Acts.Of(ada), j.Newest)
	}
	j.event("ada", "click", "a", t0)
	j.event("bob", "click", "a", t0)
	if j.Visitor("u:ada") != ada || j.Users.Entry(j.Visitor("u:bob")) != nil || j.Users.Entry(0) != nil {
		t.Errorf("ada is %d and was %d; of bob there is %+v", j.Visitor("u:ada"), ada, j.Users.Entry(j.Visitor("u:bob")))
	}
	second := freshet.User{ID: "ada", Attributes: map[string]any{"plan": "gold"}} // replaces all of the first
	j.user(second)
	j.user(freshet.User{ID: "bob"})
	if got := j.Users.Entry(ada); !reflect.DeepEqual(*got, second) || j.Users.Len() != 2 || j.Users.Entry(j.Visitor("u:bob")).ID != "bob" {
		t.Errorf("of ada %+v, %d users", got, j.Users.Len())
	}
	if j.Acts.Of(ada).Name != "click" {
		t.Errorf("last act %+v", j.Acts.Of(ada))
	}
}

func TestUsersAreUnpacked(t *testing.T) {
	j := build(t)
	j.event("bob", "click", "a", t0)
	want := freshet.User{ID: "ada", Attributes: map[string]any{"age": json.Number("34"), "likes": []any{"sea", true, nil}}}
	j.user(want)
	text := packed(j.State)
	again := build(t)
	r := pack.NewReader(text)
	again.Unpack(r)
	if err := r.Done(); err != nil || !bytes.Equal(packed(again.State), text) {
		t.Fatalf("%v; packed again it is other bytes", err)
	}
	if got := again.Users.Entry(again.Visitor("u:ada")); got == nil || !reflect.DeepEqual(*got, want) || again.Users.Entry(again.Visitor("u:bob")) != nil {
		t.Errorf("of ada %+v", got)
	}
}

func TestUsersOfOtherNumbersAreRefused(t *testing.T) {
	for name, bend := range map[string][2]string{
		"another's number": {"\x01\x02\x11" + `{"user_id":"ada"}`, "\x01\x01\x11" + `{"user_id":"ada"}`},
		"nobody's number":  {"\x01\x02\x11" + `{"user_id":"ada"}`, "\x01\x00\x11" + `{"user_id":"ada"}`},
		"no such number":   {"\x01\x02\x11" + `{"user_id":"ada"}`, "\x01\x09\x11" + `{"user_id":"ada"}`},
		"twice":            {"\x01\x02\x11" + `{"user_id":"ada"}`, "\x02\x02\x11" + `{"user_id":"ada"}` + "\x02\x11" + `{"user_id":"ada"}`},
		"no user":          {"\x01\x02\x11" + `{"user_id":"ada"}`, "\x01\x02\x11" + `{"user_ix":"ada"}`},
	} {
		j := build(t)
		j.event("bob", "click", "a", t0)
		j.user(freshet.User{ID: "ada"})
		text := packed(j.State)
		if bytes.Count(text, []byte(bend[0])) != 1 {
			t.Fatalf("%s: the section is not in % x", name, text)
		}
		r := pack.NewReader(bytes.Replace(text, []byte(bend[0]), []byte(bend[1]), 1))
		build(t).Unpack(r)
		if err := r.Done(); !errors.Is(err, pack.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
