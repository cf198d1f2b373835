package receive

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"sync"
)

// A request is what matters of a head. The rest, which may be much larger in memory than it was on the line, is not kept.
type request struct {
	method    string
	uri       string // as requested
	path      string // of it, as it stood there
	major     int    // HTTP version
	http10    bool
	last      bool  // the client wants the connection closed
	length    int64 // of the body; -1 if that is not told, or there are chunks
	expect    string
	forwarded []string // X-Forwarded-For
}

var parsers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// parse reads a whole head, with the standard library's parser.
func parse(head []byte) (request, error) {
	in := parsers.Get().(*bufio.Reader)
	defer parsers.Put(in)
	in.Reset(bytes.NewReader(head))
	r, err := http.ReadRequest(in)
	if err != nil {
		return request{}, err
	}
	path := r.RequestURI
	if !strings.HasPrefix(path, "/") {
		path = r.URL.EscapedPath() // the request named the host, too
	}
	path, _, _ = strings.Cut(path, "?")
	return request{
		method:    r.Method,
		uri:       r.RequestURI,
		path:      path,
		major:     r.ProtoMajor,
		http10:    !r.ProtoAtLeast(1, 1),
		last:      r.Close,
		length:    r.ContentLength,
		expect:    r.Header.Get("Expect"),
		forwarded: r.Header["X-Forwarded-For"],
	}, nil
}
