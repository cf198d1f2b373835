package histogram_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// checkForms checks that an array from text and the same from its binary form are
// alike.
func checkForms(t *testing.T, a histogram.Array) {
	t.Helper()
	var b, fromText, fromBinary histogram.Array
	if err := b.UnmarshalBinary(binaryOf(t, a)); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() || a.N() != 1 || b.N() != 1 || a.Len() != b.Len() || a.Shape() != b.Shape() {
		t.Fatalf("%s, %+v, but from its binary form %s, %+v", a, a.Shape(), b, b.Shape())
	}
	if x, y := elementsOf(a), elementsOf(b); !slices.Equal(x, y) || len(x) != a.Len() {
		t.Fatalf("%s has the elements %v, but from its binary form %v", a, x, y)
	}
	for i, x := range a.Elements() { // some of them
		if x != a.At(i) {
			t.Fatalf("element %d of %s is %v, but at its place %v", i, a, x, a.At(i))
		}
		if i == 3 {
			break
		}
	}
	for range 2 {
		histogram.Add(&fromText, a)
		histogram.Add(&fromBinary, b)
	}
	if x, y := binaryOf(t, fromText), binaryOf(t, fromBinary); !bytes.Equal(x, y) {
		t.Fatalf("twice %s is %x, but from its binary form %x", a, x, y)
	}
}

func elementsOf(a histogram.Array) []float64 {
	var all []float64
	for i, x := range a.Elements() {
		if i == len(all) {
			all = append(all, x)
		}
	}
	return all
}

// Arrays of so many elements that their indexes need more bits.
func TestLongArrays(t *testing.T) {
	for _, n := range []int{32_000, 32_767, 32_768, 32_769, 70_000} {
		for _, element := range []string{"0,", "7,", "0, ", "70000,", "1.5,"} {
			text := "[" + strings.Repeat(element, n-1) + "-1]"
			a := parse(t, text)
			if want := strings.ReplaceAll(text, " ", ""); a.Len() != n || a.String() != want {
				t.Errorf("%d times %q: %d elements, or others", n, element, a.Len())
			}
			checkForms(t, a)
		}
	}
}
