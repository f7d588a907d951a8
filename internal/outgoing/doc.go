// Package outgoing says where this process may connect to, and makes HTTP clients that keep
// to it.
//
//	rules, err := outgoing.Parse(cfg.Outgoing.Allow)
//	err = rules.CheckURL(text)              // what can be said of a URL before it is called
//	client := rules.Client(conns)
//
// A URL is written by the operator, never by a request, so the host it names is meant. What
// nobody meant is where that name leads: every address is judged after it was resolved, as it
// is dialled, so that a name whose answer changes between two questions gains nothing.
// Addresses of the public internet are free; all others need a line in the list:
//
//   - a host name: that host may resolve to private and loopback addresses;
//   - an address or a CIDR prefix: addresses in it may be dialled, whoever named them.
//
// Link-local addresses, those of the metadata services of clouds, and those that mean more
// than one machine are never reached by a name alone: only a prefix frees them.
//
// Redirects are not followed, proxies of the environment are not used, and compressed answers
// are not unpacked. What the package leaves out: what is sent and how answers are read.
package outgoing
