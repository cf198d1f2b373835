package storage_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// TestWalkMembers: a visitor that finds the ends of values sees what Members gives.
func TestWalkMembers(t *testing.T) {
	rec := storage.NewRecord(nil, []byte(`{"o": {"a":[1, 2],"b\u0031" : {"c":"]"} , "d":true}, "p":1}`), storage.Dims{})
	var want, got []string
	for name, v := range rec.Get("o").Members() {
		want = append(want, name+string(v.Raw()))
	}
	walk := func(stop int) {
		got = nil
		rec.Get("o").Walk(func(name string, v storage.Value) (int, bool) {
			if !bytes.HasPrefix(v.Rest(), v.Raw()) {
				t.Errorf("Rest of %s = %s", name, v.Rest())
			}
			got = append(got, name+string(v.Raw()))
			return len(v.Raw()), len(got) < stop
		})
	}
	walk(9)
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) != 3 {
		t.Errorf("Walk = %q, want %q", got, want)
	}
	if walk(2); len(got) != 2 {
		t.Errorf("Walk after the end of interest: %q", got)
	}
	if rec.Err() != nil {
		t.Error(rec.Err())
	}
	for range 2 {
		rec.Get("p").Walk(func(string, storage.Value) (int, bool) {
			t.Error("Walk of a number visits something")
			return 0, false
		})
	}
	// An end that is wrong is no worse than malformed text.
	for _, size := range []int{0, 1, len(`[1, 2],"b`)} {
		rec := storage.NewRecord(nil, []byte(`{"a":[1, 2],"b":2}`), storage.Dims{})
		rec.Get().Walk(func(string, storage.Value) (int, bool) { return size, true })
		if rec.Err() == nil {
			t.Errorf("Walk with values of %d bytes finds nothing malformed", size)
		}
	}
}

// TestBuffer: what was appended stays until the next record, whose buffer is empty.
func TestBuffer(t *testing.T) {
	const records, pieces = 50, 40
	var content []byte
	for i := range records {
		content = fmt.Appendf(content, "%d\t{\"a\":1}\n", i)
	}
	_, file := testTree(t, "", content)
	i := 0
	for rec, err := range file.Records() {
		if err != nil {
			t.Fatal(err)
		}
		v := rec.Get("a")
		if b := v.Buffer(); len(*b) != 0 {
			t.Fatalf("buffer of record %d begins with %q", i, *b)
		}
		var kept [][]byte
		for j := range pieces * i {
			b := v.Buffer()
			start := len(*b)
			*b = fmt.Appendf(*b, "%d/%d", i, j)
			kept = append(kept, (*b)[start:])
		}
		for j, k := range kept {
			if want := fmt.Sprintf("%d/%d", i, j); string(k) != want {
				t.Fatalf("piece is %q, want %q", k, want)
			}
		}
		i++
	}
	if i != records {
		t.Errorf("%d records, want %d", i, records)
	}
	rec := storage.NewRecord(nil, []byte(`{"a":1}`), storage.Dims{})
	for _, v := range []storage.Value{rec.Get("a"), {}} {
		*v.Buffer() = append(*v.Buffer(), 'x')
		if b := v.Buffer(); len(*b) != 0 {
			t.Errorf("without a reader, a second buffer holds %q", *b)
		}
	}
}
