package filter_test

import (
	"bytes"
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
		want string // the JSON of the filter, but for the version
	}{
		{`{"version": 1, "dimensions": []}`, `[]`},
		{`{"dimensions": []}`, `[]`},
		{"\ufeff" + `{"dimensions": []}`, `[]`},
		{one(`"allowed_values": "*"`), `[{"field_name":"app","allowed_values":"*"}]`},
		{one(`"allowed_values": ["a", "b"]`), `[{"field_name":"app","allowed_values":["a","b"]}]`},
		{one(`"allowed_values": []`), `[{"field_name":"app","allowed_values":[]}]`},
		{one(`"allowed_values": "a"`), `[{"field_name":"app","allowed_values":["a"]}]`},
		{one(`"allowed_values": {"min": "a"}`), `[{"field_name":"app","allowed_values":{"min":"a"}}]`},
		{one(`"type": "version", "allowed_values": "\u0061\n"`), `[{"field_name":"app","allowed_values":["a\n"],"type":"version"}]`},
		{one(`"allowed_values": {"min": "9", "max": "10"}, "type": "number"`), `[{"field_name":"app","allowed_values":{"min":"9","max":"10"},"type":"number"}]`},
		{one(`"allowed_values": ["2013-06-01", {"max": "2013-05-01"}], "type": "date"`), `[{"field_name":"app","allowed_values":["20130601",{"max":"20130501"}],"type":"date"}]`},
		{one(`"allowed_values": {"not": "a"}`), `[{"field_name":"app","allowed_values":{"not":["a"]}}]`},
		{one(`"allowed_values": {"not": {"min": "a"}}`), `[{"field_name":"app","allowed_values":{"not":{"min":"a"}}}]`},
		{one(`"allowed_values": {"all": [{"min": "a"}, {"not": ["b", "c"]}]}`), `[{"field_name":"app","allowed_values":{"all":[{"min":"a"},{"not":["b","c"]}]}}]`},
		{one(`"allowed_values": {"all": []}`), `[{"field_name":"app","allowed_values":"*"}]`},
		{
			"\n\t" + `{"dimensions":[{"allowed_values":"1","field_name":"b"},{"field_name":"a","allowed_values":{}}],"version":1}` + "\n",
			`[{"field_name":"a","allowed_values":"*"},{"field_name":"b","allowed_values":["1"]}]`,
		},
	} {
		f, err := filter.Parse([]byte(tt.doc))
		if err != nil {
			t.Errorf("%s: %v", tt.doc, err)
			continue
		}
		if got, err := json.Marshal(f); err != nil || string(got) != `{"version":1,"dimensions":`+tt.want+`}` {
			t.Errorf("%s: got %s, %v, want dimensions %s", tt.doc, got, err, tt.want)
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
		{one(`"allowed_values": ["*"]`), `1:72: "*" does not mean everything here; write "allowed_values": "*"`},
		{one(`"allowed_values": {"min": 448}`), `1:79: min is a number; values are text, write "448"`},
		{one(`"allowed_values": {"max": null}`), `1:79: max is not a string`},
		{one(`"allowed_values": {"from": "a"}`), `1:72: unknown key "from" in a range, which has min, max, not, all`},
		{one(`"allowed_values": {"min": "a", "min": "b"}`), `1:84: key "min" comes twice in a range`},
		{one(`"allowed_values": {"min": "a", "not": "b"}`), `1:84: "min" and "not" do not go together; write {"all": [...]}`},
		{one(`"allowed_values": {"not": "b", "min": "a"}`), `1:84: "not" and "min" do not go together; write {"all": [...]}`},
		{one(`"allowed_values": {"all": [], "not": "a"}`), `1:83: "all" and "not" do not go together; write {"all": [...]}`},
		{one(`"allowed_values": {"all": [], "max": "a"}`), `1:83: "all" and "max" do not go together; write {"all": [...]}`},
		{one(`"allowed_values": {"not": "*"}`), `1:79: "*" does not mean everything here; write "allowed_values": "*"`},
		{one(`"allowed_values": {"not": {}}`), `1:80: "not" everything would be nothing`},
		{one(`"allowed_values": {"not": {"not": "a"}}`), `1:80: unknown key "not" in a range, which has min, max`},
		{one(`"allowed_values": {"all": "a"}`), `1:79: "all" is not a list`},
		{one(`"allowed_values": {"all": [{"all": []}]}`), `1:81: unknown key "all" in a range, which has min, max, not`},
		{one(`"allowed_values": {"all": ["*"]}`), `1:80: "*" does not mean everything here; write "allowed_values": "*"`},
		{one(`"allowed_values": ["a", {}]`), `1:78: a range in a list has min, max or both`},
		{one(`"allowed_values": {"min": "a"}, "type": "number"`), `1:79: "a" is not a number`},
		{one(`"type": "version", "allowed_values": {"max": "x1"}`), `1:98: "x1" is not a version`},
		{one(`"type": "date", "allowed_values": {"max": "2013061a"}`), `1:95: "2013061a" is not a date`},
		{one(`"type": "date", "allowed_values": {"max": "today"}`), `1:95: "today" is not a date`},
		{one(`"type": "date", "allowed_values": ["20130231"]`), `1:88: there is no date 20130231`},
		{one(`"type": "date", "allowed_values": "__TARGET_DATE__x"`), `1:87: "__TARGET_DATE__x" is not a date`},
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

// TestParseOptions reads documents for a store: which types count, what is a warning, and what the filter says of itself.
func TestParseOptions(t *testing.T) {
	for _, tt := range []struct {
		dim, keys string
		text      string // of the filter
		warnings  string
	}{
		{"appVersion", `"allowed_values": {"min": "24", "max": "28"}`, "appVersion=24..28", ""},
		{"appVersion", `"allowed_values": {"min": "24"}, "type": "version"`, "appVersion=24..", ""},
		{"appVersion", `"allowed_values": {"min": "24"}, "type": "number"`, "appVersion=24..", `1:87: appVersion has the type that the schema gives it, which is version`},
		{"appName", `"allowed_values": {"max": "z"}, "type": "string"`, `appName={"max":"z"}`, `1:83: appName has the type that the schema gives it, which is none`},
		{"appVersion", `"allowed_values": {"min": "28", "max": "9"}`, "appVersion=28..9", `1:88: a range from 28 to 9 holds nothing`},
		{"appVersion", `"allowed_values": ["28", "28.0"]`, `appVersion=["28","28.0"]`, ""},
		{"appVersion", `"allowed_values": ["OTHER", "default"]`, `appVersion=OTHER,default`, ""},
		{"appVersion", `"allowed_values": "*"`, "appVersion=*", ""},
		{"appName", `"allowed_values": ["a b", "", "*c", "d..e"]`, `appName=["a b","","*c","d..e"]`, ""},
		{"appName", `"allowed_values": []`, `appName=[]`, ""},
		{"appName", `"allowed_values": {"not": ["a,b"]}`, `appName!=["a,b"]`, ""},
		{"submission_date", `"allowed_values": {"min": "20130607", "max": "20130607999999"}`, "submission_date=20130607", ""},
		{"submission_date", `"allowed_values": {"min": "2013-06-01", "max": "20130607"}`, `submission_date={"min":"20130601","max":"20130607"}`, ""},
		{"submission_date", `"allowed_values": {"min": "20130600"}`, `submission_date={"min":"20130600"}`, ""},
		{"submission_date", `"allowed_values": ["20130607", "2013-06-08"]`, `submission_date=["20130607","20130608"]`, ""},
		{"reason", `"allowed_values": ["main", "saved_session", "OTHER"]`, "reason=main,saved_session,OTHER", ""},
		{"reason", `"allowed_values": {"not": ["mane"]}`, "reason!=mane", `1:69: no file of the store can have reason=mane`},
	} {
		var warnings []string
		o := options
		o.Warn = func(e *filter.DocumentError) { warnings = append(warnings, e.Error()) }
		f, err := o.Parse([]byte(`{"dimensions": [{"field_name": "` + tt.dim + `", ` + tt.keys + `}], "layout": "{x}"}`))
		if err != nil {
			t.Errorf("%s: %v", tt.keys, err)
			continue
		}
		if got := f.String(); got != tt.text {
			t.Errorf("%s: String() = %s, want %s", tt.keys, got, tt.text)
		}
		if got := strings.Join(warnings, "\n"); got != tt.warnings {
			t.Errorf("%s: warnings\n%s\nwant\n%s", tt.keys, got, tt.warnings)
		}
		checkJSON(t, f)
	}
	for _, tt := range []struct {
		name, values string
		want         filter.DocumentError
	}{
		{"version", `"*"`, filter.DocumentError{
			Line: 1, Column: 32, Msg: `unknown dimension "version"`,
			Hint: "did you mean appVersion? the store has reason, appName, appVersion, submission_date, memsize, locale",
		}},
		{"submission_date", `["yesterday"]`, filter.DocumentError{
			Line: 1, Column: 70, Msg: `"yesterday" is not a date`, Hint: "days counted from today are for expressions: submission_date=yesterday",
		}},
		{"submission_date", `{"min": "-7d"}`, filter.DocumentError{
			Line: 1, Column: 77, Msg: `"-7d" is not a date`, Hint: "days counted from today are for expressions: submission_date=-7d",
		}},
	} {
		_, err := options.Parse([]byte(`{"dimensions": [{"field_name": "` + tt.name + `", "allowed_values": ` + tt.values + `}]}`))
		if wrong, ok := errors.AsType[*filter.DocumentError](err); !ok || *wrong != tt.want {
			t.Errorf("%s: got  %#v\nwant %#v", tt.values, err, tt.want)
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
	f.Add([]byte(one(`"allowed_values": ["a", "b", {"max": "c"}], "type": "string"`)))
	f.Add([]byte(one(`"allowed_values": {"min": "20130600", "max": "20130607999999"}, "type": "date"`)))
	f.Add([]byte(one(`"type": "date", "allowed_values": ["20130607", "2013-06-08", "OTHER"]`)))
	f.Add([]byte(one(`"type": "version", "allowed_values": {"all": [{"min": "9", "max": "28.0a1"}, {"not": ["24"]}]}`)))
	f.Add([]byte(one(`"type": "number", "allowed_values": {"not": {"min": "-1.50"}}`)))
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
		if !json.Valid(bytes.TrimPrefix(data, []byte("\ufeff"))) {
			t.Fatalf("%q is not JSON, but a filter: %v", data, parsed)
		}
		checkJSON(t, parsed)
	})
}

// checkJSON checks that the JSON form of f is a document that says what f says.
func checkJSON(t interface{ Fatalf(string, ...any) }, f filter.Filter) {
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatalf("%v: %v", f, err)
	}
	var again filter.Filter
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got, _ := json.Marshal(again); string(got) != string(text) || again.String() != f.String() {
		t.Fatalf("%s, %v\nbecame\n%s, %v", text, f, got, again)
	}
}
