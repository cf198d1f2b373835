package rawlog_test

import (
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// A compressed file is no raw log, and what is wrong with it is said.
func TestCompressed(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abcdef", "compressed with gzip"},
		{"\x28\xb5\x2f\xfd\x04\x00abcdefghijkl", "compressed with zstd"},
		{"\xfd7zXZ\x00\x00\x04abcdefghijkl", "compressed with xz"},
		{"\xfd7zXY\x00\x00\x04abcdefghijkl", "begin"},
		{string(frame(t, rawlog.V1, three[0])) + "\x1f\x8b\x08abc", "no record begins here"},
	} {
		for _, claimed := range []rawlog.Format{0, rawlog.V1, rawlog.V3} {
			got := readAll(strings.NewReader(tt.content), rawlog.Options{Claimed: claimed})
			if len(got.damage) != 1 || !strings.Contains(got.damage[0].Reason, tt.want) {
				t.Errorf("%q, claimed %v: %v, want %q", tt.content, claimed, got.damage, tt.want)
			}
		}
	}
}
