package revision

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A client asks the one server of a cache.
type client struct {
	o    Options
	base *url.URL
	http *http.Client

	mu    sync.Mutex // for what follows
	good  string     // the page of the definitions that came last
	down  error      // why the server counts as down
	until time.Time
}

const maxRedirects = 5

func newClient(o Options) (*client, error) {
	base, err := url.Parse(strings.TrimSuffix(o.Server, "/"))
	if err != nil {
		return nil, fmt.Errorf("server of definitions: %w", err)
	}
	if base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("server of definitions %q: it must look like %s", o.Server, DefaultServer)
	}
	c := &client{o: o, base: base}
	c.http = &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
		Timeout:       o.Timeout,
		CheckRedirect: c.checkRedirect,
	}
	return c, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// checkRedirect follows the server to itself and to the hosts that revisions may name, and never from https to http.
func (c *client) checkRedirect(to *http.Request, via []*http.Request) error {
	host := to.URL.Host
	if to.URL.Scheme != "https" && (to.URL.Scheme != "http" || via[len(via)-1].URL.Scheme == "https") {
		return &redirectError{fmt.Sprintf("to %s, without encryption", to.URL.Redacted())}
	}
	if !strings.EqualFold(host, c.base.Host) && !slices.ContainsFunc(c.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return &redirectError{fmt.Sprintf("to the host %s, which is not allowed", host)}
	}
	if len(via) > maxRedirects {
		return &redirectError{fmt.Sprintf("more than %d times", maxRedirects)}
	}
	return nil
}

// A redirectError is for a redirect that is not followed.
type redirectError struct{ reason string }

func (e *redirectError) Error() string { return "it redirects " + e.reason }

// A ServerError says that the server is in trouble: it gives no answer, or one that says that another time may be better.
type ServerError struct {
	URL string // that was asked for
	Err error
}

func (e *ServerError) Error() string { return fmt.Sprintf("asking %s: %v", e.URL, e.Err) }

func (e *ServerError) Unwrap() error { return e.Err }

// fetch returns the text of the definitions. If the server is in trouble, each time it is asked, it is asked for another file:
// only if that fails, too, it counts as down, and is left alone for a while.
func (c *client) fetch(ctx context.Context, id ID) ([]byte, error) {
	if err := c.isDown(); err != nil {
		return nil, err
	}
	page := id.page()
	text, err := c.try(ctx, page)
	failed, ok := errors.AsType[*ServerError](err)
	if !ok {
		return text, err
	}
	_, err = c.request(ctx, c.otherThan(page))
	if _, down := errors.AsType[*ServerError](err); down {
		c.setDown(failed)
		return nil, failed
	}
	text, err = c.request(ctx, page) // the trouble may be over
	if failed, ok = errors.AsType[*ServerError](err); ok {
		return nil, fmt.Errorf("%w that it can give: %w", ErrNotFound, failed)
	}
	return text, err
}

// try asks for a page, again if there is trouble.
func (c *client) try(ctx context.Context, page string) ([]byte, error) {
	wait := c.o.Backoff
	for attempt := 1; ; attempt++ {
		text, err := c.request(ctx, page)
		if _, failed := errors.AsType[*ServerError](err); !failed || attempt == c.o.Attempts {
			return text, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		wait *= 2
	}
}

// request asks once. The error is a *ServerError, wraps ErrNotFound, or is that of ctx.
func (c *client) request(ctx context.Context, page string) ([]byte, error) {
	address := c.base.String() + page
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "mr")
	resp, err := c.http.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*redirectError](err); ok {
			return nil, fmt.Errorf("%w: %w", ErrNotFound, e)
		}
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the rest is said by the ServerError
		}
		return nil, cmp.Or(ctx.Err(), error(&ServerError{URL: address, Err: err}))
	}
	defer func() { _ = resp.Body.Close() }() // read only
	if resp.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // best effort: the connection can be used again
		return nil, judge(resp, address)
	}
	text, err := readAll(resp.Body, c.o.MaxFile)
	if errors.Is(err, errTooLong) {
		return nil, fmt.Errorf("%w: its answer is %w", ErrNotFound, err)
	}
	if err == nil && resp.ContentLength < 0 && isCutShort(text) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, cmp.Or(ctx.Err(), error(&ServerError{URL: address, Err: err}))
	}
	return text, nil
}

// judge returns a *ServerError for an answer without the file that says that the server is in trouble, and an error that wraps
// ErrNotFound for any other. One ping with a strange revision must not look like a server in trouble, which stops the work;
// and the other way round, good pings must not be refused for a while of trouble.
func judge(resp *http.Response, address string) error {
	switch s := resp.StatusCode; {
	case s == http.StatusNotFound, s == http.StatusGone:
		return ErrNotFound
	case s >= 500, s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests,
		s == http.StatusProxyAuthRequired: // which the proxy says, whatever it is asked
		return &ServerError{URL: address, Err: fmt.Errorf("the answer is %s", resp.Status)}
	}
	return fmt.Errorf("%w: it answers %s", ErrNotFound, resp.Status)
}

// isCutShort tells whether a text is the beginning of a JSON value.
func isCutShort(text []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&value)
	return err == io.EOF || err == io.ErrUnexpectedEOF
}

func (c *client) isDown() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down != nil && time.Now().Before(c.until) {
		return fmt.Errorf("left for later, as the server failed before: %w", c.down)
	}
	return nil
}

func (c *client) setDown(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down, c.until = err, time.Now().Add(c.o.Down)
}

// otherThan returns a page by which to see how the server is, when there is trouble with this one: that of which it gave
// definitions last, or else one that most servers have, and the others say that they have not.
func (c *client) otherThan(page string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.good != "" && c.good != page {
		return c.good
	}
	return ID{Repo: "mozilla-central", Node: "tip"}.page()
}

// setGood is told of which revision the server gave definitions.
func (c *client) setGood(id ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.good = id.page()
}
