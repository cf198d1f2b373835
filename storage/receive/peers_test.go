package receive_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/telemetry-mr/mr/storage/receive"
)

// from is a listener whose connections come from an address.
type from struct {
	net.Listener
	peer string
}

type fromConn struct {
	net.Conn
	peer string
}

func (l from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return fromConn{c, l.peer}, err
}

type peerAddr string

func (a peerAddr) Network() string { return "tcp" }
func (a peerAddr) String() string  { return string(a) }

func (c fromConn) RemoteAddr() net.Addr { return peerAddr(c.peer) }

// An address from which hardly anything but faults comes may not connect for a while. Who is connected from there stays so.
func TestFaultyAddressIsShunned(t *testing.T) {
	for _, test := range []struct {
		peer    string
		trusted []string
		shunned bool
	}{
		{"192.0.2.1:99", nil, true},
		{"[2001:db8::1]:99", nil, true},
		{"192.0.2.1:99", []string{"192.0.2.0/24"}, false},
		{"127.0.0.1:99", nil, false},
	} {
		c := config(t)
		c.TrustedProxies = test.trusted
		l, err := receive.Listen(c)
		if err != nil {
			t.Fatal(err)
		}
		s := serveOn(t, c, from{l, test.peer}, nil)
		good, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(good)
		post := func() {
			t.Helper()
			if _, err := io.WriteString(good, request("POST", prefix+"good", "", "{}")); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("%s: %v, %v", test.peer, resp, err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
		}
		post()
		shunned := false
		for i := 0; i < 300 || i < 100_000 && test.shunned && !shunned; i++ { // a slow machine needs more for a fast second
			shunned = refused(s.addr)
		}
		if shunned != test.shunned {
			t.Errorf("%s, trusting %v: shunned %v", test.peer, test.trusted, shunned)
		}
		post()
		_ = good.Close()
		s.stop()
	}
}

// refused tells whether a request that is no good gets no answer.
func refused(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return true
	}
	defer c.Close()
	_, _ = io.WriteString(c, "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n") // reading tells
	_, err = http.ReadResponse(bufio.NewReader(c), nil)
	return err != nil
}
