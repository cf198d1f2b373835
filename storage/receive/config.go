package receive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// A Config says how to receive. Its JSON keys are those of the server of 2013, and some more. DefaultConfig has the defaults:
// the zero Config is not usable.
type Config struct {
	Listen         string   // address and port; wins over Port
	Port           int64    // on all addresses
	MOTD           string   // said at the start
	MaxDataLength  int64    // longest body in bytes; longer ones are answered 202 and not kept
	MaxPathLength  int64    // longest path behind the prefix in bytes; as above
	MaxIPLength    int64    // longest client address in bytes; instead of longer ones 0.0.0.0 is kept
	URLPrefix      string   // of the path of a submission
	LogPath        string   // directory of the raw log; it must exist
	LogBase        string   // how the names of its files begin
	IncludeIP      bool     // keep the client's address in the record
	Format         string   // v3, or as in 2013: v1, v2 (which has addresses)
	MaxLogSize     int64    // a segment that is larger, in bytes, is finished
	MaxLogAgeMS    int64    // a segment that is older, in milliseconds, is finished
	RequestLog     string   // file that gets a line of JSON for each request; "" for none
	TrustedProxies []string // addresses or networks whose X-Forwarded-For is believed

	MaxConnections int64  // at once; more wait
	Queue          int64  // submissions that may wait for the disk; more are answered 503
	MaxMemory      int64  // bytes of bodies that are being received, beyond 4 KiB each; more are answered 503
	TLSCert        string // file; with TLSKey
	TLSKey         string
	StatsListen    string // address and port of the statistics; "" for none
	ConverterStats string // file that a converter appends its statistics to; "" for none

	// NoSync answers before the disk has the submission, to measure what syncing costs.
	NoSync bool
	// Logf is told of what an administrator should know. May be nil. Calls may be concurrent.
	Logf func(format string, args ...any)
}

// DefaultConfig is a receiver as in 2013, but for the format, and the statistics and their address.
func DefaultConfig() Config {
	return Config{
		Port:           8080,
		MaxDataLength:  200 << 10,
		MaxPathLength:  10 << 10,
		MaxIPLength:    100,
		URLPrefix:      "/submit/telemetry/",
		LogPath:        ".",
		LogBase:        "telemetry.log",
		Format:         "v3",
		MaxLogSize:     500 << 20,
		MaxLogAgeMS:    300_000,
		MaxConnections: 4096,
		Queue:          2048,
		MaxMemory:      24 << 20,
	}
}

// A key is one of the JSON document.
type key struct {
	name  string
	value any   // pointer into a Config
	most  int64 // of a number
}

func (c *Config) keys() []key {
	const large = 1 << 50
	return []key{
		{"listen", &c.Listen, 0},
		{"port", &c.Port, 65535},
		{"motd", &c.MOTD, 0},
		{"max_data_length", &c.MaxDataLength, rawlog.MaxData},
		{"max_path_length", &c.MaxPathLength, rawlog.MaxPath},
		{"max_ip_length", &c.MaxIPLength, rawlog.MaxAddr},
		{"url_prefix", &c.URLPrefix, 0},
		{"log_path", &c.LogPath, 0},
		{"log_base", &c.LogBase, 0},
		{"include_request_ip", &c.IncludeIP, 0},
		{"format", &c.Format, 0},
		{"max_log_size", &c.MaxLogSize, large},
		{"max_log_age_ms", &c.MaxLogAgeMS, large / 1_000_000},
		{"stats_log_file", &c.RequestLog, 0},
		{"trusted_proxies", &c.TrustedProxies, 0},
		{"max_connections", &c.MaxConnections, 1 << 20},
		{"queue", &c.Queue, 1 << 20},
		{"max_memory", &c.MaxMemory, large},
		{"tls_cert", &c.TLSCert, 0},
		{"tls_key", &c.TLSKey, 0},
		{"stats_listen", &c.StatsListen, 0},
		{"converter_stats", &c.ConverterStats, 0},
	}
}

// A ConfigError is something wrong in a JSON document, with its place.
type ConfigError struct {
	Line, Column int
	Msg          string
}

func (e *ConfigError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg) }

// Parse sets what a JSON document has of the keys. An unknown key, one that comes twice, a value of another kind, or a number
// that is too large is a *ConfigError; c may be changed then.
func (c *Config) Parse(document []byte) error {
	dec := json.NewDecoder(bytes.NewReader(document))
	at := int64(0)
	fail := func(format string, args ...any) error {
		before := document[:at]
		return &ConfigError{
			Line:   1 + bytes.Count(before, []byte("\n")),
			Column: len(before) - bytes.LastIndexByte(before, '\n'),
			Msg:    fmt.Sprintf(format, args...),
		}
	}
	next := func() {
		at = dec.InputOffset()
		for at < int64(len(document)) && strings.IndexByte(" \t\r\n,:", document[at]) >= 0 {
			at++
		}
	}
	next()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fail("the configuration is a JSON object")
	}
	keys := c.keys()
	seen := map[string]bool{}
	for dec.More() {
		next()
		t, err := dec.Token()
		if err != nil {
			return fail("%v", err)
		}
		name, _ := t.(string)
		k, err := find(keys, name)
		if err != nil {
			return fail("%v", err)
		}
		if seen[name] {
			return fail("%q comes twice", name)
		}
		seen[name] = true
		next()
		if err := dec.Decode(k.value); err != nil {
			return fail("%s: %v", name, plain(err))
		}
		if n, ok := k.value.(*int64); ok && (*n < 0 || *n > k.most) {
			return fail("%s is from 0 to %d", name, k.most)
		}
	}
	next()
	if _, err := dec.Token(); err != nil {
		return fail("%v", err)
	}
	next()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fail("something follows the configuration")
	}
	return nil
}

// plain says what kind of value was wanted without the names of Go types.
func plain(err error) error {
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	kind := map[string]string{"int64": "a whole number", "bool": "true or false", "string": "a string"}[e.Type.String()]
	if kind == "" {
		kind = "a list of strings"
	}
	return fmt.Errorf("want %s, not %s", kind, e.Value)
}

func find(keys []key, name string) (key, error) {
	var names []string
	for _, k := range keys {
		if k.name == name {
			return k, nil
		}
		names = append(names, k.name)
	}
	return key{}, fmt.Errorf("unknown key %q; there are: %s", name, strings.Join(names, " "))
}

// Check tells what is wrong with the configuration as a whole.
func (c *Config) Check() error {
	switch {
	case c.LogBase == "" || c.LogBase[0] == '.' || strings.ContainsAny(c.LogBase, `/\`) || len(c.LogBase) > 100:
		return fmt.Errorf("log_base %q is no begin of a file name", c.LogBase)
	case !strings.HasPrefix(c.URLPrefix, "/"):
		return fmt.Errorf("url_prefix %q does not begin with /", c.URLPrefix)
	case c.format() == 0:
		return fmt.Errorf("format %q is not one of v3, v2, v1", c.Format)
	case c.format() == rawlog.V1 && c.IncludeIP:
		return errors.New("format v1 has no room for the client's address: use v3 or v2")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("tls_cert and tls_key go together")
	case c.Queue < 1 || c.MaxConnections < 1 || c.MaxLogAgeMS < 1 || c.MaxDataLength < 1:
		return errors.New("queue, max_connections, max_log_age_ms and max_data_length are at least 1")
	}
	for _, k := range c.keys() {
		if n, ok := k.value.(*int64); ok && (*n < 0 || *n > k.most) {
			return fmt.Errorf("%s is from 0 to %d, not %d", k.name, k.most, *n)
		}
	}
	_, err := c.proxies()
	return err
}

func (c *Config) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range c.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is no address and no network such as 10.0.0.0/8", text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func (c *Config) format() rawlog.Format {
	f := rawlog.FormatOf("." + c.Format + ".")
	if f == rawlog.V0 {
		return 0
	}
	return f
}

// keepsAddress tells whether records have the client's address.
func (c *Config) keepsAddress() bool { return c.IncludeIP || c.format() == rawlog.V2 }

// MemoryLimit is what the garbage collector should keep a process that only receives within, in bytes: for
// debug.SetMemoryLimit.
func (c *Config) MemoryLimit() int64 {
	const perConnection = 5 << 10 // about what a slow one needs
	return c.MaxMemory + perConnection*c.MaxConnections
}

func (c *Config) maxAge() time.Duration { return time.Duration(c.MaxLogAgeMS) * time.Millisecond }

// address is where to listen.
func (c *Config) address() string {
	if c.Listen != "" {
		return c.Listen
	}
	return fmt.Sprintf(":%d", c.Port)
}

func (c *Config) logf(format string, args ...any) {
	if c.Logf != nil {
		c.Logf(format, args...)
	}
}
