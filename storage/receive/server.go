package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// What a connection may take its time for. A client that is slower is cut off.
const (
	headerTimeout = 5 * time.Second
	totalTimeout  = 15 * time.Second // of a request, its body included
	answerTimeout = 20 * time.Second
	idleTimeout   = 60 * time.Second
	stopTimeout   = 20 * time.Second // for the answers that are due when the server stops
	maxHeader     = 28 << 10         // bytes; net/http adds 4 KiB
)

// Listen opens the address that the configuration names, for HTTPS if it has a certificate. Of more connections than
// MaxConnections the later ones wait.
func Listen(c Config) (net.Listener, error) {
	var secure *tls.Config
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate: %w", err)
		}
		secure = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", c.address())
	if err != nil {
		return nil, err
	}
	l = &limited{Listener: l, free: make(chan struct{}, c.MaxConnections), closed: make(chan struct{})}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	return l, nil
}

// Serve answers the requests that come to l until ctx is done, and then those that have come before: a submission that was
// taken in gets its answer. It closes l. The error is nil if it ended by ctx and all were answered.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	srv := &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            headerTimeout,
		ReadTimeout:                  totalTimeout,
		WriteTimeout:                 answerTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeader,
		DisableGeneralOptionsHandler: true,
		Protocols:                    &protocols,
		ErrorLog:                     log.New(io.Discard, "", 0), // what clients do wrong is theirs
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		within, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		stopped <- srv.Shutdown(within)
	})
	err := srv.Serve(l)
	if !stop() { // ctx is done
		err = <-stopped
		if err != nil {
			err = fmt.Errorf("stopping: some clients got no answer: %w", errors.Join(err, srv.Close()))
		}
	}
	return err
}

// limited is a listener that has no more than cap(free) connections at a time. Others wait to be accepted.
type limited struct {
	net.Listener
	free   chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConn{Conn: c, release: sync.OnceFunc(func() { <-l.free })}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}
