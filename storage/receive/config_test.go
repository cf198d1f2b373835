package receive_test

import (
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/receive"
)

func TestParseRefuses(t *testing.T) {
	for document, want := range map[string]string{
		``:                                    "1:1: the configuration is a JSON object",
		`[]`:                                  "1:1: the configuration is a JSON object",
		`{"port": 1,` + "\n" + `  "prot": 2}`: `2:3: unknown key "prot"; there are: listen port `,
		`{"port": "8080"}`:                    `1:10: port: want a whole number, not string`,
		`{"port": 1.5}`:                       `1:10: port: want a whole number, not number 1.5`,
		`{"port": 70000}`:                     `1:10: port is from 0 to 65535`,
		`{"max_path_length": 65536}`:          `1:21: max_path_length is from 0 to 65535`,
		`{"max_ip_length": -1}`:               `1:19: max_ip_length is from 0 to 255`,
		`{"include_request_ip": 1}`:           `1:24: include_request_ip: want true or false, not number`,
		`{"trusted_proxies": "x"}`:            `1:21: trusted_proxies: want a list of strings, not string`,
		`{"port": 1, "port": 2}`:              `1:13: "port" comes twice`,
		`{"port": 1`:                          `1:11: `,
		`{"port": 1} x`:                       `1:13: something follows the configuration`,
		`{"motd": "a" "b"}`:                   `1:14: `,
		"{\n\t\"motd\": \"x\",\n\t\"Port\": 1\n}": `3:2: unknown key "Port"`,
	} {
		c := receive.DefaultConfig()
		if err := c.Parse([]byte(document)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", document, err, want)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for want, change := range map[string]func(*receive.Config){
		"log_base":      func(c *receive.Config) { c.LogBase = "../x" },
		"url_prefix":    func(c *receive.Config) { c.URLPrefix = "x" },
		"format":        func(c *receive.Config) { c.Format = "v0" },
		"no room":       func(c *receive.Config) { c.Format, c.IncludeIP = "v1", true },
		"go together":   func(c *receive.Config) { c.TLSCert = "x" },
		"queue":         func(c *receive.Config) { c.Queue = 0 },
		"port":          func(c *receive.Config) { c.Port = -1 },
		"trusted proxy": func(c *receive.Config) { c.TrustedProxies = []string{"10.0.0.0/33"} },
	} {
		c := receive.DefaultConfig()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
	c := receive.DefaultConfig()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}
