package histogram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// DefaultConstants returns the constants for which the converter of 2013 had values. The right ones changed with the
// source: a browser of October 2013 counted 100 reasons, not 101.
func DefaultConstants() map[string]int64 {
	return map[string]int64{
		"JS::gcreason::NUM_TELEMETRY_REASONS":    101,
		"mozilla::StartupTimeline::MAX_EVENT_ID": 12,
	}
}

// ParseConstants returns DefaultConstants with what a JSON document says instead or besides, by name:
//
//	{"JS::gcreason::NUM_TELEMETRY_REASONS": 100, "mozilla::MAX_ID": 30}
//
// The error is a *filter.DocumentError.
func ParseConstants(data []byte) (map[string]int64, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	at := 0 // where the token begins that was read last
	token := func() json.Token {
		at = int(dec.InputOffset())
		at += len(data[at:]) - len(bytes.TrimLeft(data[at:], " \t\r\n,:"))
		t, _ := dec.Token() // which is there: the text is well-formed
		return t
	}
	wrong := func(format string, args ...any) (map[string]int64, error) {
		return nil, documentError(data, at, fmt.Sprintf(format, args...))
	}
	if token() != json.Delim('{') {
		return wrong("constants are a JSON object, by name")
	}
	constants, seen := DefaultConstants(), map[string]bool{}
	for dec.More() {
		name, _ := token().(string)
		if !isConstant(name) {
			return wrong("%.80q is no name of a constant, which has letters, digits, _ and :", name)
		}
		if seen[name] {
			return wrong("%.80s comes twice", name)
		}
		seen[name] = true
		number, ok := token().(json.Number)
		n, err := number.Int64()
		if !ok || err != nil || n != min(max(n, -limit), limit) {
			return wrong("%.80s is an integer, at most %d", name, int64(limit))
		}
		constants[name] = n
	}
	return constants, nil
}

// isConstant tells whether an expression can have the name.
func isConstant(name string) bool {
	return name != "" && isLetter(name[0]) && strings.IndexFunc(name, func(r rune) bool { return r > 'z' || !inConstant(byte(r)) }) < 0
}

func inConstant(c byte) bool { return isLetter(c) || isDigit(c) || c == ':' }
