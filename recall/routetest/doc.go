// Package routetest judges routes of package recall: every one must pass Run.
//
//	routetest.Run(t, func() routetest.Fixture { … })   // an empty route each time
//
// It plays seeded histories to the route in the order the fold does: the catalogue learns of
// the item, the route takes in the act, the visitor's history follows. It leaves out what
// only one kind of route promises, its scores above all: that needs an oracle beside it.
package routetest
