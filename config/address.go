package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
)

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`)

// checkListen reports what is wrong with an address to listen on. An empty host, as in
// :3737, means every interface; the port is a number from 1 to 65535.
func checkListen(addr string) (fault, hint string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		if _, bare := netip.ParseAddr(addr); bare == nil || hostName.MatchString(addr) && !isDigits(addr) {
			return fmt.Sprintf("listen %s has no port", quote(addr)), "write " + net.JoinHostPort(addr, "3737")
		}
		if n, err := strconv.Atoi(addr); isDigits(addr) && err == nil && n >= 1 && n <= 65535 {
			return fmt.Sprintf("listen %s is not host:port", quote(addr)), "write 127.0.0.1:" + addr
		}
		return fmt.Sprintf("listen %s is not host:port", quote(addr)), "write something like 127.0.0.1:3737"
	}
	if n, err := strconv.Atoi(port); err != nil || !isDigits(port) || n < 1 || n > 65535 {
		return fmt.Sprintf("listen has the port %s; it must be a number from 1 to 65535", quote(port)), ""
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !hostName.MatchString(host) {
		return fmt.Sprintf("listen has the host %s, which is no address and no host name", quote(host)), ""
	}
	return "", ""
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
