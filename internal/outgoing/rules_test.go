package outgoing

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func parse(t testing.TB, entries ...string) Rules {
	t.Helper()
	r, err := Parse(entries)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAddresses is the table of what may be dialled: with nothing listed, with the host that is
// called, and with the address.
func TestAddresses(t *testing.T) {
	nothing, host := parse(t), parse(t, "Partner.Example.")
	const free, byName, byPrefix = 0, 1, 2
	for address, takes := range map[string]int{
		"8.8.8.8": free, "1.1.1.1": free, "172.15.255.255": free, "172.32.0.1": free, "100.128.0.1": free, "169.253.0.1": free, "2606:4700::1111": free, "::ffff:8.8.8.8": free,

		"127.0.0.1": byName, "127.255.255.254": byName, "10.0.0.1": byName, "172.16.0.1": byName, "172.31.255.255": byName, "192.168.1.1": byName,
		"100.64.0.1": byName, "::1": byName, "fc00::1": byName, "fd12:3456::1": byName, "::ffff:127.0.0.1": byName, "::ffff:10.1.2.3": byName,

		"169.254.169.254": byPrefix, "169.254.170.2": byPrefix, "::ffff:169.254.169.254": byPrefix, "fe80::1": byPrefix, "fd00:ec2::254": byPrefix,
		"100.100.100.200": byPrefix, "168.63.129.16": byPrefix, "192.0.0.192": byPrefix, "0.0.0.0": byPrefix, "0.1.2.3": byPrefix, "::": byPrefix,
		"::127.0.0.1": byPrefix, "64:ff9b::7f00:1": byPrefix, "64:ff9b::a9fe:a9fe": byPrefix, "2002:7f00:1::": byPrefix, "2002:a9fe:a9fe::1": byPrefix,
		"2001:0:7f00:1::": byPrefix, "224.0.0.1": byPrefix, "239.255.255.250": byPrefix, "240.0.0.1": byPrefix, "255.255.255.255": byPrefix, "ff02::1": byPrefix,
		"198.18.0.1": byPrefix, "203.0.113.7": byPrefix, "2001:db8::1": byPrefix, "fec0::1": byPrefix, "4000::1": byPrefix,
	} {
		ip := netip.MustParseAddr(address)
		exact := parse(t, address)
		wide := parse(t, "0.0.0.0/0", "::/0")
		for _, c := range []struct {
			listed string
			rules  Rules
			passes bool
		}{{"nothing", nothing, takes == free}, {"the host", host, takes <= byName}, {"the address", exact, true}, {"everything", wide, true}} {
			err := c.rules.Check("partner.example", ip)
			if (err == nil) != c.passes {
				t.Errorf("%s with %s listed: %v, want it to pass: %v", address, c.listed, err, c.passes)
			}
			var refused *RefusedError
			if err != nil && (!errors.As(err, &refused) || !strings.Contains(err.Error(), "outgoing.allow")) {
				t.Errorf("%s: %v says not what to do", address, err)
			}
		}
		if err := host.Check("other.example", ip); (err == nil) != (takes == free) {
			t.Errorf("%s by another host: %v", address, err)
		}
	}
}

// Whatever form an IPv4 address is written in, it is judged alike, and what is neither free nor
// listed is refused.
func TestFormsOfOneAddress(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var four [4]byte
		copy(four[:], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(rt, "address"))
		plain := netip.AddrFrom4(four)
		mapped := netip.AddrFrom16(plain.As16())
		for _, r := range []Rules{parse(t), parse(t, "h.example"), parse(t, "10.0.0.0/8")} {
			if (r.Check("h.example", plain) == nil) != (r.Check("h.example", mapped) == nil) {
				rt.Fatalf("%s and %s are judged in different ways", plain, mapped)
			}
		}
		bare := parse(t)
		if (plain.IsPrivate() || plain.IsLoopback() || plain.IsLinkLocalUnicast() || plain.IsMulticast() || plain.IsUnspecified()) && bare.Check("h", plain) == nil {
			rt.Fatalf("%s is not public and passes", plain)
		}
	})
}

func TestCheckURL(t *testing.T) {
	r := parse(t, "127.0.0.1")
	for text, part := range map[string]string{
		"https://partner.example/recall": "", "http://partner.example:8080/a?b=c": "", "https://8.8.8.8/": "", "http://127.0.0.1:9000/x": "", "https://[2606:4700::1111]:443/": "",
		"https://partner.example./": "",

		"ftp://partner.example/": "must begin with", "partner.example/recall": "must begin with", "//partner.example/": "must begin with", "http:///x": "names no host", "http://": "names no host",
		"https://ada:secret@partner.example/": "user name", "https://partner.example/#x": "fragment", "http://partner.example:0/": "port", "http://partner.example:70000/": "port", "http://partner.example:/": "port",
		"http://10.0.0.1/": "not public", "http://169.254.169.254/latest/meta-data": "not public", "http://[::1]/": "not public", "http://[::ffff:10.0.0.1]/": "not public", "http://[::]/": "not public", "http://0.0.0.0/": "not public",
		"http://[fe80::1%25eth0]/": "zone", "http://0177.0.0.1/": "more than one way", "http://0x7f.0.0.1/": "more than one way", "http://2130706433/": "more than one way", "http://0x7f000001/": "more than one way",
		"http://127.1/": "more than one way", "http://10.0.0.010/": "more than one way", "http://1.2.3.4.5/": "more than one way", "http://example.0x/": "more than one way",
		"http://partner example/": "cannot be read", "http://part%6eer.example%00/": "", "http://-bad.example/": "no host name", "http://日本.example/": "no host name", "http://a..b/": "no host name",
		"http://" + strings.Repeat("a", 300) + "/": "no host name", "": "must begin with", "http://[::1": "cannot be read",
	} {
		err := r.CheckURL(text)
		if strings.Contains(text, "%00") { // whatever is said, it is refused
			if err == nil {
				t.Errorf("%q passes", text)
			}
			continue
		}
		if part == "" && err != nil || part != "" && (err == nil || !strings.Contains(err.Error(), part)) {
			t.Errorf("%q: %v, want %q", text, err, part)
		}
	}
}

func TestParse(t *testing.T) {
	for entry, part := range map[string]string{
		"partner.example": "", "localhost": "", "10.0.0.0/8": "", "127.0.0.1": "", "::1": "", "fd00::/8": "", "::ffff:10.0.0.0/104": "", "0.0.0.0/0": "",
		"": "no host name", "10.0.0.1/8": "write 10.0.0.0/8", "10.0.0.0/33": "no host name", "https://partner.example": "no host name", "*.example": "no host name",
		"partner.example:443": "no host name", "010.0.0.1": "more than one way", "127.1": "more than one way", "fe80::1%eth0": "no host name",
	} {
		_, err := Parse([]string{"first.example", entry})
		if part == "" && err != nil || part != "" && (err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), "entry 2")) {
			t.Errorf("%q: %v, want %q", entry, err, part)
		}
	}
	if _, err := Parse(make([]string, MaxEntries+1)); err == nil {
		t.Error("an endless list passes")
	}
	mapped := parse(t, "::ffff:10.0.0.0/104")
	if err := mapped.Check("h", netip.MustParseAddr("10.9.9.9")); err != nil {
		t.Error(err)
	}
}
