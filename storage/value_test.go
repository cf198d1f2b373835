package storage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

func newRecord(value string) storage.Record {
	return storage.NewRecord([]byte("k"), []byte(value), storage.Dims{})
}

// Elements by number.
func TestAt(t *testing.T) {
	rec := newRecord(`{"a": [1, [2, 3], {"b": [4]}, null], "o": {"0": 5}, "s": "x"}`)
	a := rec.Get("a")
	for _, test := range []struct {
		value storage.Value
		want  string
	}{
		{a.At(0), "1"},
		{a.At(1).At(1), "3"},
		{a.At(2).Get("b").At(0), "4"},
		{a.At(3), "null"},
		{a.At(4), ""},
		{a.At(-1), ""},
		{a.At(0).At(0), ""},
		{rec.Get("o").At(0), ""},
		{rec.Get("s").At(0), ""},
		{rec.Get("none").At(0), ""},
	} {
		if got := string(test.value.Raw()); got != test.want || test.value.Exists() != (test.want != "") {
			t.Errorf("At gives %q, want %q", got, test.want)
		}
	}
	if rec.Err() != nil {
		t.Errorf("the record is said to be malformed: %v", rec.Err())
	}
	rec = newRecord(`{"a": [6, 7}`)
	if v := rec.Get("a").At(2); v.Exists() || rec.Err() == nil {
		t.Errorf("beyond the end of an array that is not closed: %q, %v", v.Raw(), rec.Err())
	}
}

func TestGet(t *testing.T) {
	const value = `{"a":{"b":{"c":1}},"x.y":2,"@":3,"{x}":4,"":5,"dup":6,"dup":7,"\u0061\"":8,"é":9,"\u00e9\ud83d\ude00":10,` +
		`"s":"x","l":[{"a":1}],"n":null,"e":{},"last":11}`
	for _, tt := range []struct {
		path []string
		want string // raw text, empty: does not exist
	}{
		{[]string{"a", "b", "c"}, "1"},
		{[]string{"a", "b"}, `{"c":1}`},
		{[]string{"a"}, `{"b":{"c":1}}`},
		{[]string{"x.y"}, "2"},
		{[]string{"x", "y"}, ""},
		{[]string{"@"}, "3"},
		{[]string{"{x}"}, "4"},
		{[]string{""}, "5"},
		{[]string{"dup"}, "6"},
		{[]string{`a"`}, "8"},
		{[]string{`\u0061\"`}, ""},
		{[]string{"é"}, "9"},
		{[]string{"é😀"}, "10"},
		{[]string{"s", "x"}, ""},
		{[]string{"l", "0"}, ""},
		{[]string{"l", "a"}, ""},
		{[]string{"l"}, `[{"a":1}]`},
		{[]string{"n"}, "null"},
		{[]string{"n", "x"}, ""},
		{[]string{"e", "x"}, ""},
		{[]string{"e"}, "{}"},
		{[]string{"c"}, ""},
		{[]string{"LAST"}, ""},
		{[]string{"last"}, "11"},
		{nil, value},
	} {
		for name, text := range map[string]string{
			"compact": value,
			"blanks":  strings.NewReplacer(`":`, "\" \t:  ", `,"`, " ,\r\n \"", `{"`, `{ "`, `,"`, ` , "`, `},`, ` } ,`).Replace(value),
		} {
			rec := newRecord(text)
			got := rec.Get(tt.path...)
			var raw bytes.Buffer
			if got.Exists() {
				if err := json.Compact(&raw, got.Raw()); err != nil {
					t.Fatalf("Get(%q).Raw() of %s: %v", tt.path, name, err)
				}
			}
			if raw.String() != tt.want || rec.Err() != nil {
				t.Errorf("Get(%q) of %s = %q, %v, want %q", tt.path, name, raw.String(), rec.Err(), tt.want)
			}
		}
	}
}

func TestGetMalformed(t *testing.T) {
	for _, tt := range []struct {
		value  string
		path   []string
		exists bool
		reason string // of Err, empty: nothing that was looked at is malformed
	}{
		{``, nil, false, "value is not a JSON object"},
		{`[]`, nil, false, "value is not a JSON object"},
		{`{`, nil, false, "value is not a JSON object"},
		{`{"a":1`, []string{"a"}, false, "value is not a JSON object"},
		{` {"a":1} `, []string{"a"}, true, ""},
		{`{"a":1}}`, []string{"b"}, false, "text after the end of the value"},
		{`{"a":1} {"b":2}`, []string{"b"}, false, "text after the end of the value"},
		{`{"a":1,}`, []string{"b"}, false, "object member without a key"},
		{`{,"a":1}`, []string{"a"}, false, "object member without a key"},
		{`{"a":1,,"b":2}`, []string{"b"}, false, "object member without a key"},
		{`{"a" 1,"b":2}`, []string{"b"}, false, "key without a colon"},
		{`{"a":1 "b":2}`, []string{"b"}, false, "object without comma or end"},
		{`{"a":x,"b":2}`, []string{"b"}, false, "malformed object member"},
		{`{"a":nul,"b":2}`, []string{"b"}, false, "malformed object member"},
		{`{"a":truefalse,"b":2}`, []string{"b"}, false, "malformed object member"},
		{`{"a":,"b":2}`, []string{"a"}, false, "object member without a value"},
		{`{"a":}`, []string{"a"}, false, "object member without a value"},
		{`{"a":[1,2,"b":2}`, []string{"b"}, false, "malformed object member"},
		{`{"a":[1}],"b":2}`, []string{"b"}, false, "malformed object member"},
		{`{"a":{"x":[}],"b":2}`, []string{"b"}, false, "malformed object member"},
		{`{"a":"x}`, []string{"b"}, false, "malformed object member"},
		{`{"a}`, []string{"b"}, false, "key without an end"},
		{`{"\x":1,"b":2}`, []string{"b"}, false, "malformed escape in a string"},
		{`{"a":{"b":1,},"c":2}`, []string{"a", "x"}, false, "object member without a key"},
		{`{"a":{"b":1,},"c":2}`, []string{"c"}, true, ""}, // passed over: balanced is all that is asked
		{`{"a":1,"b":oops}`, []string{"a"}, true, ""},     // behind what was looked at
	} {
		rec := newRecord(tt.value)
		got := rec.Get(tt.path...).Exists()
		reason := ""
		if err, ok := errors.AsType[*storage.SyntaxError](rec.Err()); ok {
			reason = err.Reason
		}
		if got != tt.exists || reason != tt.reason {
			t.Errorf("Get(%q) of %s exists: %v, %q, want %v, %q", tt.path, tt.value, got, reason, tt.exists, tt.reason)
		}
	}
}

func TestScalars(t *testing.T) {
	type answer struct {
		str             string
		isStr           bool
		int             int64
		isInt           bool
		float           float64
		isFloat         bool
		bool, isBool    bool
		null, malformed bool
	}
	for text, want := range map[string]answer{
		`""`:                                    {isStr: true},
		`"abc"`:                                 {str: "abc", isStr: true},
		`"a\"\\\/\b\f\n\r\t"`:                   {str: "a\"\\/\b\f\n\r\t", isStr: true},
		`"\u00e9\u20ac"`:                        {str: "é€", isStr: true},
		`"\uD83d\uDE00!"`:                       {str: "😀!", isStr: true},
		`"\ud83d!"`:                             {str: "\ufffd!", isStr: true},
		`"\ud83d\u0041"`:                        {str: "\ufffdA", isStr: true},
		`"\ude00\ud83d\ude00"`:                  {str: "\ufffd😀", isStr: true},
		`"é€😀"`:                                 {str: "é€😀", isStr: true},
		"\"a\xffb\"":                            {str: "a\ufffdb", isStr: true},
		"\"a\xe2\x82\"":                         {str: "a\ufffd\ufffd", isStr: true},
		`"` + strings.Repeat("long ", 50) + `"`: {str: strings.Repeat("long ", 50), isStr: true},
		`"\u12"`:                                {malformed: true},
		`"\u12g4"`:                              {malformed: true},
		`"\'"`:                                  {malformed: true},
		"\"a\tb\"":                              {malformed: true},
		"\"0123456789\x01\"":                    {malformed: true},
		`0`:                                     {isInt: true, isFloat: true},
		`-0`:                                    {isInt: true, float: math.Copysign(0, -1), isFloat: true},
		`12`:                                    {int: 12, isInt: true, float: 12, isFloat: true},
		`-12`:                                   {int: -12, isInt: true, float: -12, isFloat: true},
		`9223372036854775807`:                   {int: math.MaxInt64, isInt: true, float: math.MaxInt64, isFloat: true},
		`-9223372036854775808`:                  {int: math.MinInt64, isInt: true, float: math.MinInt64, isFloat: true},
		`9223372036854775808`:                   {float: 1 << 63, isFloat: true},
		`-9223372036854775809`:                  {float: -1 << 63, isFloat: true},
		`123456789012345678901`:                 {float: 123456789012345678901, isFloat: true},
		`1.0`:                                   {float: 1, isFloat: true},
		`1e3`:                                   {float: 1000, isFloat: true},
		`-1.5E-2`:                               {float: -0.015, isFloat: true},
		`1e400`:                                 {},
		`01`:                                    {malformed: true},
		`00000000000000000000000`:               {malformed: true},
		`1.`:                                    {malformed: true},
		`1e`:                                    {malformed: true},
		`1e+`:                                   {malformed: true},
		`-`:                                     {malformed: true},
		`-a`:                                    {malformed: true},
		`1a`:                                    {malformed: true},
		`1-2`:                                   {malformed: true},
		`1111111111111111111111a`:               {malformed: true},
		`true`:                                  {bool: true, isBool: true},
		`false`:                                 {isBool: true},
		`null`:                                  {null: true},
		`nul`:                                   {malformed: true},
		`nulls`:                                 {malformed: true},
		`trueish`:                               {malformed: true},
		`f`:                                     {malformed: true},
		`{}`:                                    {},
		`[1]`:                                   {},
	} {
		for _, tail := range []string{"}", ` }`, `,"b":1}`} {
			rec := newRecord(`{"a":` + text + tail)
			v := rec.Get("a")
			var got answer
			got.str, got.isStr = v.Str()
			got.int, got.isInt = v.Int()
			got.float, got.isFloat = v.Float()
			got.bool, got.isBool = v.Bool()
			got.null = v.IsNull()
			got.malformed = rec.Err() != nil
			if got != want || math.Signbit(got.float) != math.Signbit(want.float) {
				t.Errorf("%s: %+v, want %+v", text, got, want)
			}
			if want.malformed == json.Valid([]byte(text)) {
				t.Errorf("%s: encoding/json thinks otherwise", text)
			}
		}
	}
	var none storage.Value
	if _, ok := none.Str(); ok || none.Exists() || none.Raw() != nil || none.IsNull() {
		t.Error("the zero Value exists")
	}
	none.Malformed("of nothing") // and does no harm
}

func TestIteration(t *testing.T) {
	rec := newRecord(`{"o": {"a":[1, 2],"b\n" : "x","a":{"c":[]}, "e":{}}, "l":[ 1,"2" ,[3],{"4":5},null], "n":1,"eo":{ }, "el":[ ]}`)
	var got []string
	members, ok := rec.Get("o").Object()
	for name, v := range members {
		got = append(got, name+"="+string(v.Raw()))
	}
	elements, ok2 := rec.Get("l").Array()
	for v := range elements {
		got = append(got, string(v.Raw()))
	}
	want := "a=[1, 2]|b\n=\"x\"|a={\"c\":[]}|e={}|1|\"2\"|[3]|{\"4\":5}|null"
	if s := strings.Join(got, "|"); s != want || !ok || !ok2 || rec.Err() != nil {
		t.Errorf("members and elements: %q, %v, want %q", s, rec.Err(), want)
	}
	for _, name := range []string{"n", "none", "eo", "el"} {
		_, isObject := rec.Get(name).Object()
		_, isArray := rec.Get(name).Array()
		if isObject != (name == "eo") || isArray != (name == "el") {
			t.Errorf("%s is an object: %v, an array: %v", name, isObject, isArray)
		}
		for range rec.Get(name).Members() {
			t.Errorf("%s has a member", name)
		}
		for range rec.Get(name).Elements() {
			t.Errorf("%s has an element", name)
		}
	}
	for range rec.Get("o").Members() {
		break
	}
	for range rec.Get("l").Elements() {
		break
	}
	if err := rec.Err(); err != nil {
		t.Error(err)
	}
	for _, text := range []string{`[1,]`, `[,1]`, `[1 2]`, `[1,x]`, `[[1]`, `["]`, `{"a":1,}`, `{"a" 1}`, `{a:1}`, `{"a":[1,2}`, `{"a":"b}`, `{"\q":1}`} {
		rec := newRecord(`{"v":` + text + `}`)
		for range rec.Get("v").Elements() {
		}
		for range rec.Get("v").Members() {
		}
		if rec.Err() == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestDepth has brackets that nest far deeper than a stack would like, and the forms that make a scanner look at the same
// text again and again.
func TestDepth(t *testing.T) {
	const n = 100_000
	start := time.Now()
	for name, text := range map[string]string{
		"arrays":   strings.Repeat("[", n) + strings.Repeat("]", n),
		"elements": strings.Repeat("[1,", n) + "1" + strings.Repeat("]", n),
		"objects":  strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n),
		"both":     strings.Repeat(`{"a":[`, n) + strings.Repeat("]}", n),
		"escapes":  `"` + strings.Repeat(`\\`, n) + `"`,
		"quotes":   `"` + strings.Repeat(`\"`, n) + `"`,
	} {
		rec := newRecord(`{"v":` + text + `,"w":1}`)
		if got := rec.Get("v").Raw(); string(got) != text {
			t.Errorf("%s: Raw has %d bytes, want %d: %v", name, len(got), len(text), rec.Err())
		}
		if w, _ := rec.Get("w").Int(); w != 1 {
			t.Errorf("%s: no field behind: %v", name, rec.Err())
		}
		rec = newRecord(`{"v":` + text[:len(text)-1] + `,"w":1}`)
		if rec.Get("w").Exists() || rec.Err() == nil {
			t.Errorf("%s: a missing bracket went unseen", name)
		}
	}
	rec := newRecord(`{"v":` + strings.Repeat("[", n) + "}")
	if rec.Get("w").Exists() || rec.Err() == nil {
		t.Error("only opening brackets: no error")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v: not linear", d)
	}
}

// TestNamesSeen: a name is read as itself whatever names and values the reader has had.
func TestNamesSeen(t *testing.T) {
	lines := []string{
		`{"a":"b","b":1,"":2,"a":3}`,
		`{"\u005c":"\u005c","\u0001":"\t","\u00e9":"é","say \"a\"":1}`,
		`{"\\":1,"a\\":"a\\","b\"":2,"\u0062":3,"é":4,"":5}`,
		`{"\":1}`,
		"{\"\x01\":1}",
		"{\"\xe9\":1}",
		`{"a":1,"b`,
		`{"b":2}`,
	}
	want := [][]string{{"a", "b", "", "a"}, {`\`, "\x01", "é", `say "a"`}, {`\`, `a\`, `b"`, "b", "é", ""}, nil, nil, {"\uFFFD"}, nil, {"b"}}
	var text string
	for _, line := range lines {
		text += "id\t" + line + "\n"
	}
	_, file := testTree(t, "", []byte(text))
	r, err := file.Open(storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	i := 0
	for rec, err := range r.Records() {
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for name, v := range rec.Get().Members() {
			names = append(names, name)
			v.Str()
		}
		if rec.Err() != nil {
			names = nil
		}
		if !slices.Equal(names, want[i]) {
			t.Errorf("%s has the names %q, %v; want %q", lines[i], names, rec.Err(), want[i])
		}
		i++
	}
	if i != len(lines) {
		t.Errorf("%d records", i)
	}
}

func TestGetAllocations(t *testing.T) {
	_, file := testTree(t, "", pings(1))
	r, err := file.Open(storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for rec, err := range r.Records() {
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(100, func() {
			if _, ok := rec.Get("info", "OS").Str(); !ok {
				t.Error("no OS")
			}
			if _, ok := rec.Get("ver").Int(); !ok {
				t.Error("no ver")
			}
			for name, v := range rec.Get("histograms").Members() {
				if name == "" || len(v.Raw()) == 0 {
					t.Error("empty histogram")
				}
				for e := range v.Elements() {
					if _, ok := e.Float(); !ok {
						t.Error("no number")
						break
					}
				}
			}
		})
		if n != 0 {
			t.Errorf("%v allocations a record, want 0", n)
		}
		return
	}
}
