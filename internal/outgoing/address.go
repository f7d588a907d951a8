package outgoing

import "net/netip"

// class says what an address takes to be dialled.
type class int

const (
	public   class = iota // nothing
	internal              // a listed host name, or a prefix
	guarded               // a prefix
)

// special are the prefixes that are not the public internet, the most specific first: those of
// the IANA registries of special-purpose addresses (RFC 6890 and what updates it), and the
// metadata services of clouds that lie outside of link-local.
var special = []struct {
	prefix netip.Prefix
	class  class
	what   string
}{
	{netip.MustParsePrefix("100.100.100.200/32"), guarded, "the metadata service of a cloud"},
	{netip.MustParsePrefix("168.63.129.16/32"), guarded, "the metadata service of a cloud"},
	{netip.MustParsePrefix("192.0.0.192/32"), guarded, "the metadata service of a cloud"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), guarded, "the metadata service of a cloud"},
	{netip.MustParsePrefix("fd20:ce::254/128"), guarded, "the metadata service of a cloud"},

	{netip.MustParsePrefix("127.0.0.0/8"), internal, "loopback"},
	{netip.MustParsePrefix("10.0.0.0/8"), internal, "private"},
	{netip.MustParsePrefix("172.16.0.0/12"), internal, "private"},
	{netip.MustParsePrefix("192.168.0.0/16"), internal, "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), internal, "private, shared by a carrier"},
	{netip.MustParsePrefix("::1/128"), internal, "loopback"},
	{netip.MustParsePrefix("fc00::/7"), internal, "private"},

	{netip.MustParsePrefix("169.254.0.0/16"), guarded, "link-local, as metadata services are"},
	{netip.MustParsePrefix("fe80::/10"), guarded, "link-local"},
	{netip.MustParsePrefix("fec0::/10"), guarded, "site-local"},
	{netip.MustParsePrefix("0.0.0.0/8"), guarded, "this host"},
	{netip.MustParsePrefix("192.0.0.0/24"), guarded, "for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), guarded, "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), guarded, "a relay"},
	{netip.MustParsePrefix("198.18.0.0/15"), guarded, "for benchmarks of networks"},
	{netip.MustParsePrefix("198.51.100.0/24"), guarded, "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), guarded, "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), guarded, "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), guarded, "reserved"},
	// Only 2000::/3 is given out. What lies in it and carries an IPv4 address inside is no way
	// round the rules for that one, and there is no need to reach anybody by it.
	{netip.MustParsePrefix("2001::/23"), guarded, "for protocols, Teredo among them"},
	{netip.MustParsePrefix("2001:db8::/32"), guarded, "for documentation"},
	{netip.MustParsePrefix("2002::/16"), guarded, "6to4"},
	{netip.MustParsePrefix("3fff::/20"), guarded, "for documentation"},
	{netip.MustParsePrefix("2000::/3"), public, "public"},
	{netip.MustParsePrefix("::/0"), guarded, "not given out, or another form of an IPv4 address"},
}

// judge says what an address takes to be dialled, and what it is. An IPv4 address in the form
// of IPv6 is judged as what it is.
func judge(ip netip.Addr) (class, string) {
	ip = ip.Unmap().WithZone("")
	for _, s := range special {
		if s.prefix.Contains(ip) {
			return s.class, s.what
		}
	}
	return public, "public"
}
