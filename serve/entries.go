package serve

import "github.com/freshet-rec/freshet"

// Item returns the catalogue entry of an item, nil when there is none, and the position it
// was read at.
func (s *Server) Item(id freshet.ItemID) (doc *freshet.Item, p freshet.Position) {
	s.Stream.View(func(at freshet.Position) {
		p = at
		if item := s.State.Items.Find(id); item != 0 {
			doc = s.State.Items.Entry(item)
		}
	})
	return doc, p
}

// UnknownItem is the problem with an item that has no catalogue entry.
func (s *Server) UnknownItem(id freshet.ItemID) *Problem {
	return &Problem{Code: "unknown_item", Message: "there is no item " + quote(string(id)), Hint: "PUT /v1/items/{id} makes one"}
}

// User returns what is known of a user beside events, nil when no entry came, and the position it
// was read at.
func (s *Server) User(id freshet.UserID) (doc *freshet.User, p freshet.Position) {
	s.Stream.View(func(at freshet.Position) {
		p = at
		doc = s.State.Users.Entry(s.State.Visitor(freshet.VisitorOf(id, "", "")))
	})
	return doc, p
}

// UnknownUser is the problem with a user of whom no entry came.
func (s *Server) UnknownUser(id freshet.UserID) *Problem {
	return &Problem{Code: "unknown_user", Message: "there is no user " + quote(string(id)), Hint: "PUT /v1/users/{id} makes one"}
}
