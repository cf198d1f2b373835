package receive

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// An Outcome says what became of a request.
type Outcome string

const (
	Accepted   Outcome = "accepted"     // 200: the submission is on the disk
	Oversize   Outcome = "oversize"     // 202: body too long, not kept
	LongPath   Outcome = "long_path"    // 202: path too long, not kept
	BadBody    Outcome = "bad_body"     // 400: the body did not come as announced
	NotFound   Outcome = "not_found"    // 404
	BadMethod  Outcome = "bad_method"   // 405
	NoLength   Outcome = "no_length"    // 411
	Failed     Outcome = "write_failed" // 500: the disk failed
	Busy       Outcome = "busy"         // 503: too much waits for the disk or for memory
	DiskFull   Outcome = "disk_full"    // 507
	StatusPage Outcome = "status"       // 200 for GET /status
)

// A Request tells of one that was answered. Its strings are valid during the call only.
type Request struct {
	Time     time.Time // when it was answered
	Duration time.Duration
	URL      string // as requested, with the query
	Path     string // behind the prefix; of a POST that has it
	Code     int
	Size     int // of the record, if it was accepted or should have been
	Message  string
	Outcome  Outcome
}

// A Handler answers submissions as the server of 2013 did, but says 200 only when one is on the disk.
type Handler struct {
	config  Config
	proxies []netip.Prefix
	log     *Log
	observe func(*Request)
	memory  atomic.Int64 // bytes of frames, beyond freeFrame each
}

// NewHandler makes a handler that appends to log. Observe, if not nil, is called after each answer, concurrently.
func NewHandler(c Config, log *Log, observe func(*Request)) (*Handler, error) {
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
	return &Handler{config: c, proxies: proxies, log: log, observe: observe}, nil
}

// freeFrame is how long a frame may be before it counts.
const freeFrame = 4 << 10

// buffers are what a submission needs in memory.
type buffers struct {
	frame   []byte
	addr    []byte
	path    []byte
	counted int64 // in Handler.memory
}

var pool = sync.Pool{New: func() any { return &buffers{frame: make([]byte, 0, freeFrame)} }}

func (h *Handler) release(b *buffers) {
	h.memory.Add(-b.counted)
	b.counted = 0
	pool.Put(b)
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	done := Request{URL: r.RequestURI}
	h.serve(w, r, &done)
	header := w.Header()
	header["Content-Type"] = textPlain
	if done.Outcome == Busy || done.Outcome == DiskFull {
		header["Retry-After"] = retryAfter
	}
	if done.Outcome == Busy || done.Outcome == NoLength {
		header["Connection"] = connClose // the answer does not wait for the body
	}
	w.WriteHeader(done.Code)
	_, _ = io.WriteString(w, done.Message) // if the client has gone, so be it
	done.Time = time.Now()
	done.Duration = done.Time.Sub(begin)
	h.observe(&done)
}

var (
	textPlain  = []string{"text/plain"}
	retryAfter = []string{"2"}
	connClose  = []string{"close"}
)

func (d *Request) answer(code int, outcome Outcome, message string) {
	d.Code, d.Outcome, d.Message = code, outcome, message
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, done *Request) {
	switch r.Method {
	case http.MethodPost:
	case http.MethodGet:
		if r.RequestURI == "/status" {
			done.answer(http.StatusOK, StatusPage, "OK")
		} else {
			done.answer(http.StatusNotFound, NotFound, "Not Found")
		}
		return
	default:
		done.answer(http.StatusMethodNotAllowed, BadMethod, "Method Not Allowed")
		return
	}
	path, hasPrefix := strings.CutPrefix(target(r), h.config.URLPrefix)
	if hasPrefix {
		done.Path = path
	}
	switch {
	case r.ContentLength <= 0:
		done.answer(http.StatusLengthRequired, NoLength, "Length Required")
	case r.ContentLength > h.config.MaxDataLength:
		discard(r)
		done.answer(http.StatusAccepted, Oversize, "Accepted, and too large to be kept")
	case !hasPrefix:
		done.answer(http.StatusNotFound, NotFound, "Not Found")
	case int64(len(path)) > h.config.MaxPathLength:
		discard(r)
		done.answer(http.StatusAccepted, LongPath, "Accepted, but the path is too long to be kept")
	default:
		h.store(r, path, done)
	}
}

// target is the path that was asked for, as it stood in the request.
func target(r *http.Request) string {
	t := r.RequestURI
	if !strings.HasPrefix(t, "/") {
		t = r.URL.EscapedPath() // the request named the host, too
	}
	t, _, _ = strings.Cut(t, "?")
	return t
}

// discard reads the body of a client that would not listen before it has sent it. One that waits to be asked is not asked.
func discard(r *http.Request) {
	const most = 64 << 20
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, most) // nobody needs it
	}
}

// store keeps a submission.
func (h *Handler) store(r *http.Request, path string, done *Request) {
	b := pool.Get().(*buffers)
	defer h.release(b)
	err := h.read(r, path, b)
	if err == nil {
		done.Size = len(b.frame)
		err = h.log.Append(b.frame)
	}
	switch {
	case err == nil:
		done.answer(http.StatusOK, Accepted, "OK")
	case errors.Is(err, ErrBusy):
		done.answer(http.StatusServiceUnavailable, Busy, "Busy, try again later")
	case errors.Is(err, errBody):
		done.answer(http.StatusBadRequest, BadBody, "The body is not as long as announced")
	case isFull(err):
		done.answer(http.StatusInsufficientStorage, DiskFull, "The disk is full, try again later")
	default:
		done.answer(http.StatusInternalServerError, Failed, "Could not be kept: "+err.Error())
	}
}

// read makes the frame of a submission.
func (h *Handler) read(r *http.Request, path string, b *buffers) (err error) {
	format := h.config.format()
	b.path = append(b.path[:0], path...)
	b.addr = b.addr[:0]
	if h.config.keepsAddress() {
		b.addr = h.appendAddress(b.addr, r)
	}
	if err := h.count(b, cap(b.frame)); err != nil {
		return err
	}
	if b.frame, err = rawlog.BeginFrame(b.frame[:0], format, b.addr, b.path); err != nil {
		return err
	}
	if err := h.readBody(r, b); err != nil {
		return err
	}
	return rawlog.EndFrame(b.frame, format, time.Now().UnixMilli())
}

// errBody is the error of a body that ends before its length, or too late.
var errBody = errors.New("incomplete body")

// readBody reads the body as it comes: what is only announced takes no memory.
func (h *Handler) readBody(r *http.Request, b *buffers) error {
	want := len(b.frame) + int(r.ContentLength)
	for len(b.frame) < want {
		if len(b.frame) == cap(b.frame) {
			larger := min(2*cap(b.frame), want)
			if err := h.count(b, larger); err != nil {
				return err
			}
			b.frame = append(make([]byte, 0, larger), b.frame...)
		}
		n, err := r.Body.Read(b.frame[len(b.frame):min(cap(b.frame), want)])
		b.frame = b.frame[:len(b.frame)+n]
		if err != nil && len(b.frame) < want {
			return errBody
		}
	}
	return nil
}

// count makes what b holds of the memory for frames size bytes, less those that are free.
func (h *Handler) count(b *buffers, size int) error {
	n := int64(max(0, size-freeFrame))
	if h.memory.Add(n-b.counted) > h.config.MaxMemory && n > b.counted {
		h.memory.Add(b.counted - n)
		return ErrBusy
	}
	b.counted = n
	return nil
}
