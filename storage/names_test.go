package storage_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// Names of members are remembered from record to record. Here they are more than are remembered, some begin like others or are
// spelled with escapes, and their order is that of the record before, or another.
func TestNamesOfManyRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var known []string
	for i := range 6000 {
		known = append(known, strings.Repeat("x", i%9)+fmt.Sprint(i), fmt.Sprintf("%d\"\\\n", i))
	}
	known = append(known, "", "x", "xx", "xxx", "é", `\`, `"`)

	var lines strings.Builder
	var want [][]string
	var names []string
	for n := range 4000 {
		if n%3 == 0 {
			names = nil
			for range 1 + random.IntN(12) {
				names = append(names, known[random.IntN(len(known))])
			}
		} else if i := random.IntN(len(names)); n%3 == 1 {
			names[i] = known[len(known)-1-random.IntN(7)]
		}
		want = append(want, slices.Clone(names))
		fmt.Fprintf(&lines, "%d\t{", n)
		for i, name := range names {
			text, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&lines, "%s%s:{%s:%d}", []string{"", ",", " , "}[min(i, 1+n%2)], text, text, i)
		}
		lines.WriteString("}\n")
	}

	_, file := testTree(t, "", []byte(lines.String()))
	n := 0
	for rec, err := range file.Records() {
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		size := rec.Get().Walk(func(name string, member storage.Value) (int, bool) {
			got = append(got, name)
			inner := 0
			size := member.Walk(func(again string, v storage.Value) (int, bool) {
				i, ok := v.Int()
				if again != name || !ok || int(i) != len(got)-1 {
					t.Errorf("record %d: %q in member %d, %q", n, again, len(got)-1, name)
				}
				inner++
				return len(v.Raw()), true
			})
			if inner != 1 || size != len(member.Raw()) {
				t.Errorf("record %d: member %q has %d members and %d bytes", n, name, inner, size)
			}
			return size, true
		})
		if !slices.Equal(got, want[n]) || size != len(rec.Value) || rec.Err() != nil {
			t.Fatalf("record %d: %q of %d bytes, %v, want %q of %d", n, got, size, rec.Err(), want[n], len(rec.Value))
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d records, want %d", n, len(want))
	}
}

// Walk tells the size of what is an object, and of nothing else.
func TestWalkSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{`{}`, 2},
		{`{ }`, 3},
		{`{"a":1}`, 7},
		{`{"a":{"b":[]} }`, 15},
		{`{"a":1}}`, 0},
		{`{}}`, 0},
		{`{"a":1,}`, 0},
		{`{"a":}`, 0},
		{`{"a" 1}`, 0},
		{`{1}`, 0},
	} {
		rec := newRecord(c.text)
		got := rec.Get().Walk(func(_ string, v storage.Value) (int, bool) {
			size := len(v.Raw())
			return size, size > 0
		})
		if got != c.want || (rec.Err() != nil) != (c.want == 0) {
			t.Errorf("%s: %d bytes, %v, want %d", c.text, got, rec.Err(), c.want)
		}
	}
}
