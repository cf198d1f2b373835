package receive

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// An Outcome says what became of a request.
type Outcome string

const (
	Accepted   Outcome = "accepted"     // 200: the submission is on the disk
	Oversize   Outcome = "oversize"     // 202: body too long, not kept
	LongPath   Outcome = "long_path"    // 202: path too long, not kept
	BadRequest Outcome = "bad_request"  // 400, 417, 431, 505: no request that HTTP/1 has
	BadBody    Outcome = "bad_body"     // 400: the body did not come as announced
	NotFound   Outcome = "not_found"    // 404
	BadMethod  Outcome = "bad_method"   // 405
	NoLength   Outcome = "no_length"    // 411
	Failed     Outcome = "write_failed" // 500: the disk failed
	Busy       Outcome = "busy"         // 503: too much waits for the disk or for memory
	DiskFull   Outcome = "disk_full"    // 507
	StatusPage Outcome = "status"       // 200 for GET /status
)

// isOurs tells whether what happened was no doing of the client's.
func (o Outcome) isOurs() bool {
	return o == Failed || o == Busy || o == DiskFull || o == StatusPage
}

// A Request tells of one that was answered. Its strings are valid during the call only.
type Request struct {
	Time     time.Time // when it was answered
	Duration time.Duration
	URL      string // as requested, with the query; "" if that is not known
	Path     string // behind the prefix; of a POST that has it
	Code     int
	Size     int // of the record, if it was accepted or should have been
	Message  string
	Outcome  Outcome
}

func (d *Request) answer(code int, outcome Outcome, message string) {
	d.Code, d.Outcome, d.Message = code, outcome, message
}

// answer answers the request with that head, or the fault that kept it from being whole. It tells whether the connection is
// good for another. Whoever sends what is refused has to connect again for each, and waits in line for it.
func (c *conn) answer(head []byte, err error) (keep bool) {
	begin := time.Now()
	var done Request
	var r request
	if err == nil {
		err = c.server.count(&c.held, 4*len(head)) // its path is in some places
		defer func() { _ = c.server.count(&c.held, 0) }()
	}
	if err == nil {
		r, err = parse(head)
	}
	read := false
	switch {
	case err == nil:
		done.URL = r.uri
		c.use(len(head))
		read = c.handle(&r, &done)
	case errors.Is(err, errLongHeader):
		done.answer(http.StatusRequestHeaderFieldsTooLarge, BadRequest, "Request Header Fields Too Large")
	case errors.Is(err, errBusy):
		done.answer(http.StatusServiceUnavailable, Busy, tryAgain)
	case head != nil:
		done.answer(http.StatusBadRequest, BadRequest, "Bad Request")
	default: // it ended or took too long before there was a request
		c.server.peers.add(c.peer, begin, false)
		return false
	}
	keep = read && !r.last && !c.server.stopping.Load()
	if !c.torn {
		_ = c.SetWriteDeadline(begin.Add(totalTimeout + answerTimeout)) // Write tells
		_, err := c.Write(done.text(&r, keep))
		keep = keep && err == nil
	}
	done.Time = time.Now()
	done.Duration = done.Time.Sub(begin)
	if !done.Outcome.isOurs() {
		c.server.peers.add(c.peer, done.Time, done.Outcome == Accepted)
	}
	c.server.observe(&done)
	if !read && !c.torn {
		c.linger()
	}
	return keep
}

// text is the answer as HTTP has it.
func (d *Request) text(r *request, keep bool) []byte {
	b := make([]byte, 0, 512)
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(d.Code), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(d.Code)...)
	b = append(b, "\r\nContent-Type: text/plain\r\nDate: "...)
	b = time.Now().UTC().AppendFormat(b, http.TimeFormat)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(d.Message)), 10)
	switch {
	case !keep:
		b = append(b, "\r\nConnection: close"...)
	case r.http10:
		b = append(b, "\r\nConnection: keep-alive"...)
	}
	if d.Outcome == Busy || d.Outcome == DiskFull {
		b = append(b, "\r\nRetry-After: 2"...)
	}
	b = append(b, "\r\n\r\n"...)
	if r.method == http.MethodHead {
		return b
	}
	return append(b, d.Message...)
}
