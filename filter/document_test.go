package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
)

// one is a document with one dimension that has these further keys.
func one(keys string) string {
	return `{"version": 1, "dimensions": [{"field_name": "app", ` + keys + `}]}`
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		doc  string
		want string // the JSON of the filter
	}{
		{`{"version": 1, "dimensions": []}`, `{}`},
		{`{"dimensions": []}`, `{}`},
		{one(`"allowed_values": "*"`), `{"app":"*"}`},
		{one(`"allowed_values": ["a", "b"]`), `{"app":["a","b"]}`},
		{one(`"allowed_values": []`), `{"app":[]}`},
		{one(`"allowed_values": "a"`), `{"app":["a"]}`},
		{one(`"allowed_values": {"min": "a"}`), `{"app":{"min":"a"}}`},
		{one(`"allowed_values": "\u0061\n", "type": "version"`), `{"app":["a\n"]}`},
		{"\n\t" + `{"dimensions":[{"allowed_values":"1","field_name":"b"},{"field_name":"a","allowed_values":{}}],"version":1}` + "\n", `{"a":"*","b":["1"]}`},
	} {
		f, err := filter.Parse([]byte(tt.doc))
		if err != nil {
			t.Errorf("%s: %v", tt.doc, err)
			continue
		}
		if got, err := json.Marshal(f); err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.doc, got, err, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{``, `1:1: empty document`},
		{" \n ", `1:1: empty document`},
		{`[]`, `1:1: the document is not an object`},
		{`{}`, `1:2: the document has no "dimensions"`},
		{"{\n \"dimensions\": [,]}", `2:17: not JSON: invalid character ',' looking for beginning of value`},
		{`{"dimensions": []`, `1:18: not JSON: unexpected end of JSON input`},
		{`{"dimensions": []} x`, `1:20: not JSON: invalid character 'x' after top-level value`},
		{"{\"dimensions\": [\"\xff\"]}", `1:18: not UTF-8`},
		{`{"version": 2, "dimensions": []}`, `1:13: this version is not known; the one known is 1`},
		{`{"version": "1", "dimensions": []}`, `1:13: this version is not known; the one known is 1`},
		{`{"Version": 1, "dimensions": []}`, `1:2: unknown key "Version" in the document, which has version, dimensions, layout`},
		{`{"dimensions": {}}`, `1:16: "dimensions" is not a list`},
		{`{"dimensions": [], "dimensions": []}`, `1:20: key "dimensions" comes twice in the document`},
		{`{"dimensions": [1]}`, `1:17: a dimension is not an object`},
		{`{"version":1,` + "\n" + `"include_invalid": true}`, `2:1: "include_invalid" is no longer known: values outside the schema are stored as OTHER, so add "OTHER" to the lists that should hold them`},
		{`{"dimensions": [{"name": "a"}]}`, `1:18: unknown key "name" in a dimension, which has field_name, allowed_values, type`},
		{`{"dimensions": [{"allowed_values": "*"}]}`, `1:39: the dimension has no "field_name"`},
		{`{"dimensions": [{"field_name": "", "allowed_values": "*"}]}`, `1:32: "field_name" is empty`},
		{`{"dimensions": [{"field_name": null}]}`, `1:32: field_name is not a string`},
		{`{"dimensions": [{"field_name": "a"}]}`, `1:35: dimension "a" has no "allowed_values"; write "*" for everything`},
		{"{\"dimensions\": [{\"field_name\": \"a\", \"allowed_values\": []},\n{\"field_name\": \"a\", \"allowed_values\": []}]}", `2:16: dimension "a" comes twice`},
		{one(`"type": "integer"`), `1:61: unknown type "integer"; the types are string, number, version, date`},
		{one(`"allowed_values": 28`), `1:71: allowed_values is a number; values are text, write "28"`},
		{one(`"allowed_values": null`), `1:71: allowed_values is not "*", a list, a string or an object with min and max`},
		{one(`"allowed_values": ["a", 28]`), `1:77: a value of the list is a number; values are text, write "28"`},
		{one(`"allowed_values": ["a", ["b"]]`), `1:77: a value of the list is not a string`},
		{one(`"allowed_values": ["*"]`), `1:72: "*" does not mean everything inside a list; write "allowed_values": "*"`},
		{one(`"allowed_values": {"min": 448}`), `1:79: min is a number; values are text, write "448"`},
		{one(`"allowed_values": {"max": null}`), `1:79: max is not a string`},
		{one(`"allowed_values": {"from": "a"}`), `1:72: unknown key "from" in a range, which has min, max`},
		{one(`"allowed_values": {"min": "a", "min": "b"}`), `1:84: key "min" comes twice in a range`},
	} {
		_, err := filter.Parse([]byte(tt.doc))
		if _, ok := errors.AsType[*filter.DocumentError](err); !ok {
			t.Errorf("%s: error %T, want *DocumentError", tt.doc, err)
			continue
		}
		if got := err.Error(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.doc, got, tt.want)
		}
	}
}

// TestParseDeep has more brackets than a stack should hold.
func TestParseDeep(t *testing.T) {
	deep := strings.Repeat("[", 100000)
	for _, doc := range []string{deep, `{"dimensions":` + deep, one(`"allowed_values":` + deep), one(`"allowed_values":` + deep + strings.Repeat("]", 100000))} {
		if _, err := filter.Parse([]byte(doc)); err == nil {
			t.Errorf("no error for %.60s...", doc)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(one(`"allowed_values": "*"`)))
	f.Add([]byte(one(`"allowed_values": ["a", "b"], "type": "date"`)))
	f.Add([]byte(one(`"allowed_values": {"min": "a", "max": "b"}`)))
	f.Add([]byte(`{"dimensions": [{"field_name": "a", "allowed_values": []}, {"field_name": "b", "allowed_values": "b"}]}`))
	f.Add([]byte("{\"dimensions\": [\"\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := filter.Parse(data)
		if err != nil {
			at, ok := errors.AsType[*filter.DocumentError](err)
			if !ok || at.Line < 1 || at.Column < 1 || at.Line > strings.Count(string(data), "\n")+1 {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is not JSON, but a filter: %v", data, parsed)
		}
		for dim, set := range parsed {
			text, err := json.Marshal(set)
			if err != nil {
				t.Fatal(err)
			}
			var again filter.Set
			if err := json.Unmarshal(text, &again); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if again.String() != set.String() {
				t.Fatalf("%s: %v after JSON, %v before", dim, again, set)
			}
		}
	})
}
