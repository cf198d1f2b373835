package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Listen opens the address that the configuration names, for HTTPS if it has a certificate.
func Listen(c Config) (net.Listener, error) {
	var secure *tls.Config
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate: %w", err)
		}
		secure = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	alone := net.ListenConfig{KeepAlive: -1} // our own times are shorter
	l, err := alone.Listen(context.Background(), "tcp", c.address())
	if err != nil {
		return nil, err
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	return l, nil
}

// A Server answers submissions as the server of 2013 did, but says 200 only when one is on the disk.
type Server struct {
	config  Config
	proxies []netip.Prefix
	log     *Log
	observe func(*Request)
	peers   peers
	memory  atomic.Int64 // bytes that connections hold, beyond freeBuffer each

	stopping atomic.Bool
	open     sync.WaitGroup
	mu       sync.Mutex // guards what follows
	conns    map[*conn]bool
}

// NewServer makes a server that appends to log. Observe, if not nil, is called after each answer, concurrently.
func NewServer(c Config, log *Log, observe func(*Request)) (*Server, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	proxies, err := c.proxies()
	if err != nil {
		return nil, err
	}
	if observe == nil {
		observe = func(*Request) {}
	}
	return &Server{config: c, proxies: proxies, log: log, observe: observe, conns: map[*conn]bool{}}, nil
}

// stopTimeout is for the answers that are due when the server stops.
const stopTimeout = 20 * time.Second

// Serve answers the requests that come to l until ctx is done, and then those that have come before: a submission that was
// taken in gets its answer. It closes l. The error is nil if it ended by ctx and all were answered. It is called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() {
		s.stopping.Store(true)
		_ = l.Close() // Accept tells
	})
	defer stop()
	err := errors.Join(s.accept(ctx, l), closed(l))
	s.stopping.Store(true)
	s.each(func(c *conn) { c.closeIdle() })
	done := make(chan struct{})
	go func() {
		s.open.Wait()
		close(done)
	}()
	select {
	case <-done:
		return err
	case <-time.After(stopTimeout):
	}
	late := 0
	s.each(func(c *conn) {
		late++
		_ = c.Close() // nobody waits any more
	})
	<-done
	return errors.Join(err, fmt.Errorf("stopping: %d clients got no answer within %v", late, stopTimeout))
}

// closed closes a listener that may be closed.
func closed(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// accept starts a goroutine for each connection. Of more than MaxConnections the later ones wait.
func (s *Server) accept(ctx context.Context, l net.Listener) error {
	free := make(chan struct{}, s.config.MaxConnections)
	for taken := 0; ; yield(&taken) {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		nc, err := l.Accept()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // no file descriptors, most likely: there will be some
			s.config.logf("taking a connection: %v", err)
			<-free
			time.Sleep(100 * time.Millisecond)
			continue
		}
		c := &conn{Conn: nc, server: s, peer: s.peerOf(nc)}
		if s.peers.shuns(c.peer, time.Now()) {
			abort(nc)
			<-free
			continue
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.open.Go(func() {
			defer func() { <-free }()
			c.serve()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// Connections that have come since the last pause, and how long it is.
const (
	takenAtOnce = 32
	pause       = 200 * time.Microsecond
)

// yield makes way for those who are connected. Go looks at the network when no goroutine can run, else every 10 ms only: while
// a flood of connections keeps the accepting goroutine running, submissions would not be noticed. Fewer connections at once
// would let those wait who come behind two thousand others.
func yield(taken *int) {
	if *taken++; *taken%takenAtOnce == 0 {
		time.Sleep(pause)
	}
}

// abort closes a connection so that nothing is left of it.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // best effort
	}
	_ = c.Close() // nobody is told
}

func (s *Server) each(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

// freeBuffer is how long a buffer of a connection may be before it counts.
const freeBuffer = 4 << 10

// count makes what is counted for a buffer size bytes, less those that are free. errBusy means that there is no room for more.
func (s *Server) count(counted *int64, size int) error {
	n := int64(max(0, size-freeBuffer))
	if s.memory.Add(n-*counted) > s.config.MaxMemory && n > *counted {
		s.memory.Add(*counted - n)
		return errBusy
	}
	*counted = n
	return nil
}
