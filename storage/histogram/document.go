package histogram

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/telemetry-mr/mr/filter"
)

// checkJSON returns a *filter.DocumentError for what is no JSON.
func checkJSON(data []byte) error {
	var text json.RawMessage
	err := json.Unmarshal(data, &text)
	if err == nil {
		return nil
	}
	at := len(data)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = max(0, int(syntax.Offset)-1)
	}
	return documentError(data, at, err.Error())
}

// documentError tells the place of what is wrong with a JSON document.
func documentError(data []byte, at int, msg string) error {
	before := data[:min(at, len(data))]
	line := bytes.Count(before, []byte{'\n'})
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	return &filter.DocumentError{Line: line + 1, Column: column + 1, Msg: msg}
}
