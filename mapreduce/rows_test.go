package mapreduce_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// rowsJob has one group, whose rows are those that write adds.
func rowsJob(columns []string, write func(*mapreduce.Rows)) mapreduce.Executor {
	return mapreduce.Local(mapreduce.Job[string, int]{
		Map: func(_ storage.Record, out *mapreduce.Emitter[string, int]) error {
			out.Emit("the key", 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
		Reduce: func(_ string, _ iter.Seq[int], rows *mapreduce.Rows) error {
			write(rows)
			return nil
		},
		Columns: columns,
	})
}

func columns(n int) []string { return strings.Split("abcdefghijklmnopqrstuvwxyz"[:n], "")[:n] }

type (
	level    int
	shouting string
	hidden   struct{ n int }
	point    struct {
		X, Y float64
		Name string `json:",omitempty"`
	}
	opaque struct{ hidden }
)

func (l *level) MarshalText() ([]byte, error)   { return []byte(strings.Repeat("+", int(*l))), nil }
func (s shouting) MarshalJSON() ([]byte, error) { return json.Marshal(strings.ToUpper(string(s))) }
func (h *hidden) MarshalJSON() ([]byte, error)  { return json.Marshal([]int{h.n}) }
func (h *hidden) MarshalText() ([]byte, error) {
	return []byte("text, of " + string(rune('0'+h.n))), nil
}

func TestCells(t *testing.T) {
	store := culpritStore(t)
	three, four := 3, level(4)
	for _, test := range []struct {
		cell             any
		text, csv, jsonl string // csv is as text if it is empty
	}{
		{nil, "", "", `null`},
		{"", "", "", `""`},
		{"plain", "plain", "", `"plain"`},
		{`say "hi", <Ünï> & \`, `say "hi", <Ünï> & \`, `"say ""hi"", <Ünï> & \"`, `"say \"hi\", <Ünï> & \\"`},
		{[]byte("bytes"), "bytes", "", `"bytes"`},
		{[2]byte{'o', 'k'}, "ok", "", `"ok"`},
		{int8(-5), "-5", "", `-5`},
		{int64(math.MinInt64), "-9223372036854775808", "", `-9223372036854775808`},
		{uint64(math.MaxUint64), "18446744073709551615", "", `18446744073709551615`},
		{true, "true", "", `true`},
		{0.1, "0.1", "", `0.1`},
		{1e-7, "1e-7", "", `1e-7`},
		{-2.5e-10, "-2.5e-10", "", `-2.5e-10`},
		{1e-6, "0.000001", "", `0.000001`},
		{float32(1e-6), "0.000001", "", `0.000001`},
		{1e20, "100000000000000000000", "", `100000000000000000000`},
		{1e21, "1e+21", "", `1e+21`},
		{float32(0.1), "0.1", "", `0.1`},
		{math.Copysign(0, -1), "-0", "", `-0`},
		{&three, "3", "", `3`},
		{(*int)(nil), "", "", `null`},
		{(*level)(nil), "", "", `null`},
		{level(2), "++", "", `"++"`},
		{&four, "++++", "", `"++++"`},
		{shouting("what"), `"WHAT"`, `"""WHAT"""`, `"WHAT"`},
		{hidden{7}, "text, of 7", `"text, of 7"`, `[7]`},
		{opaque{hidden{8}}, "text, of 8", `"text, of 8"`, `[8]`},
		{big.NewInt(1 << 60), "1152921504606846976", "", `1152921504606846976`},
		{json.Number("1.50"), "1.50", "", `1.50`},
		{json.RawMessage(`{"a": "\ufffd"}`), `{"a":"\ufffd"}`, `"{""a"":""\ufffd""}"`, `{"a":"\ufffd"}`},
		{time.Date(2014, 3, 8, 0, 0, 0, 0, time.UTC), "2014-03-08T00:00:00Z", "", `"2014-03-08T00:00:00Z"`},
		{[]float64{1e-7, 2}, "[1e-7,2]", `"[1e-7,2]"`, `[1e-7,2]`},
		{[]level{1, 2}, `["+","++"]`, `"[""+"",""++""]"`, `["+","++"]`},
		{map[string]int{"b<": 2, "a": 1}, `{"a":1,"b<":2}`, `"{""a"":1,""b<"":2}"`, `{"a":1,"b<":2}`},
		{point{1, 2, ""}, `{"X":1,"Y":2}`, `"{""X"":1,""Y"":2}"`, `{"X":1,"Y":2}`},
		{struct{ S string }{"a\ufffdb"}, `{"S":"a` + "\ufffd" + `b"}`, `"{""S"":""a` + "\ufffd" + `b""}"`, `{"S":"a` + "\ufffd" + `b"}`},
		{exactly(0.1, 0.2), "0.30000000000000004", "", `0.30000000000000004`},
	} {
		want := map[mapreduce.Format]string{
			mapreduce.TSV:   "x\t" + test.text + "\n",
			mapreduce.CSV:   "a,b\nx," + test.text + "\n",
			mapreduce.JSONL: `{"a":"x","b":` + test.jsonl + "}\n",
		}
		if test.csv != "" {
			want[mapreduce.CSV] = "a,b\nx," + test.csv + "\n"
		}
		for format, want := range want {
			var out bytes.Buffer
			cfg := mapreduce.Config{Data: store, Stdout: &out, Format: format}
			x := rowsJob(columns(2), func(rows *mapreduce.Rows) { rows.Add("x", test.cell) })
			if _, err := mapreduce.Run(t.Context(), x, cfg); err != nil {
				t.Errorf("%#v as %s: %v", test.cell, format, err)
			} else if out.String() != want {
				t.Errorf("%#v as %s:\n%s\nwant\n%s", test.cell, format, &out, want)
			}
		}
	}
}

func exactly(x, y float64) mapreduce.ExactSum {
	s := mapreduce.Exact(x)
	s.Add(y)
	return s
}

// What a format cannot hold is refused, never changed.
func TestCellsRefused(t *testing.T) {
	store := culpritStore(t)
	type tagged struct {
		M map[string][]any
	}
	all := []mapreduce.Format{mapreduce.TSV, mapreduce.CSV, mapreduce.JSONL}
	for _, test := range []struct {
		cells   []any
		formats []mapreduce.Format // that refuse it
		part    string             // of the message
	}{
		{[]any{"a\tb"}, all[:1], "has a TAB, CR or LF, which a tsv file cannot hold, but csv and jsonl can"},
		{[]any{"a\nb"}, all[:1], "has a TAB, CR or LF"},
		{[]any{"\xff"}, all[2:], "has text that is not UTF-8"},
		{[]any{[]byte("\xff")}, all[2:], "has text that is not UTF-8"},
		{[]any{json.RawMessage("\"\xff\"")}, all[2:], "has text that is not UTF-8"},
		{[]any{math.NaN()}, all[2:], "is NaN, which JSON cannot hold"},
		{[]any{float32(math.Inf(-1))}, all[2:], "is -Inf, which JSON cannot hold"},
		{[]any{[]string{"ok", "\xff"}}, all, "has text that is not UTF-8"},
		{[]any{&tagged{map[string][]any{"a": {1, "\xff"}}}}, all, "has text that is not UTF-8"},
		{[]any{map[string]int{"\xff": 1}}, all, "has text that is not UTF-8"},
		{[]any{[]float64{math.NaN()}}, all, "cannot be written: json: unsupported value: NaN"},
		{[]any{make(chan int)}, all, "cannot be written: json: unsupported type: chan int"},
		{[]any{1, 2}, all, "a row has 2 cells, but there are 1 columns: a"},
		{nil, all, "a row has 0 cells, but there are 1 columns: a"},
	} {
		for _, format := range all {
			var out bytes.Buffer
			cfg := mapreduce.Config{Data: store, Stdout: &out, Format: format}
			x := rowsJob(columns(1), func(rows *mapreduce.Rows) { rows.Add(test.cells...) })
			_, err := mapreduce.Run(t.Context(), x, cfg)
			if !slices.Contains(test.formats, format) {
				if err != nil {
					t.Errorf("%q as %s: %v", test.cells, format, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), `reducing key "the key": `) || !strings.Contains(err.Error(), test.part) || out.Len() > 0 {
				t.Errorf("%q as %s: %v and output %q, want an error with the key and %q", test.cells, format, err, &out, test.part)
			}
		}
	}
}

// TestRowsReadBack: what is written as CSV and JSONL is what readers of these read.
func TestRowsReadBack(t *testing.T) {
	if testing.Short() {
		t.Skip("each of a hundred checks is two runs")
	}
	store := culpritStore(t)
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune{'"', ',', '\n', '\t', ' ', '\\', 'a', 0x2028, 0xfffd, 0x7f})))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[^\x00]+`).Filter(utf8.ValidString), width, width, func(s string) string { return s }).Draw(t, "names")
		rows := rapid.SliceOfN(rapid.SliceOfN(text, width, width), 0, 5).Draw(t, "rows")
		x := rowsJob(names, func(out *mapreduce.Rows) {
			for _, row := range rows {
				cells := make([]any, width)
				for i := range row {
					cells[i] = row[i]
				}
				out.Add(cells...)
			}
		})
		written := func(format mapreduce.Format) *bytes.Buffer {
			var out bytes.Buffer
			if _, err := mapreduce.Run(t.Context(), x, mapreduce.Config{Data: store, Stdout: &out, Format: format, Workers: 1}); err != nil {
				t.Fatal(err)
			}
			return &out
		}
		for i, got := range readCSV(t, written(mapreduce.CSV)) {
			want := names
			if i > 0 {
				want = rows[i-1]
			}
			// The reader makes an LF of a CR LF, also inside quotes.
			if !slices.EqualFunc(got, want, func(g, w string) bool { return g == strings.ReplaceAll(w, "\r\n", "\n") }) {
				t.Fatalf("line %d of CSV is %q, want %q", i, got, want)
			}
		}
		dec := json.NewDecoder(written(mapreduce.JSONL))
		for i := 0; ; i++ {
			var got map[string]string
			if err := dec.Decode(&got); err == io.EOF && i == len(rows) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			for k, name := range names {
				if got[name] != rows[i][k] {
					t.Fatalf("row %d: %q is %q, want %q", i, name, got[name], rows[i][k])
				}
			}
		}
	})
}

// readCSV reads with the standard library, which changes CR LF in quotes to LF: cells have no CR.
func readCSV(t *rapid.T, r io.Reader) [][]string {
	all, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type byOS struct {
	OS, Channel string
	Day         int `mr:"order"`
}

// countedBy has no Reduce: its cells are those of the key and the value.
func countedBy(columns []string) mapreduce.Executor {
	return mapreduce.Local(mapreduce.Job[byOS, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[byOS, int]) error {
			out.Emit(byOS{string(rec.Key), rec.Dims.Get("appUpdateChannel"), 8}, 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
		Columns: columns,
	})
}

func TestColumns(t *testing.T) {
	store := culpritStore(t)
	reduced := func(columns ...string) mapreduce.Executor {
		return rowsJob(columns, func(rows *mapreduce.Rows) { rows.Add(1, 2) })
	}
	for _, test := range []struct {
		name   string
		x      mapreduce.Executor
		format mapreduce.Format
		head   string // the first line
		err    string // or the message of a JobError
	}{
		{"names of the key", countedBy(nil), mapreduce.CSV, "OS,Channel,Day,value", ""},
		{"names of the key", countedBy(nil), mapreduce.JSONL, `{"OS":"bystander","Channel":"nightly","Day":8,"value":1}`, ""},
		{"its own", countedBy([]string{"a,b", "b", "c", "d"}), mapreduce.CSV, `"a,b",b,c,d`, ""},
		{"too few", countedBy([]string{"a"}), mapreduce.TSV, "", "the job names 1 columns, but a row has 4 cells: those of the key, and the value"},
		{"of rows", reduced("x", "y"), mapreduce.CSV, "x,y", ""},
		{"none", reduced(), mapreduce.TSV, "1\t2", ""},
		{"none", reduced(), mapreduce.CSV, "", "the job does not name its columns, and rows in csv have names"},
		{"none", reduced(), mapreduce.JSONL, "", "the job does not name its columns, and rows in jsonl have names"},
		{"twice", reduced("x", "x"), mapreduce.JSONL, "", `the name "x" of a column`},
		{"empty", reduced("x", ""), mapreduce.CSV, "", `the name "" of a column`},
		{"broken", reduced("x", "\xff"), mapreduce.CSV, "", `the name "\xff" of a column`},
	} {
		var out bytes.Buffer
		_, err := mapreduce.Run(t.Context(), test.x, mapreduce.Config{Data: store, Stdout: &out, Format: test.format})
		if job, ok := errors.AsType[*mapreduce.JobError](err); ok != (test.err != "") || ok && (!strings.Contains(job.Msg, test.err) || job.Hint == "") {
			t.Errorf("%s as %s: %#v, want %q", test.name, test.format, err, test.err)
		}
		if head, _, _ := strings.Cut(out.String(), "\n"); head != test.head {
			t.Errorf("%s as %s: first line %q, want %q", test.name, test.format, head, test.head)
		}
	}
}

// The extension of the output says what its format is, unless something else does.
func TestFormatOfOutput(t *testing.T) {
	store := culpritStore(t)
	const tsv, csv, jsonl = "culprit\tnightly\t8\t1\n", "culprit,nightly,8,1\n", `{"OS":"culprit","Channel":"nightly","Day":8,"value":1}` + "\n"
	for _, test := range []struct {
		name   string
		format mapreduce.Format
		want   string
	}{
		{"out", "", tsv},
		{"out.txt", "", tsv},
		{"out.csv", "", csv},
		{"out.CSV.gz", "", csv},
		{"out.jsonl", "", jsonl},
		{"out.jsonl.zst", "", jsonl},
		{"out.ndjson", "", jsonl},
		{"out.json", mapreduce.JSONL, jsonl},
		{"out.csv.txt", "", tsv},
		{"out.csv", mapreduce.TSV, tsv},
		{"out.tsv.gz", mapreduce.JSONL, jsonl},
	} {
		output := filepath.Join(t.TempDir(), test.name)
		if _, err := mapreduce.Run(t.Context(), countedBy(nil), mapreduce.Config{Data: store, Output: output, Format: test.format}); err != nil {
			t.Fatal(err)
		}
		r, err := storage.OpenFile(output)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), test.want) {
			t.Errorf("%s with format %q:\n%s", test.name, test.format, text)
		}
	}
	for _, cfg := range []mapreduce.Config{{Output: "out.xz"}, {Format: "xml"}, {Output: "out.csv.bz2"}, {Output: "out.json"}, {Output: "out.parquet.zst"}} {
		cfg.Data = store
		if cfg.Output != "" {
			cfg.Output = filepath.Join(t.TempDir(), cfg.Output)
		}
		_, err := mapreduce.Run(t.Context(), countedBy(nil), cfg)
		if _, ok := errors.AsType[*mapreduce.ConfigError](err); !ok {
			t.Errorf("output %q, format %q: %v, want a ConfigError", cfg.Output, cfg.Format, err)
		}
	}
}

// The header comes once, and also when there are no rows, however the job is run.
func TestHeader(t *testing.T) {
	store := writeStore(t, linesOfStore())
	for _, job := range []string{"os", "extract"} {
		out, stats := sameEveryWay(t, job, mapreduce.Config{Data: store, Format: mapreduce.CSV})
		if !strings.HasPrefix(out, "key,value\n") || strings.Count(out, "key,value\n") != 1 || stats.Rows == 0 {
			t.Errorf("%s: %d rows in\n%.200s", job, stats.Rows, out)
		}
		out, _ = sameEveryWay(t, job, mapreduce.Config{Data: store, Format: mapreduce.JSONL})
		if first, _, _ := strings.Cut(out, "\n"); !json.Valid([]byte(first)) {
			t.Errorf("%s: first line is %s", job, first)
		}
	}
	output := filepath.Join(t.TempDir(), "out.csv")
	none := mapreduce.Local(mapreduce.Job[string, int]{Map: mapInto(func() {}), Combine: mapreduce.Sum[int]})
	if _, err := mapreduce.Run(t.Context(), none, mapreduce.Config{Data: store, Output: output}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(output); err != nil || string(text) != "key,value\n" {
		t.Errorf("an output without rows is %q (%v)", text, err)
	}
}
