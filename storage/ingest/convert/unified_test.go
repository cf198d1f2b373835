package convert_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// TestUnifiedSession converts a real ping of 2015 and compares with what the fixtures have, in their order of keys.
func TestUnifiedSession(t *testing.T) {
	var all struct {
		Definitions json.RawMessage
		Revision    string `json:"revision_url"`
		Date        string `json:"submission_date_utc"`
		Dimensions  []string
		Output      any
		Checks      struct {
			Sorted struct {
				Length int
				SHA256 string
			} `json:"sorted_compact_output"`
		} `json:"byte_checks"`
	}
	decode(t, testkit.ReadFixture(t, "telemetry-server/convert/unified-saved-session.expected.json"), &all)
	log := testkit.ReadFixture(t, "telemetry-server/rawlog/unicode.v1.packed")
	c := convert.New(storage.DefaultSchema(), convert.Options{Definitions: oneRevision(t, all.Revision, all.Definitions)})
	n := 0
	for sub, err := range rawlog.NewReader(bytes.NewReader(log), rawlog.Options{}).Records() {
		if err != nil {
			t.Log(err) // a line end behind the last record
			continue
		}
		n++
		var inflater rawlog.Inflater
		text, err := inflater.Payload(sub.Data)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := c.Convert(convert.Ping{Text: text, Date: all.Date})
		if err != nil {
			t.Fatal(err)
		}
		var got any
		decode(t, rec.Value, &got)
		if !reflect.DeepEqual(got, all.Output) {
			t.Errorf("%s\nwant\n%v", rec.Value, all.Output)
		}
		if !slices.Equal(rec.Dims, all.Dimensions) {
			t.Errorf("dimensions %q, want %q", rec.Dims, all.Dimensions)
		}
		if len(rec.Value) != all.Checks.Sorted.Length {
			t.Errorf("%d bytes, want %d", len(rec.Value), all.Checks.Sorted.Length)
		}
		sorted := sha256.Sum256(sortKeys(t, rec.Value))
		if got := hex.EncodeToString(sorted[:]); got != all.Checks.Sorted.SHA256 {
			t.Errorf("sorted, its SHA-256 is %s, want %s", got, all.Checks.Sorted.SHA256)
		}
	}
	if n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}

// sortKeys returns JSON with the members of each object in the order of their names, and the strings as they are.
func sortKeys(t *testing.T, text []byte) []byte {
	t.Helper()
	switch text[0] {
	case '{':
		var members map[string]json.RawMessage
		decode(t, text, &members)
		out := []byte{'{'}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(strconv.AppendQuoteToASCII(out, name), ':')
			out = append(out, sortKeys(t, members[name])...)
		}
		return append(out, '}')
	case '[':
		var elements []json.RawMessage
		decode(t, text, &elements)
		out := []byte{'['}
		for i, e := range elements {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, sortKeys(t, e)...)
		}
		return append(out, ']')
	}
	return text
}
