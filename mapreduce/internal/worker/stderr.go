package worker

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

const (
	tailBytes    = 64 << 10 // of what a process printed is kept
	lineBytes    = 64 << 10 // a longer line is passed on in pieces
	excerptBytes = 8 << 10  // of the tail goes into an error
	excerptLines = 20
)

// prints takes what a worker process writes to its standard output and error, which are one pipe. It keeps the end of it
// and passes whole lines on to out, which may be nil.
type prints struct {
	out  io.Writer
	line []byte // not yet passed on; used by drain alone

	mu   sync.Mutex
	tail []byte // guarded by mu
}

// drain reads r to its end. A slow out slows the process that prints, a failing one is not written to again.
func (p *prints) drain(r io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			p.keep(buf[:n])
			p.pass(buf[:n])
		}
		if err != nil {
			break
		}
	}
	if len(p.line) > 0 {
		p.write(append(p.line, '\n')) // so that the next process does not go on in this line
	}
}

func (p *prints) keep(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tail = append(p.tail, b...)
	if len(p.tail) > 2*tailBytes {
		p.tail = append(p.tail[:0], p.tail[len(p.tail)-tailBytes:]...)
	}
}

func (p *prints) pass(b []byte) {
	if p.out == nil {
		return
	}
	end := bytes.LastIndexByte(b, '\n') + 1
	if end == 0 && len(p.line)+len(b) >= lineBytes {
		end = len(b)
	}
	p.line = append(p.line, b...)
	if end > 0 {
		p.write(p.line[:len(p.line)-len(b)+end])
		p.line = append(p.line[:0], b[end:]...)
	}
}

func (p *prints) write(b []byte) {
	if p.out == nil {
		return
	}
	if _, err := p.out.Write(b); err != nil {
		p.out = nil
	}
}

// fatal tells whether the Go runtime ended the process, as it does when there is no memory or thread to be had.
func (p *prints) fatal() bool {
	s := p.excerpt()
	return strings.HasPrefix(s, "fatal error: ") || strings.HasPrefix(s, "runtime: ") || strings.HasPrefix(s, "runtime/cgo: ")
}

// outOfMemory tells whether it was for want of memory. The collector does not always notice that it is refused some, and then
// faults on the system's stack, where no code of a job runs.
func (p *prints) outOfMemory() bool {
	s := p.excerpt()
	head, rest, _ := strings.Cut(s, "\n")
	if strings.HasPrefix(head, "SIGSEGV: ") {
		return strings.Contains(rest, "\ngoroutine 0 ") && strings.Contains(rest, "\nruntime.gc")
	}
	for _, what := range []string{"out of memory", "cannot allocate memory", "pthread_create failed"} {
		if p.fatal() && strings.Contains(head, what) {
			return true
		}
	}
	return false
}

// trace tells whether the process ended with a trace of Go's.
func (p *prints) trace() bool {
	s := p.excerpt()
	return p.fatal() || strings.HasPrefix(s, "panic: ") || strings.HasPrefix(s, "SIG") || strings.Contains(s, "\ngoroutine ")
}

// excerpt is what to show of the tail when the process has died: from the last panic on, else the last lines.
func (p *prints) excerpt() string {
	p.mu.Lock()
	s := strings.TrimRight(string(p.tail[max(0, len(p.tail)-tailBytes):]), " \r\n")
	p.mu.Unlock()

	at := -1
	for _, head := range []string{"\npanic: ", "\nfatal error: ", "\nruntime/cgo: ", "\nSIGSEGV: "} {
		at = max(at, strings.LastIndex("\n"+s, head))
	}
	if at >= 0 {
		s = s[at:]
		return s[:min(len(s), excerptBytes)] // a trace says first what matters
	}
	s = s[max(0, len(s)-excerptBytes):]
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-excerptLines):], "\n")
}
