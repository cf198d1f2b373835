package receive_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var slow = flag.Int("slow", 100, "how many slow clients TestSlowClients has")

// Clients that send a header or a body a byte at a time do not keep others from being answered.
func TestSlowClients(t *testing.T) {
	c := config(t)
	s := serve(t, c, nil)
	stop := make(chan struct{})
	var group sync.WaitGroup
	var conns []net.Conn
	for i := range *slow {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatalf("slow client %d: %v", i, err)
		}
		conns = append(conns, conn)
		text := "POST " + prefix + "slow HTTP/1.1\r\nHost: h\r\nX: "
		if i%2 == 0 {
			text = "POST " + prefix + "slow HTTP/1.1\r\nHost: h\r\nContent-Length: 204800\r\n\r\n" + strings.Repeat("x", 5000)
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatalf("slow client %d: %v", i, err)
		}
	}
	group.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				for _, conn := range conns {
					_, _ = conn.Write([]byte("x")) // it may be cut off already
				}
			}
		}
	})
	times := make([]time.Duration, max(200, *slow*5))
	var next sync.Mutex
	i := 0
	for range 8 {
		group.Go(func() {
			for {
				next.Lock()
				n := i
				i++
				next.Unlock()
				if n >= len(times) {
					return
				}
				begin := time.Now()
				if code := s.post(fmt.Sprintf("%s%d", prefix, n), "{}"); code != 200 {
					t.Errorf("status %d", code)
				}
				times[n] = time.Since(begin)
			}
		})
	}
	for begin := time.Now(); *slow >= 1000 && time.Since(begin) < 20*time.Second; { // until all are cut off
		if _, err := conns[0].Write([]byte("x")); err != nil {
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	close(stop)
	group.Wait()
	for _, conn := range conns {
		_ = conn.Close() // nothing was read
	}
	s.stop()
	slices.Sort(times)
	t.Logf("%d slow clients; answers to others: p50 %v, p99 %v; %s", *slow, times[len(times)/2], times[len(times)*99/100], peak())
	if all := stored(t, c.LogPath); len(all) != len(times) {
		t.Errorf("kept %d submissions, want %d", len(all), len(times))
	}
}

// peak is how much memory this process has had.
func peak() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "VmHWM") {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return ""
}

// A body may come in any pieces, and the next request as well: no byte is waited for that has come.
func TestPieces(t *testing.T) {
	s := serve(t, config(t), nil)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	for i, size := range []int{300, 40_000, 40_000, 3} {
		text := request("POST", prefix+strconv.Itoa(i), "", `{"a":"`+strings.Repeat("x", size)+`"}`)
		for step := 1; text != ""; step = step*3%5000 + 1 {
			n := min(step, len(text))
			if _, err := io.WriteString(c, text[:n]); err != nil {
				t.Fatal(err)
			}
			text = text[n:]
			runtime.Gosched()
		}
		r, err := http.ReadResponse(answers, nil)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %v, %v", i, r, err)
		}
		_, _ = io.Copy(io.Discard, r.Body) // ReadResponse would notice
	}
}

func TestTLS(t *testing.T) {
	c := config(t)
	c.TLSCert, c.TLSKey = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{c.TLSCert: {Type: "CERTIFICATE", Bytes: cert}, c.TLSKey: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, c, nil)
	roots := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	resp, err := client.Post("https://"+s.addr+prefix+"id", "", bytes.NewReader([]byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	s.stop()
	if all := stored(t, c.LogPath); resp.StatusCode != 200 || len(all) != 1 {
		t.Errorf("status %d, kept %d", resp.StatusCode, len(all))
	}
}

// More connections than allowed wait for their turn.
func TestConnectionsAreLimited(t *testing.T) {
	c := config(t)
	c.MaxConnections = 2
	s := serve(t, c, nil)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if codes := s.raw(request("POST", fmt.Sprintf("%s%d", prefix, i), "", "{}"), 1); !slices.Equal(codes, []int{200}) {
				t.Errorf("status %v", codes)
			}
		})
	}
	group.Wait()
	s.stop()
	if all := stored(t, c.LogPath); len(all) != 20 {
		t.Errorf("kept %d", len(all))
	}
}
