package histogram_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func TestParseConstants(t *testing.T) {
	got, err := histogram.ParseConstants([]byte(` {"JS::gcreason::NUM_TELEMETRY_REASONS": 100, "a_b::C9": -3}` + "\n"))
	want := map[string]int64{"JS::gcreason::NUM_TELEMETRY_REASONS": 100, "mozilla::StartupTimeline::MAX_EVENT_ID": 12, "a_b::C9": -3}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for text, want := range map[string]string{
		``:                            "1:1: unexpected end",
		`{"A": 1`:                     "1:7: unexpected end",
		`{"A": 1} {}`:                 "1:10: invalid character",
		`[1]`:                         "1:1: constants are a JSON object",
		"{\n  \"A\": 1.5}":            "2:8: A is an integer",
		`{"A": 1e3}`:                  "1:7: A is an integer",
		`{"A": "1"}`:                  "1:7: A is an integer",
		`{"A": [1]}`:                  "1:7: A is an integer",
		`{"A": null}`:                 "1:7: A is an integer",
		`{"A": 1, "A": 2}`:            "1:10: A comes twice",
		`{"A": 9007199254740993}`:     "1:7: A is an integer, at most 9007199254740992",
		`{"A": -9223372036854775808}`: "1:7: A is an integer",
		`{"": 1}`:                     `1:2: "" is no name`,
		`{"9": 1}`:                    `1:2: "9" is no name`,
		`{"A B": 1}`:                  `1:2: "A B" is no name`,
		`{"\u0141": 1}`:               "1:2: \"\u0141\" is no name",
	} {
		_, err := histogram.ParseConstants([]byte(text))
		if _, ok := errors.AsType[*filter.DocumentError](err); !ok || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// FuzzParseConstants: each constant that is accepted can stand in a definition.
func FuzzParseConstants(f *testing.F) {
	for _, text := range []string{`{"A": 1, "b::C_9": -2}`, `{}`, `{"A": 1e9}`, `{"A": {"B": 1}}`, `{"A": 1, "A": 1}`, `[`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		constants, err := histogram.ParseConstants(data)
		if err != nil {
			if e, ok := errors.AsType[*filter.DocumentError](err); !ok || e.Line < 1 || e.Column < 1 {
				t.Errorf("%#v has no place", err)
			}
			return
		}
		for name := range constants {
			if len(name) > 100 {
				continue // too long for an expression
			}
			text := `{"H": {"kind": "enumerated", "n_values": "` + name + ` * 0 + 5"}}`
			defs, err := histogram.ParseDefinitions([]byte(text), histogram.DefinitionOptions{Constants: constants})
			if err != nil {
				t.Fatal(err)
			}
			if d, err := defs.Lookup("H"); err != nil || d.High != 5 {
				t.Errorf("%s: %v, %v", name, d, err)
			}
		}
	})
}
