package digits_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/telemetry-mr/mr/storage/digits"
)

// TestAppend: numbers of any size at any place are those that strconv reads, whatever comes before and behind them.
func TestAppend(t *testing.T) {
	const all = "9081726354091827364"
	for size := range len(all) + 1 {
		for _, behind := range []string{"", ",", ".5]", "/0000000", ":11111111", "\xff\xb0\xb9\x00,,,,"} {
			text := []byte("7," + all[:size] + behind)
			want := uint64(0)
			if size > 0 {
				var err error
				if want, err = strconv.ParseUint(all[:size], 10, 64); err != nil {
					t.Fatal(err)
				}
			}
			if got, end := digits.Append(text, 2, 0); got != want || end != 2+size {
				t.Errorf("%q: %d, ends at %d; want %d, %d", text, got, end, want, 2+size)
			}
			if size > 9 {
				m, _ := strconv.ParseUint(all[:size-9], 10, 64)
				if got, _ := digits.Append(text, 2+size-9, m); got != want {
					t.Errorf("%q behind %d: %d, want %d", text, m, got, want)
				}
			}
		}
	}
}

// TestIn: each byte that is no digit ends the digits.
func TestIn(t *testing.T) {
	for place := range 8 {
		for c := range 256 {
			text := []byte("01234567")
			text[place] = byte(c)
			want := 8
			if c < '0' || c > '9' {
				want = place
			}
			if got := digits.In(digits.Word(text, 0)); got != want {
				t.Errorf("%q: %d digits, want %d", text, got, want)
			}
		}
	}
}

// TestIsFour: it takes digits where they are to be, and commas, and nothing else.
func TestIsFour(t *testing.T) {
	if got := digits.Word([]byte("0,0,0,0,"), 0); got != digits.FourZeros {
		t.Errorf("FourZeros is %#x, want %#x", uint64(digits.FourZeros), got)
	}
	for place := range 8 {
		for c := range 256 {
			text := []byte("9,0,5,1,")
			text[place] = byte(c)
			want := c == ','
			if place%2 == 0 {
				want = c >= '0' && c <= '9'
			}
			if got := digits.IsFour(digits.Word(text, 0)); got != want {
				t.Errorf("%q: %v", text, got)
			}
		}
	}
}

func ExampleAppend() {
	whole, point := digits.Append([]byte("12.375,"), 0, 0)
	all, end := digits.Append([]byte("12.375,"), point+len("."), whole)
	fmt.Println(all, end-point-len("."))
	// Output: 12375 3
}
