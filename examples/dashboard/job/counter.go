package job

import "strings"

// A Kind is what a counter counts.
type Kind string

// Kinds of counters.
const (
	Pings   Kind = "pings"   // that have a key
	Skipped Kind = "skipped" // records, by reason
	Refused Kind = "refused" // histograms and simple measures, by reason
)

// Counter returns what a counter of the job counts: its name is the day of submission, the kind and the reason.
func Counter(name string) (day string, kind Kind, reason string) {
	day, name, _ = strings.Cut(name, " ")
	k, reason, _ := strings.Cut(name, " ")
	return day, Kind(k), reason
}

// counts counts for a day, if there is one.
type counts struct {
	day string
	out *emitter
}

func (c counts) add(kind Kind, reason string) {
	if c.day == "" {
		return
	}
	name := c.day + " " + string(kind)
	if reason != "" {
		name += " " + reason
	}
	c.out.Count(name, 1)
}
