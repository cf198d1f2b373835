package histogram_test

import (
	"bytes"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// TestOverflow: counts beyond int64 are still right.
func TestOverflow(t *testing.T) {
	var sum histogram.Array
	for range 3 {
		histogram.Add(&sum, parse(t, "[9223372036854775807,-9223372036854775807]"))
	}
	if got, want := sum.String(), "[27670116110564327000,-27670116110564327000]"; got != want {
		t.Errorf("sum = %s, want %s", got, want)
	}
	once := sum.Clone()
	histogram.Add(&once, once)
	if got, want := once.String(), "[55340232221128655000,-55340232221128655000]"; got != want {
		t.Errorf("sum with itself = %s, want %s", got, want)
	}
	for range 2 {
		histogram.Add(&sum, parse(t, "[-9223372036854775807,9223372036854775807]"))
	}
	if got, want := sum.String(), "[9223372036854775807,-9223372036854775807]"; got != want {
		t.Errorf("sum = %s, want %s", got, want)
	}
}

// TestSmallOverflow: small counts carry a large one beyond int64, however it came
// about.
func TestSmallOverflow(t *testing.T) {
	large := parse(t, "[9223372036854775800,0,-9223372036854775800]")
	var sum, back histogram.Array
	histogram.Add(&sum, parse(t, "[0,1,0]"))
	histogram.Add(&sum, large)
	if err := back.UnmarshalBinary(binaryOf(t, sum)); err != nil {
		t.Fatal(err)
	}
	for how, a := range map[string]histogram.Array{"sum": sum, "clone": sum.Clone(), "from binary": back} {
		for range 2 {
			histogram.Add(&a, parse(t, "[9,1,-9]"))
		}
		if got, want := a.String(), "[9223372036854776000,3,-9223372036854776000]"; got != want { // rounded
			t.Errorf("%s: %s, want %s", how, got, want)
		}
		histogram.Add(&a, parse(t, "[-18,-3,18]"))
		if got, want := a.String(), large.String(); got != want {
			t.Errorf("%s, and back: %s, want %s", how, got, want)
		}
	}
}

// TestCancel: what floats and integers of an element cancel out is 0.
func TestCancel(t *testing.T) {
	var sum histogram.Array
	for _, text := range []string{"[1,5,0,3]", "[1,-5.5,0,3]", "[1,0.5,0,3]"} {
		histogram.Add(&sum, parse(t, text))
	}
	var plain histogram.Array
	for range 3 {
		histogram.Add(&plain, parse(t, "[1,0,0,3]"))
	}
	if !bytes.Equal(binaryOf(t, sum), binaryOf(t, plain)) || sum.String() != "[3,0,0,9]" {
		t.Errorf("sum = %s, %x, want %s, %x", sum, binaryOf(t, sum), plain, binaryOf(t, plain))
	}
}
