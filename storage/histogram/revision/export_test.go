package revision

import "net/http"

// SetTransport lets a test have its own certificates.
func (c *Cache) SetTransport(t http.RoundTripper) { c.client.http.Transport = t }
