package resend_test

import (
	"bufio"
	"net"
	"testing"

	"github.com/telemetry-mr/mr/storage/resend"
)

// FuzzAnswer has a receiver that answers anything, and closes the connection: a status, or an error.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.0 503 Busy\nConnection: CLOSE\ncontent-length: -1\n\n"))
	f.Add([]byte("HTTP/1. 200\r\nContent-Length: 99999999999999999999\r\n\r\n"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = l.Close() })
	answers := make(chan []byte)
	f.Cleanup(func() { close(answers) })
	go func() {
		for answer := range answers {
			c, err := l.Accept()
			if err != nil {
				return
			}
			for in := bufio.NewReader(c); ; {
				if line, err := in.ReadString('\n'); err != nil || line == "\r\n" {
					_, _ = in.Discard(2) // of the body
					break
				}
			}
			_, _ = c.Write(answer) // the client may have had enough
			_ = c.Close()
		}
	}()
	f.Fuzz(func(t *testing.T, answer []byte) {
		answers <- answer
		report, err := resend.Run(t.Context(), resend.Options{To: "http://" + l.Addr().String() + "/", Connections: 1, Tries: 1}, records(1), nil)
		if err == nil && (report.Sent != 1 || len(report.Status) != 1) || err != nil && report.Sent != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		for status := range report.Status {
			if status < 200 || status > 599 || err == nil && status >= 500 {
				t.Fatalf("status %d, %v", status, err)
			}
		}
	})
}
