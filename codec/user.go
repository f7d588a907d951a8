package codec

import "github.com/freshet-rec/freshet"

// Users is a decoded batch of users.
type Users = Batch[freshet.User]

// DecodeUser reads one user: raw is one JSON object. With problems, the user is zero.
func DecodeUser(raw []byte) (freshet.User, []Problem) {
	d := decoder{one: true}
	return decodeOne(&d, &userShape, raw)
}

// DecodeUsers reads a request body of at most 100,000 users; see [Form] for the documents
// accepted. The error is a *[Malformed].
func DecodeUsers(body []byte, form Form) (Users, error) {
	return decodeBatch(decoder{}, &userShape, body, form, defaultMost)
}

var userShape = shape[freshet.User]{
	noun:   "user",
	a:      "a user",
	list:   "users",
	known:  func(key []byte) bool { return userField(key) != 0 },
	decode: (*decoder).user,
}

// The fields of a user, in canonical order.
const (
	userID = iota + 1
	userAttributes
)

var userFields = []string{"user_id", "attributes"}

// meantByUser holds names that other systems use.
var meantByUser = map[string]string{"id": "user_id", "uid": "user_id", "properties": "attributes", "metadata": "attributes", "traits": "attributes", "labels": "attributes"}

// userField returns the field a key names, 0 for none.
func userField(key []byte) int {
	for i, name := range userFields {
		if string(key) == name {
			return i + 1
		}
	}
	return 0
}

// user reads the object the decoder stands on into the zero User u.
func (d *decoder) user(u *freshet.User) {
	var seen, given uint // bits of fields; null is seen, not given
	d.enter()
	for first := true; ; {
		key, more := d.member(&first)
		if !more {
			break
		}
		field := userField(key)
		switch {
		case field == 0:
			d.unknown(key, userFields, meantByUser)
			continue
		case seen>>field&1 == 1:
			given |= 1 << field
			d.twice()
			continue
		}
		seen |= 1 << field
		if d.kind() == kindNull {
			d.word("null")
			continue
		}
		given |= 1 << field
		switch field {
		case userID:
			id, _ := d.id()
			u.ID = freshet.UserID(id)
		case userAttributes:
			u.Attributes = d.freeData()
		}
	}
	if d.bad != nil {
		return
	}
	if given>>userID&1 == 0 && !d.over {
		d.missing("user_id", "", "the user has no id")
	}
	for i := d.start; i < len(d.problems); i++ {
		d.problems[i].UserID = string(u.ID)
	}
}
