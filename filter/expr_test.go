package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
)

func TestParseExpr(t *testing.T) {
	for _, tt := range []struct{ expr, want string }{
		{"app=Firefox", `{"app":["Firefox"]}`},
		{"app=Firefox,Fennec channel=nightly", `{"app":["Firefox","Fennec"],"channel":["nightly"]}`},
		{"  app=a\t\n\r channel=b  ", `{"app":["a"],"channel":["b"]}`},
		{"app=*", `{"app":"*"}`},
		{"app=a,b app=b,c", `{"app":["b"]}`},
		{"app=a app=b", `{"app":[]}`},
		{"app=a app=*", `{"app":["a"]}`},
		{"version=28.0a1 reason=saved-session name=Ä", `{"name":["Ä"],"reason":["saved-session"],"version":["28.0a1"]}`},
	} {
		f, err := filter.ParseExpr(tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		if got, err := json.Marshal(f); err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.expr, got, err, tt.want)
		}
	}
}

// Each case is an expression, a line with a caret under the place, and the message.
const exprErrors = `
app
^no = after "app"; a term is DIMENSION=VALUE, and blanks separate terms
a=b, c=d
    ^no value here; values are separated by one comma, without blanks
app=
    ^no value here; values are separated by one comma, without blanks
app=,a
    ^no value here; values are separated by one comma, without blanks
a=1 =b
    ^no dimension before =
a=b,*
    ^* stands for everything and cannot be one value of several
a=*,b
  ^* stands for everything and cannot be one value of several
version=28.*
           ^* within a value is not supported; name the values, or write * alone for everything
app=Firefox date=20130101..20130103
                         ^ranges (..) are not supported in an expression; a JSON filter has min and max
app!=Firefox
   ^!= is not supported; a term is DIMENSION=VALUE
version<28
       ^< is not supported; a term is DIMENSION=VALUE
version>=28
       ^>= is not supported; a term is DIMENSION=VALUE
app~Fire
   ^~ is not supported; a term is DIMENSION=VALUE
app==Firefox
    ^= within a value; blanks separate terms, and one = stands between dimension and values
app=Firefox,channel=nightly
                   ^= within a value; blanks separate terms, and one = stands between dimension and values
app=!Firefox
    ^! within a value; blanks separate terms, and one = stands between dimension and values
app="Firefox"
    ^a value cannot contain quotes; each character that is not a letter, digit, _ or . is stored as _
näme=ä,ö,
         ^no value here; values are separated by one comma, without blanks
`

func TestParseExprErrors(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(exprErrors), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		expr := lines[i]
		column, msg, _ := strings.Cut(lines[i+1], "^")
		_, err := filter.ParseExpr(expr)
		if _, ok := errors.AsType[*filter.SyntaxError](err); !ok {
			t.Errorf("%s: error %T, want *SyntaxError", expr, err)
			continue
		}
		want := msg + "\n  " + expr + "\n  " + column + "^"
		if got := err.Error(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestParseExprEmpty(t *testing.T) {
	for _, expr := range []string{"", "  \t"} {
		if f, err := filter.ParseExpr(expr); err == nil {
			t.Errorf("ParseExpr(%q) = %v, want an error", expr, f)
		}
	}
	_, err := filter.ParseExpr("a=b\tc\nd")
	if want := "no = after \"c\"; a term is DIMENSION=VALUE, and blanks separate terms\n  a=b c d\n      ^"; err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestParseExprLaw checks that an expression means the filter that it was written from.
func TestParseExprLaw(t *testing.T) {
	word := rapid.StringMatching(`[A-Za-z0-9_-][A-Za-z0-9_-]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		want := filter.Filter{}
		var expr strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "terms") {
			dim, list := word.Draw(t, "dim"), rapid.SliceOfN(word, 1, 4).Draw(t, "values")
			expr.WriteString(dim + "=" + strings.Join(list, ",") + " ")
			want = want.Intersect(filter.Filter{dim: filter.OneOf(list...)})
		}
		got, err := filter.ParseExpr(expr.String())
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Fatalf("%s: got %s, want %s", expr.String(), a, b)
		}
	})
}

func FuzzParseExpr(f *testing.F) {
	for line := range strings.SplitSeq(exprErrors, "\n") {
		f.Add(line)
	}
	f.Add("app=Firefox,Fennec channel=*")
	f.Add("a=\xff")
	f.Fuzz(func(t *testing.T, expr string) {
		parsed, err := filter.ParseExpr(expr)
		if err != nil {
			at, ok := errors.AsType[*filter.SyntaxError](err)
			if !ok || at.Offset < 0 || at.Offset > len(expr) || at.Msg == "" || at.Expr != expr {
				t.Fatalf("ParseExpr(%q): error without a place: %#v", expr, err)
			}
			if n := strings.Count(err.Error(), "\n"); utf8.ValidString(expr) && n != 2 {
				t.Fatalf("ParseExpr(%q): %d line feeds in %q", expr, n, err)
			}
			return
		}
		if len(parsed) == 0 {
			t.Fatalf("ParseExpr(%q) selects everything", expr)
		}
		for dim := range parsed {
			if dim == "" || strings.ContainsAny(dim, " =<>!~") {
				t.Fatalf("ParseExpr(%q): dimension %q", expr, dim)
			}
		}
	})
}
