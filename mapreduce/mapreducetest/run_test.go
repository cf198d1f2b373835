package mapreducetest_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
	"github.com/telemetry-mr/mr/storage"
)

// recorder is a test whose failure is what is looked for.
type recorder struct {
	testing.TB
	said   string
	failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	r.said += fmt.Sprintf(format, args...) + "\n"
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failure returns what f says when it fails a test, or "".
func failure(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan bool)
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	if (r.said == "") == r.failed {
		t.Errorf("it failed: %v, and said %q", r.failed, r.said)
	}
	return r.said
}

func TestRunSaysWhatDiffers(t *testing.T) {
	for _, test := range []struct{ want, message string }{
		{"Linux\t2\nWINNT\t1\n", ""},
		{"\nLinux\t2\nWINNT\t1\n", ""},
		{"Darwin\t1\nLinux\t2\nWINNT\t2\n", "rows:\n- want, + got\n- Darwin\t1\n  Linux\t2\n- WINNT\t2\n+ WINNT\t1\n\n"},
		{"Linux 2\nWINNT\t1\n", "rows:\n- want, + got\n- Linux 2\n+ Linux\t2\n  WINNT\t1\n" +
			"They differ in blanks, TABs or line ends only: cells are separated by one TAB each.\n\n"},
		{"Linux\t2\nWINNT\t1", "rows:\n- want, + got\n  Linux\t2\n- WINNT\t1 (without a line end)\n+ WINNT\t1\n" +
			"They differ in blanks, TABs or line ends only: cells are separated by one TAB each.\n\n"},
	} {
		got := failure(t, func(t testing.TB) {
			stats := mapreducetest.Run(t, systems, mapreducetest.Records(t, `
				a {"info": {"OS": "Linux"}}
				b {"info": {"OS": "WINNT"}}
				c {"info": {"OS": "Linux"}}
				d {}
			`), test.want)
			if stats.SkippedBy["no info.OS"] != 1 {
				t.Errorf("skipped: %v", stats.SkippedBy)
			}
		})
		if got != test.message {
			t.Errorf("with want %q, Run says\n%q, want\n%q", test.want, got, test.message)
		}
	}
}

// Of many rows, those that differ are shown, with two around them.
func TestRunShowsALittle(t *testing.T) {
	var records []mapreducetest.Record
	var want strings.Builder
	for i := range 300 {
		records = append(records, mapreducetest.Record{Key: fmt.Sprintf("id-%03d", i), Value: `{}`})
		if i != 100 {
			fmt.Fprintf(&want, "id-%03d\t1\n", i)
		}
	}
	ids := mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			out.Emit(string(rec.Key), 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
	}
	got := failure(t, func(t testing.TB) { mapreducetest.Run(t, ids, records, want.String()) })
	if message := "rows:\n- want, + got\n  ...\n  id-098\t1\n  id-099\t1\n+ id-100\t1\n  id-101\t1\n  id-102\t1\n  ...\n\n"; got != message {
		t.Errorf("Run says\n%s\nwant\n%s", got, message)
	}
}

func TestGolden(t *testing.T) {
	name := filepath.Join(t.TempDir(), "golden", "rows.tsv")
	records := mapreducetest.Records(t, `a {"info": {"OS": "Linux"}}`)
	golden := func(t testing.TB) { mapreducetest.Golden(t, systems, records, name) }
	if got := failure(t, golden); !strings.Contains(got, "-update") {
		t.Errorf("without a file, Golden says %q", got)
	}
	if err := flag.Set("update", "true"); err != nil {
		t.Fatal(err)
	}
	golden(t)
	if err := flag.Set("update", "false"); err != nil {
		t.Fatal(err)
	}
	golden(t)
	if text, err := os.ReadFile(name); err != nil || string(text) != "Linux\t1\n" {
		t.Errorf("the file is %q (%v)", text, err)
	}
	records[0].Value = `{"info": {"OS": "OS/2"}}`
	if got, want := failure(t, golden), "rows:\n- want, + got\n- Linux\t1\n+ OS/2\t1\n\n"; got != want {
		t.Errorf("Golden says %q, want %q", got, want)
	}
}

// The name of the file says the format. A cell with a TAB is no reason to overlook a Combine.
func TestGoldenFormat(t *testing.T) {
	records := mapreducetest.Records(t, `
		a {"info": {"OS": "a\tb, c"}}
		b {"info": {"OS": "d"}}
	`)
	dir := t.TempDir()
	for name, want := range map[string]string{
		"rows.csv":   "key,value\n\"a\tb, c\",1\nd,1\n",
		"rows.jsonl": `{"key":"a\tb, c","value":1}` + "\n" + `{"key":"d","value":1}` + "\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		mapreducetest.Golden(t, systems, records, name)
	}
	if got := failure(t, func(t testing.TB) { mapreducetest.Run(t, systems, records, "") }); !strings.Contains(got, "csv and jsonl can") {
		t.Errorf("of a TAB in a tsv file, Run says %q", got)
	}
	job := mapreduce.Job[string, string]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, string]) error {
			out.Emit("all", "\t"+string(rec.Key))
			return nil
		},
		Combine: func(acc *string, v string) { *acc += v },
	}
	_, _, err := mapreducetest.Check(t.Context(), job, records, mapreducetest.Options{Format: mapreduce.CSV})
	if err == nil || !strings.Contains(err.Error(), "which Combine must not let through") {
		t.Errorf("of a Combine that depends on the order, Check says %v", err)
	}
}

func TestRecords(t *testing.T) {
	dims := map[string]string{"appName": "Firefox", "submission_date": "20140308"}
	for _, test := range []struct {
		text    string
		want    []mapreducetest.Record
		message string
	}{
		{text: ""},
		{text: "# nothing\n\n"},
		{text: "a\t{}", want: []mapreducetest.Record{{Key: "a", Value: "{}"}}},
		{text: "a {}\n[appName=Firefox submission_date=20140308]\r\nb \t {\"x\": 1}  \r\n[]\nc x y", want: []mapreducetest.Record{
			{Key: "a", Value: "{}"},
			{Key: "b", Value: `{"x": 1}`, Dims: dims},
			{Key: "c", Value: "x y", Dims: map[string]string{}},
		}},
		{text: "\n\t\ta {\n\n\t\t\t\"x\": 1,\n\t\t  \"y\": 2}\n\t\tb {}\n\t", want: []mapreducetest.Record{
			{Key: "a", Value: "{\n\t\"x\": 1,\n  \"y\": 2}"}, {Key: "b", Value: "{}"},
		}},
		{text: "a {}\nb\n", message: `records: line 2: "b" has a key, and no value after it`},
		{text: "\ta {}\nb {}", message: `records: line 2: it is indented otherwise than the first`},
		{text: "[a=b]\n  c {}", message: `records: line 2: it is indented, but there is no record before it`},
		{text: "[a=b", message: `records: line 1: the bracket is not closed`},
		{text: "[a]", message: `records: line 1: "a" is not of the form dimension=value`},
		{text: "[a=b a=c]", message: `records: line 1: a is there twice`},
	} {
		var got []mapreducetest.Record
		message := failure(t, func(t testing.TB) { got = mapreducetest.Records(t, test.text) })
		if !reflect.DeepEqual(got, test.want) || strings.TrimSuffix(message, "\n") != test.message {
			t.Errorf("Records(%q) = %q, %s\nwant %q, %s", test.text, got, message, test.want, test.message)
		}
		name := filepath.Join(t.TempDir(), "records.txt")
		if err := os.WriteFile(name, []byte(test.text), 0o666); err != nil {
			t.Fatal(err)
		}
		failure(t, func(t testing.TB) { got = mapreducetest.ReadRecords(t, name) })
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("ReadRecords of %q = %q", test.text, got)
		}
	}
}

// Whatever the text, it is a list of records, which written line by line is the same list, or it fails the test.
func FuzzRecords(f *testing.F) {
	f.Add("a {}\n[appName=Firefox x=y]\nb {\n  \"x\": 1}\n# c\n")
	f.Add("\t\t[]\n\t\ta\t{}\n\t\t  b\n")
	f.Fuzz(func(t *testing.T, text string) {
		var records []mapreducetest.Record
		if failure(t, func(t testing.TB) { records = mapreducetest.Records(t, text) }) != "" {
			return
		}
		var lines strings.Builder
		for _, r := range records {
			lines.WriteString("[")
			for name, value := range r.Dims {
				lines.WriteString(" " + name + "=" + value)
			}
			lines.WriteString("]\n" + r.Key + "\t" + r.Value + "\n")
		}
		again := mapreducetest.Records(t, lines.String())
		for i := range records {
			if len(records[i].Dims) == 0 {
				records[i].Dims, again[i].Dims = nil, nil
			}
		}
		if !reflect.DeepEqual(again, records) {
			t.Errorf("%q is %q, and again %q", text, records, again)
		}
	})
}

// Input that cannot be stored, and records that are bad.
func TestBadInput(t *testing.T) {
	for _, test := range []struct {
		records []mapreducetest.Record
		maxBad  int64
		message string
	}{
		{nil, 0, "there are no records: a job needs input"},
		{[]mapreducetest.Record{{Key: "a", Dims: map[string]string{"channel": "beta"}}}, 0, `record 1 ("a"): the schema has no dimension channel; ` +
			"it has reason, appName, appUpdateChannel, appVersion, appBuildID, submission_date"},
		{[]mapreducetest.Record{{Key: "a\tb"}}, 0, `record 1 ("a\tb"): a key cannot hold TAB, CR or LF`},
		{[]mapreducetest.Record{{Key: "a", Value: "{}"}, {Key: "b", Value: "{"}}, 0, `record 2 ("b"): value is not a JSON object`},
		{[]mapreducetest.Record{{Key: "a", Value: "{}"}, {Key: "b", Value: "{"}}, 1, ""},
	} {
		_, stats, err := mapreducetest.Check(t.Context(), systems, test.records, mapreducetest.Options{MaxBad: mapreduce.Budget{N: test.maxBad}})
		if err == nil {
			err = errors.New("")
		}
		if err.Error() != test.message || test.message == "" && stats.Bad != test.maxBad {
			t.Errorf("Check of %q with %d bad: %v\nwant %s", test.records, stats.Bad, err, test.message)
		}
	}
}

// Any schema, and values of dimensions as they are spelled in the paths of a store.
func TestSchema(t *testing.T) {
	schema, err := storage.ParseSchema([]byte(`{"version": 1, "dimensions": [
		{"field_name": "lang", "allowed_values": ["en", "fr-CA"]}, {"field_name": "day", "allowed_values": "*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	dims := mapreduce.Job[string, string]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, string]) error {
			out.Emit(string(rec.Key), rec.Dims.String())
			return nil
		},
		Combine: mapreduce.Max[string],
	}
	got, _, err := mapreducetest.Check(t.Context(), dims, mapreducetest.Records(t, `
		[lang=fr-CA day=2]
		a {}
		[lang=de]
		b {}
	`), mapreducetest.Options{Schema: schema})
	if want := "a\tfr_CA/2\nb\tOTHER/OTHER\n"; err != nil || got != want {
		t.Errorf("rows %q, %v; want %q", got, err, want)
	}
}
