package exact_test

import (
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage/exact"
)

func TestDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, places := rapid.Uint64().Draw(t, "m"), rapid.IntRange(0, 19).Draw(t, "places")
		want, err := strconv.ParseFloat(fmt.Sprintf("%de-%d", m, places), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := exact.Decimal(m, places); got != want {
			t.Errorf("Decimal(%d, %d) = %v, want %v", m, places, got, want)
		}
	})
}
