package resend

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// answerTimeout is how long a receiver may take for an answer.
const answerTimeout = 30 * time.Second

// A conn is a connection to a receiver. net/http's client takes twice the processor time for the same, which is not
// then there for the receiver that is being tested on the same machine.
type conn struct {
	net.Conn
	ctx  context.Context
	in   *bufio.Reader
	stop func() bool
}

// newConn makes reads and writes of c fail when ctx is done.
func newConn(ctx context.Context, c net.Conn) *conn {
	return &conn{
		Conn: c,
		ctx:  ctx,
		in:   bufio.NewReaderSize(c, 4096),
		stop: context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }),
	}
}

func (c *conn) close() {
	c.stop()
	_ = c.Close() // all that mattered was read
}

var errAnswer = errors.New("the answer is no HTTP")

// exchange sends a request and reads its answer. If keep is false the connection is of no more use.
func (c *conn) exchange(text []byte) (status int, keep bool, err error) {
	if err := c.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, false, err
	}
	if err := c.ctx.Err(); err != nil { // it may have set a deadline before us
		return 0, false, err
	}
	if _, err := c.Write(text); err != nil {
		return 0, false, err
	}
	line, err := c.line()
	if err != nil {
		return 0, false, err
	}
	proto, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, err = strconv.Atoi(string(code))
	if err != nil || !bytes.HasPrefix(proto, []byte("HTTP/1.")) || status < 200 || status > 599 {
		return 0, false, errAnswer
	}
	keep = proto[len(proto)-1] != '0'
	length := -1
	for {
		line, err := c.line()
		if err != nil {
			return 0, false, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(value); err != nil || length < 0 {
				return 0, false, errAnswer
			}
		case strings.EqualFold(name, "Connection") && strings.EqualFold(value, "close"):
			keep = false
		}
	}
	if length < 0 {
		return status, false, nil // the body goes on to the end
	}
	if _, err := c.in.Discard(length); err != nil {
		return 0, false, err
	}
	return status, keep, nil
}

// line reads a line without its end.
func (c *conn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
