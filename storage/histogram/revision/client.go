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
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
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

// An answerError is for an answer that is of no use. The server is up, but may not be asked for this again.
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
		_, final := errors.AsType[*answerError](err)
		return nil, !final, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	switch s := resp.StatusCode; {
	case s == http.StatusNotFound || s == http.StatusGone:
		return nil, false, ErrNotFound
	case s != http.StatusOK:
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // best effort: the connection can be used again
		return nil, s >= 500 || s == http.StatusTooManyRequests, &answerError{fmt.Sprintf("the server answers %s", resp.Status)}
	}
	text, err = readAll(resp.Body, c.o.MaxFile)
	return text, true, err
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
