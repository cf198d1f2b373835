package receive_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/telemetry-mr/mr/storage/receive"
)

// FuzzConfig: a document is a configuration, or wrong at a place in it.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"port": 8080, "max_path_length": 10240, "include_request_ip": true, "trusted_proxies": ["10.0.0.0/8"], "motd": "x"}`))
	f.Add([]byte("{\n\t\"port\": 1,\n\t\"Port\": 70000\n}"))
	f.Fuzz(func(t *testing.T, document []byte) {
		c := receive.DefaultConfig()
		err := c.Parse(document)
		if err == nil {
			_ = c.Check() // says what it says
			return
		}
		at, ok := errors.AsType[*receive.ConfigError](err)
		if !ok || at.Line < 1 || at.Line > 1+bytes.Count(document, []byte("\n")) || at.Column < 1 || at.Column > len(document)+1 || at.Msg == "" {
			t.Fatalf("%#v", err)
		}
	})
}
