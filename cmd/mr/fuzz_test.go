package main // the values of its flags, and the words that it shows people

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/mapreduce"
)

// FuzzFlags: the text of a flag has a value, and that value's own text the same, or it is refused.
func FuzzFlags(f *testing.F) {
	for _, text := range []string{"128MiB", "1.5G", "-1", "NaN", "0x1p62", "9e18", "2013-06-01", "20130601", "2013-06-01T12:00:00+02:00", "10", "0.5%", "100.1%", "1e-400%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, s2 size
		if s.Set(text) == nil && (s < 0 || s2.Set(s.String()) != nil || s2>>10 != s>>10) { // beyond 2^53 the last digits are rounded
			t.Errorf("size %q is %d, %d", text, s, s2)
		}
		var m, m2 moment
		if m.Set(text) == nil && (m2.Set(m.String()) != nil || !m2.Equal(m.Time.Truncate(1e9))) {
			t.Errorf("moment %q is %v, %v", text, m, m2)
		}
		if b, err := mapreduce.ParseBudget(text); err == nil && (b.N < 0 || !(b.Percent >= 0 && b.Percent <= 100) || b.Exceeded(0, 10)) {
			t.Errorf("budget %q is %+v", text, b)
		}
	})
}

// FuzzPrintable: nothing that comes from data moves the cursor of a terminal, or begins a line there.
func FuzzPrintable(f *testing.F) {
	for _, text := range []string{"plain", "\x1b[2J", "a\nb\tc\r", "\xff\u202eé\u2028", "\u0085"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one := printable(text)
		if !utf8.ValidString(one) || strings.ContainsFunc(one, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u202e' }) {
			t.Errorf("%q is shown as %q", text, one)
		}
		if lines := printableLines(text); strings.Count(lines, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q is shown as %q", text, lines)
		}
	})
}
