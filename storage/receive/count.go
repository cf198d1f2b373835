package receive

import (
	"strings"

	"github.com/telemetry-mr/mr/storage/stats"
)

// dimensions are the parts of a path behind the document's id.
var dimensions = []string{"reason", "appName", "appVersion", "appUpdateChannel", "appBuildID"}

// Count returns a function for NewHandler that counts each request in set under its outcome, with the size of its record, and
// a submission that was accepted for each dimension in its path.
func Count(set *stats.Set) func(*Request) {
	return func(r *Request) {
		size := uint64(r.Size)
		set.Add(r.Time, stats.Key{Source: "receive", What: string(r.Outcome)}, 1, size)
		if r.Outcome != Accepted {
			return
		}
		_, rest, more := strings.Cut(r.Path, "/")
		for i := 0; more && i < len(dimensions); i++ {
			var value string
			value, rest, more = strings.Cut(rest, "/")
			set.Add(r.Time, stats.Key{Source: "receive", What: string(Accepted), Dimension: dimensions[i], Value: value}, 1, size)
		}
	}
}
