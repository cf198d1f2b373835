package receive

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// handle does what a request asks for and says in done what became of it. It tells whether all of the request was read, and
// nothing was wrong with it.
func (c *conn) handle(r *request, done *Request) (read bool) {
	switch {
	case r.major != 1:
		done.answer(http.StatusHTTPVersionNotSupported, BadRequest, "HTTP Version Not Supported")
		return false
	case r.method == http.MethodGet && r.uri == "/status":
		done.answer(http.StatusOK, StatusPage, "OK")
		return r.length == 0
	case r.method == http.MethodGet:
		done.answer(http.StatusNotFound, NotFound, "Not Found")
		return false
	case r.method != http.MethodPost:
		done.answer(http.StatusMethodNotAllowed, BadMethod, "Method Not Allowed")
		return false
	}
	config := &c.server.config
	path, hasPrefix := strings.CutPrefix(r.path, config.URLPrefix)
	if hasPrefix {
		done.Path = path
	}
	switch {
	case r.length <= 0:
		done.answer(http.StatusLengthRequired, NoLength, "Length Required")
	case r.length > config.MaxDataLength:
		done.answer(http.StatusAccepted, Oversize, "Accepted, and too large to be kept")
	case !hasPrefix:
		done.answer(http.StatusNotFound, NotFound, "Not Found")
	case int64(len(path)) > config.MaxPathLength:
		done.answer(http.StatusAccepted, LongPath, "Accepted, but the path is too long to be kept")
	default:
		return c.store(r, path, done)
	}
	return false
}

// A submission is what one needs in memory.
type submission struct {
	frame   []byte
	counted int64 // of frame
}

var submissions = sync.Pool{New: func() any { return &submission{frame: make([]byte, 0, freeBuffer)} }}

// mostKept is how long a frame may be to be used again.
const mostKept = 64 << 10

func (s *Server) putBack(b *submission) {
	_ = s.count(&b.counted, 0) // less always fits
	if cap(b.frame) <= mostKept {
		submissions.Put(b)
	}
}

const tryAgain = "Busy, try again later"

// store keeps a submission. It tells whether its body was read.
func (c *conn) store(r *request, path string, done *Request) (read bool) {
	b := submissions.Get().(*submission)
	defer c.server.putBack(b)
	err := c.frame(r, path, b)
	read = err == nil
	if read {
		done.Size = len(b.frame)
		err = c.server.log.append(b.frame)
	}
	switch {
	case err == nil:
		done.answer(http.StatusOK, Accepted, "OK")
	case errors.Is(err, errBusy):
		done.answer(http.StatusServiceUnavailable, Busy, tryAgain)
	case errors.Is(err, errBody):
		done.answer(http.StatusBadRequest, BadBody, "The body is not as long as announced")
	case errors.Is(err, errExpect):
		done.answer(http.StatusExpectationFailed, BadRequest, "Expectation Failed")
	case storage.IsFull(err):
		done.answer(http.StatusInsufficientStorage, DiskFull, "The disk is full, try again later")
	default:
		done.answer(http.StatusInternalServerError, Failed, "Could not be kept: "+err.Error())
	}
	return read
}

// maxFrameHeader is at least how long a frame is without address, path and data.
const maxFrameHeader = 32

// frame makes the frame of a submission.
func (c *conn) frame(r *request, path string, b *submission) (err error) {
	format := c.server.config.format()
	var addr []byte
	if c.server.config.keepsAddress() {
		addr = c.server.appendAddress(nil, c.RemoteAddr().String(), r.forwarded)
	}
	before := maxFrameHeader + len(addr) + len(path)
	b.frame = b.frame[:0]
	if err := errors.Join(c.server.count(&b.counted, cap(b.frame)), c.grow(b, before, before+int(r.length))); err != nil {
		return err
	}
	if b.frame, err = rawlog.BeginFrame(b.frame, format, addr, []byte(path)); err != nil {
		return err
	}
	if err := c.body(r, b); err != nil {
		return err
	}
	return rawlog.EndFrame(b.frame, format, time.Now().UnixMilli())
}

// Why there is no body.
var (
	errBody   = errors.New("incomplete body") // it ends before its length, or too late
	errExpect = errors.New("unknown expectation")
)

// body reads the body as it comes: what is only announced takes no memory.
func (c *conn) body(r *request, b *submission) error {
	want := len(b.frame) + int(r.length)
	here := min(len(c.in), int(r.length))
	if err := c.grow(b, here, want); err != nil {
		return err
	}
	b.frame = append(b.frame, c.in[:here]...)
	c.use(here)
	if len(b.frame) == want {
		return nil
	}
	c.drop()
	if err := c.SetReadDeadline(c.began.Add(totalTimeout)); err != nil {
		return errBody
	}
	switch {
	case r.expect == "" || r.http10:
	case !strings.EqualFold(r.expect, "100-continue"):
		return errExpect
	default:
		if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return errBody
		}
	}
	for len(b.frame) < want {
		if err := c.grow(b, 1, want); err != nil {
			return err
		}
		n, err := c.Read(b.frame[len(b.frame):min(cap(b.frame), want)])
		b.frame = b.frame[:len(b.frame)+n]
		if err != nil && len(b.frame) < want {
			c.torn = errors.Is(err, io.EOF)
			return errBody
		}
	}
	return nil
}

// grow makes room for n more bytes, in a frame that will not be longer than want.
func (c *conn) grow(b *submission, n, want int) error {
	need := len(b.frame) + n
	if need <= cap(b.frame) {
		return nil
	}
	larger := min(max(2*cap(b.frame), need), want)
	if err := c.server.count(&b.counted, larger); err != nil {
		return err
	}
	b.frame = append(make([]byte, 0, larger), b.frame...)
	return nil
}
