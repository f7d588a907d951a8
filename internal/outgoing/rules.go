package outgoing

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rules are the list of an operator. The zero Rules list nothing; they must not be changed
// while clients made of them are in use.
type Rules struct {
	hosts    []string // lower case, without a final dot
	prefixes []netip.Prefix
}

// MaxEntries bounds a list; each entry is looked at for every connection.
const MaxEntries = 1000

// Parse reads a list of host names, addresses and CIDR prefixes. The error is a *EntryError
// for the first entry that is none of them.
func Parse(entries []string) (Rules, error) {
	var r Rules
	for i, entry := range entries {
		if i == MaxEntries {
			return Rules{}, &EntryError{i, fmt.Sprintf("there are more than %d entries", MaxEntries)}
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			if prefix != prefix.Masked() {
				return Rules{}, &EntryError{i, fmt.Sprintf("%q has bits beyond its prefix; write %s", entry, prefix.Masked())}
			}
			r.prefixes = append(r.prefixes, unmapped(prefix))
			continue
		}
		if ip, err := netip.ParseAddr(entry); err == nil && ip.Zone() == "" {
			r.prefixes = append(r.prefixes, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
			continue
		}
		if fault := hostFault(entry); fault != "" {
			return Rules{}, &EntryError{i, fmt.Sprintf("%q %s; write a host name, an address or a prefix such as 10.0.0.0/8", entry, fault)}
		}
		r.hosts = append(r.hosts, plainHost(entry))
	}
	return r, nil
}

// unmapped is a prefix of IPv4 addresses in the form of IPv6 as what it is.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// EntryError says what is wrong with an entry of a list.
type EntryError struct {
	Entry int // its place, from 0
	Text  string
}

// Error names the entry.
func (e *EntryError) Error() string { return fmt.Sprintf("entry %d: %s", e.Entry+1, e.Text) }

// RefusedError says why an address is not dialled.
type RefusedError struct {
	Host string // as the URL has it
	IP   netip.Addr
	What string // what the address is
}

// Error names the host, the address, and what would free it.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s leads to %s, which is not public (%s); list it under outgoing.allow if it is meant", e.Host, e.IP, e.What)
}

// Check reports why an address that a host resolved to may not be dialled, or nil. The error is
// a *RefusedError.
func (r *Rules) Check(host string, ip netip.Addr) error {
	class, what := judge(ip)
	if class == public || class == internal && slices.Contains(r.hosts, plainHost(host)) {
		return nil
	}
	plain := ip.Unmap().WithZone("")
	for _, p := range r.prefixes {
		if p.Contains(plain) {
			return nil
		}
	}
	return &RefusedError{host, ip, what}
}

// CheckURL reports what is wrong with a URL to be called, or nil: http or https, a host that is
// a name or an address in its one plain form, no user and no fragment, and no address that the
// rules refuse.
func (r *Rules) CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("it must begin with https:// or http://")
	case host == "":
		return fmt.Errorf("it names no host")
	case u.User != nil:
		return fmt.Errorf("it holds a user name or password")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return fmt.Errorf("it has a fragment, which is never sent")
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("its port is %q; it must be from 1 to 65535", port)
		}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return fmt.Errorf("its address has a zone")
		}
		return r.Check(host, ip)
	}
	if fault := hostFault(host); fault != "" {
		return fmt.Errorf("its host %q %s", host, fault)
	}
	return nil
}

var (
	hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)
	numeral  = regexp.MustCompile(`^([0-9]+|0[xX][0-9A-Fa-f]*)$`)
)

// hostFault says why a text is no name of a host, "" if it is one. A name whose last label is a
// number is an address in one of its old forms (octal, hexadecimal, one number for all four)
// to some resolvers: no host is called like that.
func hostFault(host string) string {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	switch {
	case len(host) > 253 || !hostName.MatchString(host):
		return "is no host name"
	case numeral.MatchString(labels[len(labels)-1]):
		return "is an address in a form that is read in more than one way"
	}
	return ""
}

func plainHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }
