package receive

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// tooLong stands for an address that is longer than allowed.
const tooLong = "0.0.0.0"

// appendAddress appends the address of the client: what X-Forwarded-For says if the peer is a trusted proxy, else the peer.
func (h *Handler) appendAddress(dst []byte, r *http.Request) []byte {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		peer = r.RemoteAddr
	}
	addr := peer
	if forwarded := r.Header["X-Forwarded-For"]; len(forwarded) > 0 && h.trusts(peer) {
		if list := strings.Join(forwarded, ", "); list != "" {
			addr = list
		}
	}
	if int64(len(addr)) > h.config.MaxIPLength {
		addr = tooLong
	}
	return append(dst, addr...)
}

func (h *Handler) trusts(peer string) bool {
	if len(h.proxies) == 0 {
		return false
	}
	addr, err := netip.ParseAddr(peer)
	if err != nil {
		return false
	}
	addr = addr.WithZone("").Unmap()
	for _, p := range h.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
