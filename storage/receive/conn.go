package receive

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// What a connection may take its time for. A client that is slower is cut off.
const (
	headerTimeout = 5 * time.Second  // also for the first byte of a connection
	totalTimeout  = 15 * time.Second // of a request, its body included, and the bytes that nobody wants
	answerTimeout = 20 * time.Second
	idleTimeout   = 60 * time.Second
	maxHeader     = 32 << 10 // bytes
	maxUnwanted   = 64 << 20 // bytes that are read and forgotten
)

// A conn is a connection. net/http's own server keeps 18 KB for one that sends slowly; this one has a buffer only while there
// is something in it, and takes no goroutine but its own.
type conn struct {
	net.Conn
	server  *Server
	peer    netip.Addr // may be not valid
	state   atomic.Int32
	first   [1]byte   // waits for a request
	began   time.Time // when the request's first byte was there
	torn    bool      // the client has ended in the midst of a body
	in      []byte    // what has come and was not used; nil or from inputs
	counted int64     // of in
	held    int64     // counted for what was made of a head
}

// States of a connection.
const (
	idle int32 = iota
	busy       // a request has begun
	gone       // closed because the server stops
)

var inputs = sync.Pool{New: func() any { return new([freeBuffer]byte) }}

func (c *conn) serve() {
	defer c.Conn.Close()
	defer func() {
		c.drop()
		if p := recover(); p != nil { // it is ours, and no other client is to suffer from it
			c.server.config.logf("answering a request: %v\n%s", p, debug.Stack())
		}
	}()
	wait := headerTimeout
	for c.await(wait) {
		for {
			head, err := c.head()
			if !c.answer(head, err) {
				return
			}
			if c.server.stopping.Load() {
				return
			}
			if len(c.in) == 0 {
				break
			}
			c.began = time.Now()
		}
		c.drop()
		wait = idleTimeout
	}
}

// await waits for the first byte of a request.
func (c *conn) await(within time.Duration) bool {
	c.state.Store(idle)
	if c.server.stopping.Load() || c.SetReadDeadline(time.Now().Add(within)) != nil {
		return false
	}
	if _, err := io.ReadFull(c.Conn, c.first[:]); err != nil || !c.state.CompareAndSwap(idle, busy) {
		return false
	}
	c.began = time.Now()
	c.in = append(inputs.Get().(*[freeBuffer]byte)[:0], c.first[0])
	return true
}

// closeIdle closes a connection that waits for a request.
func (c *conn) closeIdle() {
	if c.state.CompareAndSwap(idle, gone) {
		_ = c.Conn.Close() // its goroutine ends by it
	}
}

// drop gives the buffer back.
func (c *conn) drop() {
	if cap(c.in) == freeBuffer {
		inputs.Put((*[freeBuffer]byte)(c.in[:freeBuffer]))
	}
	c.in = nil
	_ = c.server.count(&c.counted, 0) // less always fits
}

var errLongHeader = errors.New("the header is too long")

// head returns the lines before a request's body when all of them have come: what is not whole takes no more memory than it
// has bytes. They are the first of c.in, valid until it changes.
func (c *conn) head() ([]byte, error) {
	if err := c.SetReadDeadline(c.began.Add(headerTimeout)); err != nil {
		return nil, err
	}
	line := 0 // where the line begins that is not whole
	for {
		for {
			n := bytes.IndexByte(c.in[line:], '\n')
			if n < 0 {
				break
			}
			blank := n == 0 || n == 1 && c.in[line] == '\r'
			line += n + 1
			if !blank {
				continue
			}
			if line > n+1 {
				return c.in[:line], nil
			}
			c.use(line) // there may be an empty line behind a body of old
			line = 0
		}
		if len(c.in) >= maxHeader {
			return nil, errLongHeader
		}
		if err := c.more(); err != nil {
			return nil, err
		}
	}
}

// more reads what has come.
func (c *conn) more() error {
	if len(c.in) == cap(c.in) {
		larger := min(2*cap(c.in), maxHeader)
		if err := c.server.count(&c.counted, larger); err != nil {
			return err
		}
		in := append(make([]byte, 0, larger), c.in...)
		if cap(c.in) == freeBuffer {
			inputs.Put((*[freeBuffer]byte)(c.in[:freeBuffer]))
		}
		c.in = in
	}
	n, err := c.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	if n > 0 {
		return nil
	}
	return err
}

// use takes the first n bytes away.
func (c *conn) use(n int) { c.in = c.in[:copy(c.in, c.in[n:])] }

// linger closes the sending side and reads on: if we closed a connection with something unread, the client's system would
// throw the answer away.
func (c *conn) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(c.began.Add(totalTimeout)) != nil {
		return
	}
	if len(c.in) != freeBuffer {
		c.drop()
	}
	b := inputs.Get().(*[freeBuffer]byte)
	defer inputs.Put(b)
	for unwanted := 0; unwanted < maxUnwanted; {
		n, err := c.Conn.Read(b[:])
		if err != nil {
			return
		}
		unwanted += n
	}
}
