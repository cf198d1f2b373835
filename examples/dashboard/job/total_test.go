package job

import "testing"

// TestLargeSums: numbers that are small in each ping add up to more than 32 bits hold.
func TestLargeSums(t *testing.T) {
	const pings = 1<<15 + 1
	where := place{built: "20131101", pings: 1}
	form, size := appendPlain(where.appendTo(nil), "M", []byte("[131071,0,1,131072,0,0,-1,-1]"))
	if size == 0 {
		t.Fatal("not a plain array")
	}
	sum := newTotal()
	for range pings {
		sum.add(form)
	}
	_, entries, _ := cutPlace(sum.binary())
	e, _, ok := cutEntry(entries)
	if !ok {
		t.Fatal("no entry")
	}
	got := map[int]int64{}
	for b := e.numbers; len(b) > 0; {
		var v number
		v, b = cutNumber(b)
		got[v.i] = v.n
	}
	for i, n := range map[int]int64{0: 131071, 1: 0, 2: 1, 3: 131072} {
		if got[i] != pings*n {
			t.Errorf("element %d is %d, want %d", i, got[i], pings*n)
		}
	}
}
