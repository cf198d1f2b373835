package receive

import (
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// A RequestLog writes a line of JSON for each request to a file, as the server of 2013 did. Lines are collected and written
// about four times a second; the file is opened by its name each time, so that others may rename it. What cannot be written
// is dropped and counted: a request log never keeps the receiver from receiving.
type RequestLog struct {
	name string
	logf func(format string, args ...any)

	mu      sync.Mutex // guards what follows
	lines   []byte
	dropped int64

	stop, done chan struct{}
	spare      []byte // the writer's own
	failing    bool
}

// maxWaiting is how many bytes may wait to be written.
const maxWaiting = 1 << 20

// NewRequestLog begins to write to the file of that name. Close ends it.
func NewRequestLog(c Config) *RequestLog {
	l := &RequestLog{name: c.RequestLog, logf: c.logf, stop: make(chan struct{}), done: make(chan struct{})}
	go l.write()
	return l
}

// Add adds a line. It never waits for the disk.
func (l *RequestLog) Add(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) > maxWaiting {
		l.dropped++
		return
	}
	l.lines = appendLine(l.lines, r)
}

func appendLine(b []byte, r *Request) []byte {
	b = append(b, `{"url":`...)
	b = appendJSON(b, r.URL)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(r.Duration)/float64(time.Millisecond), 'f', -1, 64)
	b = append(b, `,"code":`...)
	b = strconv.AppendInt(b, int64(r.Code), 10)
	b = append(b, `,"size":`...)
	b = strconv.AppendInt(b, int64(r.Size), 10)
	b = append(b, `,"level":"info","message":`...)
	b = appendJSON(b, r.Message)
	b = append(b, `,"timestamp":"`...)
	b = r.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, "\"}\n"...)
}

// appendJSON appends s as a JSON string; what is not UTF-8 becomes U+FFFD.
func appendJSON(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ' || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func (l *RequestLog) write() {
	defer close(l.done)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.flush()
		case <-l.stop:
			l.flush()
			return
		}
	}
}

func (l *RequestLog) flush() {
	l.mu.Lock()
	lines, dropped := l.lines, l.dropped
	l.lines, l.dropped = l.spare[:0], 0
	l.mu.Unlock()
	l.spare = lines
	if dropped > 0 {
		l.logf("request log: %d lines dropped, they came faster than they could be written", dropped)
	}
	if len(lines) == 0 {
		return
	}
	if err := appendFile(l.name, lines); err != nil {
		if !l.failing { // once is enough
			l.logf("request log: %v; lines are dropped until it works again", err)
		}
		l.failing = true
		return
	}
	l.failing = false
}

func appendFile(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Close writes what waits.
func (l *RequestLog) Close() {
	close(l.stop)
	<-l.done
}
