package config

import (
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/outgoing"
)

// Bounds and defaults of routes that ask outside.
const (
	LongestTimeout = 10 * freshet.Second // of one call; longer than any request may take
	MaxSlots       = 1000

	defaultTimeout = 30 * freshet.Millisecond
	defaultSlots   = 16
)

// Outgoing says where the server may connect to beside the public internet.
type Outgoing struct {
	Allow []string // host names, addresses and CIDR prefixes; see package outgoing
}

// urlUse is a URL that is to be called, where the file names it.
type urlUse struct {
	path, url string
	at        position
}

func (d *decoder) outgoing(path string, n *node) {
	d.fields(path, n, schema{keys: map[string]func(string, *node){
		"allow": func(path string, n *node) {
			d.words(&d.cfg.Outgoing.Allow, func(word string, n *node) {
				if _, err := outgoing.Parse([]string{word}); err != nil {
					var entry *outgoing.EntryError
					if errors.As(err, &entry) {
						d.add(n.at, "", "%s: %s", path, entry.Text)
					}
					d.unsureOutgoing = true
				}
			})(path, n)
		},
	}})
}

// checkURLs holds the URLs of routes against where the server may connect to.
func (d *decoder) checkURLs() {
	rules, err := outgoing.Parse(d.cfg.Outgoing.Allow)
	if err != nil || d.unsureOutgoing {
		return // that was told
	}
	for _, use := range d.urls {
		if err := rules.CheckURL(use.url); err != nil {
			d.add(use.at, "", "%s is %s: %v", use.path, quote(use.url), err)
		}
	}
}

func outgoingSettings(o Outgoing) []setting { return []setting{{"allow", words(o.Allow)}} }

// urlOf is the setting url, which no kind that has it goes without.
func urlOf(text string) routeKey {
	return routeKey{
		key: "url", text: text,
		read: func(d *decoder, r *Route) func(string, *node) {
			return func(path string, n *node) {
				if url, ok := d.text(path, n); ok {
					r.URL = url
					d.urls = append(d.urls, urlUse{path, url, n.at})
				}
			}
		},
		print: func(r *Route) string { return scalar(r.URL) },
	}
}

// timeoutOf is the setting timeout.
func timeoutOf(text string, otherwise freshet.Duration) routeKey {
	k := spanKey("timeout", text, func(r *Route) *freshet.Duration { return &r.Timeout }, otherwise)
	k.read = func(d *decoder, r *Route) func(string, *node) {
		return d.duration(&r.Timeout, freshet.Millisecond, LongestTimeout)
	}
	return k
}

// slotsOf is the setting slots.
func slotsOf(text string, otherwise int) routeKey {
	return routeKey{
		key: "slots", text: text,
		read:    func(d *decoder, r *Route) func(string, *node) { return d.integer(&r.Slots, 1, MaxSlots) },
		missing: func(r *Route) { r.Slots = otherwise },
		print:   func(r *Route) string { return fmt.Sprint(r.Slots) },
	}
}
