// Package resend posts the records of raw logs to a receiver again.
//
// It serves load tests, migrations from one receiver to another, and sites that have a queue in front of theirs. Every record
// is sent until the receiver has answered for good: with any status below 500. So one may arrive twice, if a connection broke
// before the answer, but none is left out in silence: Report counts what became of all. The receiver notes its own time, and
// the address of the connection unless Options.Forward says otherwise and it trusts us.
package resend

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// Options says where to send what. The zero value of a field is its default.
type Options struct {
	To          string  // URL in front of the path: http://host:8080/submit/telemetry/
	Connections int     // that are kept open and used at once; default 8
	Rate        float64 // records a second; default as fast as the receiver answers
	Sample      float64 // which part of the records to send, by their path; default 1, all
	Forward     bool    // send the record's address as X-Forwarded-For
	Tries       int     // of one record, with a growing pause between; default 10
}

// A Report says what was sent. Latencies are those of answers; with a Rate they count from when the record was due.
type Report struct {
	Records int64         // read
	Sent    int64         // answered for good
	Bytes   int64         // of their data
	Status  map[int]int64 // answers by status, those that led to another try included
	Retries int64         // tries but the first of each
	Elapsed time.Duration
	P50     time.Duration
	P99     time.Duration
	Max     time.Duration
}

// A request is a record on its way.
type request struct {
	text []byte // all that goes to the wire
	data int
	due  time.Time // zero without a rate
}

// A run is one call of Run.
type run struct {
	o       Options
	base    *url.URL
	queue   chan *request
	free    sync.Pool
	records int64

	mu     sync.Mutex // guards what follows
	report Report
	times  histogram
}

// Run sends the records, in their order but for those that are on their way at the same time. It ends with the first error of
// records that is no *rawlog.DamageError, with that of ctx, or if a record was tried in vain. The report is good in any case.
// Damaged, if not nil, is told of the damage.
func Run(ctx context.Context, o Options, records iter.Seq2[rawlog.Record, error], damaged func(*rawlog.DamageError)) (Report, error) {
	base, err := url.Parse(o.To)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return Report{}, fmt.Errorf("%q is no URL such as http://localhost:8080/submit/telemetry/", o.To)
	}
	n := cmp.Or(max(o.Connections, 0), 8)
	r := &run{o: o, base: base, queue: make(chan *request, n)}
	r.report.Status = map[int]int64{}
	begin := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var senders sync.WaitGroup
	for range n {
		senders.Go(func() {
			if err := r.send(ctx); err != nil {
				cancel(err) // the first counts
			}
		})
	}
	if err := r.read(ctx, records, damaged); err != nil {
		cancel(err)
	}
	close(r.queue)
	senders.Wait()
	err = context.Cause(ctx)
	r.report.Records = r.records
	r.report.Elapsed = time.Since(begin)
	r.report.P50, r.report.P99, r.report.Max = r.times.quantile(0.5), r.times.quantile(0.99), r.times.max
	return r.report, err
}

// read makes requests of the records.
func (r *run) read(ctx context.Context, records iter.Seq2[rawlog.Record, error], damaged func(*rawlog.DamageError)) error {
	pace := newPacer(r.o.Rate)
	for rec, err := range records {
		if damage, ok := errors.AsType[*rawlog.DamageError](err); ok {
			if damaged != nil {
				damaged(damage)
			}
			continue
		}
		if err != nil {
			return err
		}
		r.records++
		if !r.chosen(rec.Path) {
			continue
		}
		q, _ := r.free.Get().(*request)
		if q == nil {
			q = &request{}
		}
		q.data = len(rec.Data)
		q.text = r.appendRequest(q.text[:0], &rec)
		if q.due, err = pace.wait(ctx); err != nil {
			return err
		}
		select {
		case r.queue <- q:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// chosen tells whether a path is in the sample: always the same ones are.
func (r *run) chosen(path []byte) bool {
	if r.o.Sample <= 0 || r.o.Sample >= 1 {
		return true
	}
	h := fnv.New64a()
	_, _ = h.Write(path) // never fails
	sum := h.Sum64()
	sum ^= sum >> 32 // the last bytes alone would decide
	sum *= 0x9e3779b97f4a7c15
	return float64(sum) < r.o.Sample*math.MaxUint64
}

// appendRequest appends a POST of the record. What may not stand in a request line is percent-encoded.
func (r *run) appendRequest(b []byte, rec *rawlog.Record) []byte {
	b = append(b, "POST "...)
	b = append(b, r.base.EscapedPath()...)
	for _, c := range rec.Path {
		if c <= ' ' || c >= 0x7f {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.base.Host...)
	if r.o.Forward && len(rec.Addr) > 0 && printable(rec.Addr) {
		b = append(b, "\r\nX-Forwarded-For: "...)
		b = append(b, rec.Addr...)
	}
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(rec.Data)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, rec.Data...)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// send is one connection, and the next when it breaks.
func (r *run) send(ctx context.Context) error {
	var c *conn
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	local := Report{Status: map[int]int64{}}
	var times histogram
	defer func() { r.add(&local, &times) }()
	for q := range r.queue {
		begin := q.due
		if begin.IsZero() {
			begin = time.Now()
		}
		for try := 1; ; try++ {
			status, err := r.try(ctx, &c, q)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				local.Status[status]++
				if status < 500 {
					break
				}
				err = fmt.Errorf("the receiver answers %d", status)
			}
			if try >= cmp.Or(r.o.Tries, 10) {
				return fmt.Errorf("given up after %d tries: %w", try, err)
			}
			local.Retries++
			if err := pause(ctx, try); err != nil {
				return err
			}
		}
		times.add(time.Since(begin))
		local.Sent++
		local.Bytes += int64(q.data)
		r.free.Put(q)
	}
	return nil
}

// pause waits before another try: 50 ms, then twice as long each time, at most 5 s.
func pause(ctx context.Context, try int) error {
	t := time.NewTimer(min(50*time.Millisecond<<min(try-1, 10), 5*time.Second))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try sends a request once, over c or, if that is nil, a new connection.
func (r *run) try(ctx context.Context, c **conn, q *request) (status int, err error) {
	if *c == nil {
		if *c, err = r.dial(ctx); err != nil {
			return 0, err
		}
	}
	status, keep, err := (*c).exchange(q.text)
	if err != nil || !keep {
		(*c).close()
		*c = nil
	}
	return status, err
}

func (r *run) dial(ctx context.Context) (*conn, error) {
	host := r.base.Host
	if r.base.Port() == "" {
		host = net.JoinHostPort(r.base.Hostname(), map[string]string{"http": "80", "https": "443"}[r.base.Scheme])
	}
	var c net.Conn
	var err error
	if r.base.Scheme == "https" {
		c, err = (&tls.Dialer{}).DialContext(ctx, "tcp", host)
	} else {
		c, err = (&net.Dialer{}).DialContext(ctx, "tcp", host)
	}
	if err != nil {
		return nil, err
	}
	return newConn(ctx, c), nil
}

// add puts what a connection did to the rest.
func (r *run) add(local *Report, times *histogram) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Sent += local.Sent
	r.report.Bytes += local.Bytes
	r.report.Retries += local.Retries
	for status, n := range local.Status {
		r.report.Status[status] += n
	}
	r.times.merge(times)
}
