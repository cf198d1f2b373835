package receive

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// peers remembers for a second or two how addresses behave. One from which more is refused than accepted, and more than
// mostRefused within a second, may not connect until it has been quiet for a second: it costs a tenth of what answering it does.
// Whoever is behind a proxy with many others is not harmed by the few that are wrong, nor is anybody who is connected.
type peers struct {
	mu        sync.Mutex // guards what follows
	second    int64
	now, last map[netip.Addr]tally // of this second, of the one before
}

type tally struct{ accepted, refused int }

const (
	mostRefused = 100
	mostPeers   = 1 << 16 // that are remembered
)

// roll begins a new second if it is time.
func (p *peers) roll(now time.Time) {
	second := now.Unix()
	switch {
	case second == p.second:
		return
	case second == p.second+1:
		p.now, p.last = p.last, p.now
	default:
		clear(p.last)
	}
	if p.now == nil {
		p.now = map[netip.Addr]tally{}
	}
	clear(p.now)
	p.second = second
}

// add counts a request that was accepted, or refused for a fault of the client.
func (p *peers) add(addr netip.Addr, now time.Time, accepted bool) {
	if !addr.IsValid() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	t, known := p.now[addr]
	if !known && len(p.now) >= mostPeers {
		return
	}
	if accepted {
		t.accepted++
	} else {
		t.refused++
	}
	p.now[addr] = t
}

// shuns tells whether the address may not connect.
func (p *peers) shuns(addr netip.Addr, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	return p.now[addr].isBad() || p.last[addr].isBad()
}

func (t tally) isBad() bool { return t.refused > mostRefused && t.refused > t.accepted }

// peerOf is the address that a connection comes from: of IPv6 the network, which one client has as a whole. It is not valid if
// it is this machine's or a trusted proxy's, for others are behind those.
func (s *Server) peerOf(c net.Conn) netip.Addr {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	addr := from.Addr().WithZone("").Unmap()
	if err != nil || addr.IsLoopback() || s.isProxy(addr) {
		return netip.Addr{}
	}
	if addr.Is6() {
		network, _ := addr.Prefix(64) // 64 is a length that IPv6 has
		return network.Addr()
	}
	return addr
}
