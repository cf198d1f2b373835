package revision

import (
	"context"
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
	if to.URL.Scheme == "http" && via[len(via)-1].URL.Scheme == "https" {
		return &answerError{fmt.Sprintf("it redirects to %s, without encryption", to.URL.Redacted())}
	}
	if !strings.EqualFold(host, c.base.Host) && !slices.ContainsFunc(c.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return &answerError{fmt.Sprintf("it redirects to the host %s, which is not allowed", host)}
	}
	if len(via) > maxRedirects {
		return &answerError{fmt.Sprintf("it redirects more than %d times", maxRedirects)}
	}
	return nil
}

// An answerError is for an answer that tells nothing of what was asked for: the server is up, and in trouble or the wrong one.
type answerError struct{ reason string }

func (e *answerError) Error() string { return e.reason }

// fetch returns the text of the definitions. A request that fails is made again, unless the answer says that it is of no
// use. A server that gives no answer at all is left alone for a while.
func (c *client) fetch(ctx context.Context, id ID) ([]byte, error) {
	if err := c.isDown(); err != nil {
		return nil, err
	}
	wait := c.o.Backoff
	for attempt := 1; ; attempt++ {
		text, again, err := c.request(ctx, id)
		if err == nil {
			return text, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !again || attempt == c.o.Attempts {
			if _, answered := errors.AsType[*answerError](err); !answered && !errors.Is(err, ErrNotFound) {
				c.setDown(err)
			}
			return nil, err
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

// request asks once. again says that the next answer may be another one.
func (c *client) request(ctx context.Context, id ID) (text []byte, again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+id.page(), nil)
	if err != nil {
		return nil, false, err
	}
	req.Header.Set("User-Agent", "mr")
	resp, err := c.http.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*answerError](err); ok { // of checkRedirect
			return nil, false, e
		}
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // which may be told of another file, too
		}
		return nil, true, fmt.Errorf("asking %s: %w", c.base, err)
	}
	defer func() { _ = resp.Body.Close() }() // read only
	again, err = judge(resp)
	if err != nil {
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // best effort: the connection can be used again
		return nil, again, err
	}
	text, err = readAll(resp.Body, c.o.MaxFile)
	if errors.Is(err, errTooLong) {
		return nil, false, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return text, true, err
}

// judge returns nil for an answer that has the file, and an error that wraps ErrNotFound for one that says that there is
// none. One ping with a strange revision must not look like a server in trouble, which stops the work; and the other way
// round, good pings must not be refused for a while of trouble.
func judge(resp *http.Response) (again bool, err error) {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch s := resp.StatusCode; s {
	case http.StatusOK:
		if strings.TrimSpace(kind) == "text/html" {
			return false, &answerError{"the server answers with a page for people"}
		}
		return false, nil
	case http.StatusNotFound, http.StatusGone:
		return false, ErrNotFound
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, &answerError{"the server answers " + resp.Status}
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return false, &answerError{"the server answers " + resp.Status}
	}
	return false, fmt.Errorf("%w: it answers %s", ErrNotFound, resp.Status)
}

func (c *client) isDown() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down != nil && time.Now().Before(c.until) {
		return c.down
	}
	return nil
}

func (c *client) setDown(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down, c.until = err, time.Now().Add(c.o.Down)
}
