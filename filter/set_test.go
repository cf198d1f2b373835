package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
)

func TestSetContains(t *testing.T) {
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprint(i))
	}
	list := filter.OneOf("nightly", "aurora", "nightly")
	days := filter.Range("20131101", "20131103", true, true)
	for _, tt := range []struct {
		set  filter.Set
		in   []string
		out  []string
		text string
	}{
		{filter.Set{}, []string{"", "x", "\xff"}, nil, "*"},
		{filter.OneOf(), nil, []string{"", "x"}, "(nothing)"},
		{filter.OneOf(""), []string{""}, []string{"x"}, ""},
		{list, []string{"nightly", "aurora"}, []string{"", "Nightly", "night", "nightly-ux"}, "nightly,aurora"},
		{filter.OneOf(many...), []string{"0", "7", "99"}, []string{"", "100", "07"}, strings.Join(many, ",")},
		{days, []string{"20131101", "20131102x", "20131103"}, []string{"20131100", "201311", "20131103000000", ""}, "20131101..20131103"},
		{filter.Range("9", "", true, false), []string{"9", "9.0", "OTHER"}, []string{"10", "8", ""}, "9.."},
		{filter.Range("ignored", "9", false, true), []string{"", "10", "9"}, []string{"9.0", "OTHER"}, "..9"},
		{filter.Range("b", "a", true, true), nil, []string{"a", "b", ""}, "b..a"},
		{filter.Range("", "x", true, false), []string{"", "x"}, nil, "*"},
		{days.Intersect(filter.OneOf("20131103", "20131104")), []string{"20131103"}, []string{"20131101", "20131104"}, "20131101..20131103 and 20131103,20131104"},
		{days.Intersect(filter.Range("20131102", "20141102", true, true)), []string{"20131102", "20131103"}, []string{"20131101", "20131104"}, "20131101..20131103 and 20131102..20141102"},
	} {
		for _, v := range tt.in {
			if !tt.set.Contains(v) {
				t.Errorf("%v.Contains(%q) = false, want true", tt.set, v)
			}
		}
		for _, v := range tt.out {
			if tt.set.Contains(v) {
				t.Errorf("%v.Contains(%q) = true, want false", tt.set, v)
			}
		}
		if got, want := tt.set.IsEmpty(), len(tt.in) == 0; got != want {
			t.Errorf("%v.IsEmpty() = %v, want %v", tt.set, got, want)
		}
		if got, want := tt.set.IsAll(), len(tt.out) == 0; got != want {
			t.Errorf("%v.IsAll() = %v, want %v", tt.set, got, want)
		}
		if got := tt.set.String(); got != tt.text {
			t.Errorf("String() = %q, want %q", got, tt.text)
		}
	}
}

func TestSetJSON(t *testing.T) {
	for _, tt := range []struct{ in, out string }{
		{`"*"`, `"*"`},
		{` [ ] `, `[]`},
		{`"x"`, `["x"]`},
		{`["b","a","b"]`, `["b","a"]`},
		{`["<&>"]`, `["<&>"]`},
		{`{}`, `"*"`},
		{`{"max":"b","min":"a"}`, `{"min":"a","max":"b"}`},
		{`{"max":""}`, `{"max":""}`},
		{`{"min":""}`, `"*"`},
	} {
		var s filter.Set
		if err := s.UnmarshalJSON([]byte(tt.in)); err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if got, err := s.MarshalJSON(); err != nil || string(got) != tt.out {
			t.Errorf("%s: MarshalJSON() = %s, %v, want %s", tt.in, got, err, tt.out)
		}
	}
	for _, s := range []filter.Set{filter.OneOf("*"), filter.OneOf("a", "*"), filter.OneOf("\xff"), filter.Range("", "\xff", false, true)} {
		if got, err := s.MarshalJSON(); err == nil {
			t.Errorf("MarshalJSON(%q) = %s, want an error", s.String(), got)
		}
	}
}

// values are few, so that sets have something in common.
var values = rapid.SampledFrom([]string{"", "a", "B", "b", "b-c", "b_c", "b.c", "c", "10", "9", "ä", "\U0001f600"})

func sets() *rapid.Generator[filter.Set] {
	return rapid.Custom(func(t *rapid.T) filter.Set {
		s := filter.All()
		for range rapid.IntRange(0, 3).Draw(t, "terms") {
			if rapid.Bool().Draw(t, "list") {
				s = s.Intersect(filter.OneOf(rapid.SliceOfN(values, 0, 20).Draw(t, "values")...))
			} else {
				s = s.Intersect(filter.Range(values.Draw(t, "min"), values.Draw(t, "max"), rapid.Bool().Draw(t, "hasMin"), rapid.Bool().Draw(t, "hasMax")))
			}
		}
		return s
	})
}

// TestSetLaws checks Intersect, IsEmpty and the JSON form against Contains.
func TestSetLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		both := a.Intersect(b)
		text, err := json.Marshal(both)
		if err != nil {
			t.Fatal(err)
		}
		var again filter.Set
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		v := values.Draw(t, "v")
		want := a.Contains(v) && b.Contains(v)
		if got := both.Contains(v); got != want {
			t.Fatalf("%v and %v: Contains(%q) = %v, want %v", a, b, v, got, want)
		}
		if got := again.Contains(v); got != want {
			t.Fatalf("%v after JSON %s: Contains(%q) = %v, want %v", both, text, v, got, want)
		}
		if want && both.IsEmpty() {
			t.Fatalf("%v is empty, but contains %q", both, v)
		}
		if !want && both.IsAll() {
			t.Fatalf("%v is all, but does not contain %q", both, v)
		}
	})
}

// TestSetMap checks that mapping and intersecting commute, and that a list holds what its values become.
func TestSetMap(t *testing.T) {
	clean := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		v := values.Draw(t, "v")
		got, want := a.Intersect(b).Map(clean), a.Map(clean).Intersect(b.Map(clean))
		if got.Contains(v) != want.Contains(v) {
			t.Fatalf("%v, %v: Contains(%q) = %v, want %v", a, b, v, got.Contains(v), want.Contains(v))
		}
		list := rapid.SliceOf(values).Draw(t, "list")
		mapped := filter.OneOf(list...).Map(clean)
		if got, want := mapped.Contains(v), slices.ContainsFunc(list, func(e string) bool { return clean(e) == v }); got != want {
			t.Fatalf("%q: Map: Contains(%q) = %v, want %v", list, v, got, want)
		}
	})
	// An intersection remembers its parts: these lists have something in common only once they are mapped.
	s := filter.OneOf("saved-session").Intersect(filter.OneOf("saved_session"))
	if !s.IsEmpty() || !s.Map(clean).Contains("saved_session") {
		t.Errorf("%v mapped is %v", s, s.Map(clean))
	}
}

// TestSetValues checks what a set names one by one.
func TestSetValues(t *testing.T) {
	for _, tt := range []struct{ expr, names, stored, want string }{
		{"appName=a,b appName!=c", "a b c", "a c x", "a c"},
		{"appName=*", "", "a", ""},
		{"appVersion=22,OTHER,24..26", "OTHER 22", "22.0.1 24.0", "22"},
		{"appVersion!=28", "28", "28.0", "28"},
		{"submission_date=20130601,-1d..", "20130601", "20130601030203", "20130601"},
		{"submission_date=yesterday", "20130602", "20130602", "20130602"},
		{"memsize=..7,8.50", "8.50", "8.5 7", "8.50"},
		{"locale=a..a,b", "b", "b", "b"},
	} {
		f, err := options.ParseExpr(tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		var names, met []string
		for _, v := range f[f.Dims()[0]].Values() {
			names = append(names, v.String())
			if slices.ContainsFunc(strings.Fields(tt.stored), v.Contains) {
				met = append(met, v.String())
			}
		}
		if got := strings.Join(names, " "); got != tt.names {
			t.Errorf("%s: names %s, want %s", tt.expr, got, tt.names)
		}
		if got := strings.Join(met, " "); got != tt.want {
			t.Errorf("%s: met %s, want %s", tt.expr, got, tt.want)
		}
	}
}

func BenchmarkContains(b *testing.B) {
	for _, tt := range []struct{ expr, value string }{
		{"appName=release,beta,nightly,aurora", "aurora"},
		{"appVersion=24..28", "28.0a1"},
		{"submission_date=-7d..-1d", "20130601"},
		{"memsize=448..512", "500"},
	} {
		b.Run("filter="+tt.expr, func(b *testing.B) {
			f, err := options.ParseExpr(tt.expr)
			if err != nil {
				b.Fatal(err)
			}
			set := f[f.Dims()[0]]
			for b.Loop() {
				if !set.Contains(tt.value) {
					b.Fatal(tt.value)
				}
			}
		})
	}
}
