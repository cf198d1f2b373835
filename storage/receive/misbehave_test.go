package receive_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// misbehave is what the others do: a process of their own, for they are not to take the time of those who behave. It says
// when it begins, and how often it did what.
func misbehave(addr, how string) error {
	var slow, rate int
	var during time.Duration
	if _, err := fmt.Sscan(how, &slow, &rate, (*int64)(&during)); err != nil {
		return err
	}
	var conns []net.Conn
	for range slow {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(c, "POST "+prefix+"slow HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"); err != nil {
			return err
		}
		conns = append(conns, c)
	}
	fmt.Println("ready")
	end := time.Now().Add(during)
	var group sync.WaitGroup
	group.Go(func() {
		for ; time.Now().Before(end); <-time.After(time.Second) {
			for _, c := range conns {
				_, _ = c.Write([]byte("x")) // it may be cut off already
			}
		}
	})
	names := slices.Sorted(maps.Keys(abuses))
	counts := make([]int, len(names))
	for i, name := range names {
		group.Go(func() { counts[i] = repeat(addr, name, rate, end) })
	}
	group.Wait()
	for i, name := range names {
		fmt.Print(counts[i], " ", name, " ")
	}
	fmt.Println()
	return nil
}

// repeat does the same over connection after connection, until the end. It returns how often.
func repeat(addr, name string, rate int, end time.Time) int {
	const clients = 4
	var group sync.WaitGroup
	var all [clients]int
	for i := range clients {
		group.Go(func() {
			for due := time.Now(); time.Now().Before(end); all[i]++ {
				if rate > 0 {
					due = due.Add(clients * time.Second / time.Duration(rate))
					<-time.After(time.Until(due))
				}
				once(addr, abuses[name], name != "torn")
			}
		})
	}
	group.Wait()
	n := 0
	for _, one := range all {
		n += one
	}
	return n
}

// once does it one time.
func once(addr, text string, wait bool) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return // what becomes of them does not matter
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	_, _ = io.WriteString(c, text)
	if wait {
		_, _ = c.Read(make([]byte, 400))
	}
}

// abuses are what clients do that are broken or mean. What they send is complete, but for torn, and is followed by waiting for
// an answer.
var abuses = map[string]string{
	"oversize":  "POST " + prefix + "bad HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", 300_000),
	"chunked":   "POST " + prefix + "bad HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"torn":      "POST " + prefix + "bad HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nabc",
	"pipelined": strings.Repeat(request("POST", prefix+"pipelined", "", "{}"), 20),
	"delete":    "DELETE " + prefix + "bad HTTP/1.1\r\nHost: h\r\n\r\n",
	"traversal": request("POST", prefix+"../../../../tmp/evil/%2e%2e/x", "", "{}"),
	"garbage":   "GARBAGE\x00\xff\r\n\r\n",
}
