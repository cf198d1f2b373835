package stats

import "time"

// AddLine adds a line of a converter's file, as Follow does.
func (s *Set) AddLine(text []byte, now time.Time) { s.addLine(text, now) }
