package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
)

// upTo returns the set of the values of a dimension up to a bound, and from it, as a document says it.
func upTo(t interface{ Fatalf(string, ...any) }, dim, bound string) (below, above filter.Set) {
	for key, set := range map[string]*filter.Set{"max": &below, "min": &above} {
		f, err := options.Parse(fmt.Appendf(nil, `{"dimensions": [{"field_name": %q, "allowed_values": {%q: %q}}]}`, dim, key, bound))
		if err != nil {
			t.Fatalf("%s %s: %v", dim, bound, err)
		}
		*set = f[dim]
	}
	return below, above
}

// TestOrder compares the values of each type with each other, and with some that are not of the type.
func TestOrder(t *testing.T) {
	for _, tt := range []struct{ dim, ordered, others string }{
		{
			"appVersion",
			"0.0 1.0pre1 1.0 1.0.0.1 1.0.1 3.6_beta 3.6 9.0 10.0 24.0a1 24.0a2 24_0b3 24.0b10 24.0esr 24.0 24.0.1 24.3.0 28.0 100.0 99999999999999999999999998.0 99999999999999999999999999.0",
			"OTHER UNKNOWN v28 _28 esr 28/0",
		},
		{
			"memsize",
			"-100000000000000000000000001 -100000000000000000000000000 -10 -9.5 -9 -0.5 0 0.25 0_5 7 7.05 7.5 10 9007199254740992 9007199254740993",
			"OTHER UNKNOWN _ - 1e9 0x10 7. .5 1.2.3 Inf NaN",
		},
		{
			"submission_date",
			"20121231 2012123123 20121231235959 20130101 20130102 20131231 20140101000000 20140101000001",
			"OTHER UNKNOWN 2013 2013060 201306010302030 today 2013x06x01",
		},
		{"locale", "A ANY Z a de de-AT de_AT Ä", "OTHER"},
	} {
		ordered := strings.Fields(tt.ordered)
		for i, bound := range ordered {
			below, above := upTo(t, tt.dim, bound)
			for j, v := range ordered {
				if got := below.Contains(v); got != (j <= i) {
					t.Errorf("%s: ..%s holds %s: %v", tt.dim, bound, v, got)
				}
				if got := above.Contains(v); got != (j >= i) {
					t.Errorf("%s: %s.. holds %s: %v", tt.dim, bound, v, got)
				}
			}
			for v := range strings.FieldsSeq(tt.others) {
				if below.Contains(v) || above.Contains(v) {
					t.Errorf("%s: a range with the bound %s holds %s, which is not of the type", tt.dim, bound, v)
				}
			}
		}
	}
}

// TestOrderSame has different spellings of what is the same.
func TestOrderSame(t *testing.T) {
	for _, tt := range []struct{ dim, spellings string }{
		{"appVersion", "1.0 1_0 1.0.0 01.00"},
		{"appVersion", "24.0a1 24_0a1 24.0a01"},
		{"memsize", "7 007 7.0 7_00"},
		{"memsize", "-9.5 _9_5 -9.50"},
		{"memsize", "0 -0 0.0 -00.00"},
		{"submission_date", "20130601 2013-06-01 2013_06_01"},
	} {
		for bound := range strings.FieldsSeq(tt.spellings) {
			if tt.dim == "submission_date" && strings.Contains(bound, "_") {
				continue // a spelling of stores alone
			}
			below, above := upTo(t, tt.dim, bound)
			for v := range strings.FieldsSeq(tt.spellings) {
				if !below.Contains(v) || !above.Contains(v) {
					t.Errorf("%s: %s is not %s", tt.dim, v, bound)
				}
			}
		}
	}
}

// TestWholeVersions checks that a bound of one number stands for everything with that number.
func TestWholeVersions(t *testing.T) {
	for _, tt := range []struct{ expr, in, out string }{
		{"24..28", "24 24.0a1 24.0 24.3.0 27.0 28.0a1 28 28.0 28.0.1 28_9", "23.9 29.0a1 29 240 2.4"},
		{"28", "28 28.0a1 28.0 28.0.1", "27.9 29 2 280"},
		{"..9", "0 1.5 9.9", "10 10.0a1"},
		{"024..", "24.0a1 25", "23"},
		{"28..28.0a1", "28.0a1 28a", "28.0 28"},
		{"24.0..28.0", "24.0 24.0.1 28.0a1 28.0", "24.0a1 28.0.1"},
	} {
		f, err := options.ParseExpr("appVersion=" + tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		for v := range strings.FieldsSeq(tt.in) {
			if !f.Match("appVersion", v) {
				t.Errorf("%s does not hold %s", tt.expr, v)
			}
		}
		for v := range strings.FieldsSeq(tt.out) {
			if f.Match("appVersion", v) {
				t.Errorf("%s holds %s", tt.expr, v)
			}
		}
	}
}

// TestOrderLaw checks for versions and numbers of all kinds that any two compare, and that three are in one order.
func TestOrderLaw(t *testing.T) {
	generators := map[string]*rapid.Generator[string]{
		"appVersion": rapid.StringMatching(`[019]{1,2}([.ab][019]{0,2}){1,3}`),
		"memsize":    rapid.StringMatching(`-?[019]{1,3}(\.[019]{1,2})?`),
	}
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.SampledFrom([]string{"appVersion", "memsize"}).Draw(t, "dim")
		draw := func(name string) (string, filter.Set, filter.Set) {
			v := generators[dim].Draw(t, name)
			below, above := upTo(t, dim, v)
			return v, below, above
		}
		a, _, _ := draw("a")
		b, upToB, fromB := draw("b")
		c, upToC, _ := draw("c")
		if !upToB.Contains(b) || !fromB.Contains(b) {
			t.Fatalf("%s is not itself", b)
		}
		if !upToB.Contains(a) && !fromB.Contains(a) {
			t.Fatalf("%s is neither up to %s nor from there", a, b)
		}
		if upToB.Contains(a) && upToC.Contains(b) && !upToC.Contains(a) {
			t.Fatalf("%s <= %s <= %s, but not %s <= %s", a, b, c, a, c)
		}
	})
}

// TestEmptyRangeLaw checks that a range which is refused as empty holds nothing.
func TestEmptyRangeLaw(t *testing.T) {
	versions := rapid.SampledFrom([]string{"9", "10", "24", "24.0", "24.0a1", "24.0.1", "24a", "28.0b3", "28"})
	rapid.Check(t, func(t *rapid.T) {
		a, b, v := versions.Draw(t, "a"), versions.Draw(t, "b"), versions.Draw(t, "v")
		_, err := options.ParseExpr("appVersion=" + a + ".." + b)
		both, errBoth := options.ParseExpr("appVersion=" + a + ".. appVersion=.." + b)
		if errBoth != nil {
			t.Fatal(errBoth)
		}
		if err != nil && both.Match("appVersion", v) {
			t.Fatalf("%v; it holds %s", err, v)
		}
	})
}
