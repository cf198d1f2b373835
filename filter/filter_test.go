package filter_test

import (
	"slices"
	"testing"

	"github.com/telemetry-mr/mr/filter"
)

func TestMatch(t *testing.T) {
	f := filter.Filter{"app": filter.OneOf("Firefox"), "channel": filter.OneOf(), "version": filter.All()}
	for _, tt := range []struct {
		f          filter.Filter
		dim, value string
		want       bool
	}{
		{nil, "app", "Fennec", true},
		{f, "app", "Firefox", true},
		{f, "app", "Fennec", false},
		{f, "channel", "nightly", false},
		{f, "version", "1", true},
		{f, "date", "20130101", true},
	} {
		if got := tt.f.Match(tt.dim, tt.value); got != tt.want {
			t.Errorf("%v: Match(%q, %q) = %v, want %v", tt.f, tt.dim, tt.value, got, tt.want)
		}
	}
	if got, want := f.Dims(), []string{"app", "channel", "version"}; !slices.Equal(got, want) {
		t.Errorf("Dims() = %q, want %q", got, want)
	}
}

func TestIntersect(t *testing.T) {
	a := filter.Filter{"app": filter.OneOf("Firefox", "Fennec")}
	b := filter.Filter{"app": filter.OneOf("Fennec", "B2G"), "date": filter.OneOf("1")}
	both := a.Intersect(b)
	for _, tt := range []struct {
		dim, value string
		want       bool
	}{
		{"app", "Fennec", true},
		{"app", "Firefox", false},
		{"app", "B2G", false},
		{"date", "1", true},
		{"date", "2", false},
	} {
		if got := both.Match(tt.dim, tt.value); got != tt.want {
			t.Errorf("Match(%q, %q) = %v, want %v", tt.dim, tt.value, got, tt.want)
		}
	}
	if !a.Match("app", "Firefox") || len(a) != 1 || len(b) != 2 {
		t.Errorf("Intersect changed its operands: %v, %v", a, b)
	}
	if got := filter.Filter(nil).Intersect(nil); got != nil {
		t.Errorf("nil.Intersect(nil) = %v, want nil", got)
	}
	if got := filter.Filter(nil).Intersect(a); !got.Match("app", "Fennec") || got.Match("app", "B2G") {
		t.Errorf("nil.Intersect(%v) = %v", a, got)
	}
}
