package receive

import (
	"net"
	"net/netip"
	"strings"
)

// tooLong stands for an address that is longer than allowed.
const tooLong = "0.0.0.0"

// appendAddress appends the address of the client: what X-Forwarded-For says if the peer is a trusted proxy, else the peer.
func (s *Server) appendAddress(dst []byte, remote string, forwarded []string) []byte {
	peer, _, err := net.SplitHostPort(remote)
	if err != nil {
		peer = remote
	}
	addr := peer
	if len(forwarded) > 0 && s.trusts(peer) {
		if list := strings.Join(forwarded, ", "); list != "" {
			addr = list
		}
	}
	if int64(len(addr)) > s.config.MaxIPLength {
		addr = tooLong
	}
	return append(dst, addr...)
}

func (s *Server) trusts(peer string) bool {
	addr, err := netip.ParseAddr(peer)
	return err == nil && s.isProxy(addr.WithZone("").Unmap())
}

func (s *Server) isProxy(addr netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
