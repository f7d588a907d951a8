package main

import "strings"

// visitorOf is who acts or asks: the kind of the strongest id given, a colon, the id. It
// is empty when there is none.
func visitorOf(user, anonymous, session string) string {
	switch {
	case user != "":
		return "u:" + user
	case anonymous != "":
		return "a:" + anonymous
	case session != "":
		return "s:" + session
	}
	return ""
}

// userID is the id of a visitor who is a known user.
func userID(visitor string) (string, bool) { return strings.CutPrefix(visitor, "u:") }
