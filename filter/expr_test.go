package filter_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
)

// options are those of a small store, on a Monday in June, an hour before midnight in UTC and past it in Berlin.
var options = filter.Options{
	Dimensions: []filter.Dimension{
		{Name: "reason", Allowed: filter.OneOf("idle-daily", "saved-session", "main")},
		{Name: "appName"},
		{Name: "appVersion", Type: "version"},
		{Name: "submission_date", Type: "date"},
		{Name: "memsize", Type: "number"},
		{Name: "locale", Type: "string"},
	},
	Stores: func(dim, value string) bool {
		return dim != "reason" || slices.Contains([]string{"idle-daily", "saved-session", "main", "saved_session"}, value)
	},
	Now: time.Date(2013, 6, 4, 1, 0, 0, 0, time.FixedZone("CEST", 2*60*60)),
}

func TestParseExpr(t *testing.T) {
	for _, tt := range []struct{ expr, text, json string }{
		{"appName=Firefox", "appName=Firefox", `["Firefox"]`},
		{"appName=*", "appName=*", `"*"`},
		{"appName!=a,b", "appName!=a,b", `{"not":["a","b"]}`},
		{"  appName=a\t\n\r appName!=b  ", "appName=a appName!=b", `{"all":[["a"],{"not":["b"]}]}`},
		{"appName=a appName=*", "appName=a", `["a"]`},
		{"appName=a,b,a", "appName=a,b", `["a","b"]`},
		{"appName=Ä", "appName=Ä", `["Ä"]`},
		{"reason=saved_session,OTHER", "reason=saved_session,OTHER", `["saved_session","OTHER"]`},
		{"appVersion=24..28", "appVersion=24..28", `{"min":"24","max":"28"}`},
		{"appVersion=24..", "appVersion=24..", `{"min":"24"}`},
		{"appVersion!=..28.0a1", "appVersion!=..28.0a1", `{"not":{"max":"28.0a1"}}`},
		{"appVersion=28", "appVersion=28", `{"min":"28","max":"28"}`},
		{"appVersion=22,24..26,OTHER", "appVersion=OTHER,22,24..26", `["OTHER",{"min":"22","max":"22"},{"min":"24","max":"26"}]`},
		{"appVersion=v28,default", "appVersion=v28,default", `["v28","default"]`},
		{"memsize=-7..448.5", "memsize=-7..448.5", `{"min":"-7","max":"448.5"}`},
		{"locale=a..z", "locale=a..z", `{"min":"a","max":"z"}`},
		{"locale=de", "locale=de", `["de"]`},
		{"submission_date=2013-06-01", "submission_date=20130601", `{"min":"20130601","max":"20130601999999"}`},
		{"submission_date=20130601030203", "submission_date=20130601030203", `{"min":"20130601030203","max":"20130601030203"}`},
		{"submission_date=2013060103..201306011530", "submission_date=2013060103..201306011530", `{"min":"2013060103","max":"20130601153099"}`},
		{"submission_date=UNKNOWN", "submission_date=UNKNOWN", `["UNKNOWN"]`},
		{"submission_date=today", "submission_date=20130603", `{"min":"20130603","max":"20130603999999"}`},
		{"submission_date=yesterday", "submission_date=20130602", `{"min":"20130602","max":"20130602999999"}`},
		{"submission_date=-7d..-1d", "submission_date=20130527..20130602", `{"min":"20130527","max":"20130602999999"}`},
		{"submission_date=-0d..", "submission_date=20130603..", `{"min":"20130603"}`},
		{"submission_date!=..-155d", "submission_date!=..20121230", `{"not":{"max":"20121230999999"}}`},
	} {
		f, err := options.ParseExpr(tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		if got := f.String(); got != tt.text {
			t.Errorf("%s: String() = %s, want %s", tt.expr, got, tt.text)
		}
		if got, err := json.Marshal(f[f.Dims()[0]]); err != nil || string(got) != tt.json {
			t.Errorf("%s: got %s, %v, want %s", tt.expr, got, err, tt.json)
		}
		checkJSON(t, f)
	}
}

// Each case is an expression, a line with a caret under the place, and the message.
const exprErrors = `
appName
^no = after "appName"; a term is DIMENSION=VALUE, and blanks separate terms
appName=b, appName=d
          ^no value here; values are separated by one comma, without blanks
appName=
        ^no value here; values are separated by one comma, without blanks
appName!=,a
         ^no value here; values are separated by one comma, without blanks
appName=1 =b
          ^no dimension before =
!=b
^no dimension before !=
appName=b,*
          ^* stands for everything and cannot be one value of several
appName=*,b
        ^* stands for everything and cannot be one value of several
appName!=*
         ^!=* would select nothing
appVersion=28.*
              ^* within a value is not supported; 28 stands for every version 28
appName=Fire*
            ^* within a value is not supported; name the values, or write * alone for everything
appVersion<28
          ^< is not an operator; a range is written MIN..MAX, MIN.. or ..MAX
appVersion>=28
          ^>= is not an operator; a range is written MIN..MAX, MIN.. or ..MAX
appName~Fire
       ^~ is not an operator; a term is DIMENSION=VALUE or DIMENSION!=VALUE
appName!Firefox
       ^! is not an operator; a term is DIMENSION=VALUE or DIMENSION!=VALUE
appName==Firefox
        ^= within a value; blanks separate terms, and one = or != stands between dimension and values
appName=Firefox,appVersion!=28
                          ^!= within a value; blanks separate terms, and one = or != stands between dimension and values
appName=!Firefox
        ^! within a value; blanks separate terms, and one = or != stands between dimension and values
appName="Firefox"
        ^a value cannot contain quotes; each character that is not a letter, digit, _ or . is stored as _
appName=ä,ö,
            ^no value here; values are separated by one comma, without blanks
appName=火狐,ダ,
                ^no value here; values are separated by one comma, without blanks
appName=é,
          ^no value here; values are separated by one comma, without blanks
appName=é🦊,
            ^no value here; values are separated by one comma, without blanks
appName=a channel=b
          ^unknown dimension "channel"
reason=main,saved-sesion
            ^no file of the store can have reason=saved-sesion
reason!=mian
        ^no file of the store can have reason=mian
appName=a..b
         ^dimension appName has no type, and so no ranges
appVersion=..
           ^a range has a bound before or after the dots; * stands for everything
appVersion=24 .. 28
              ^no = after ".."; a term is DIMENSION=VALUE, and blanks separate terms
appVersion=24...28
             ^a range has two dots
appVersion=24..26..28
                 ^a range has two bounds
appVersion=28..24
           ^a range from 28 to 24 holds nothing
appVersion=24..esr
               ^"esr" is not a version
appVersion=_28
           ^"_28" is not a version
memsize=..1e9
          ^"1e9" is not a number
memsize=448.
        ^"448." is not a number
submission_date=20130229
                ^there is no date 20130229
submission_date=2013-06-31..
                ^there is no date 2013-06-31
submission_date=-1d..2013-6-1
                     ^"2013-6-1" is not a date
submission_date=201306
                ^"201306" is not a date
submission_date=2013060124
                ^there is no date 2013060124
submission_date=tody
                ^"tody" is not a date
submission_date=TODAY
                ^"TODAY" is not a date
submission_date=7d..
                ^"7d" is not a date
submission_date=-1d..-7d
                ^a range from -1d to -7d holds nothing
submission_date=-9999999999999d
                ^-9999999999999d is too long ago
submission_date=-999999d
                ^-999999d is too long ago
`

func TestParseExprErrors(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(exprErrors), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		expr := lines[i]
		column, msg, _ := strings.Cut(lines[i+1], "^")
		_, err := options.ParseExpr(expr)
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

func TestParseExprHints(t *testing.T) {
	const dims = "the store has reason, appName, appVersion, submission_date, memsize, locale"
	const reasons = "the schema has idle-daily,saved-session,main; any other value is stored as OTHER"
	const dates = "a date is written 20130601, 2013-06-01 or 20130601030203"
	for _, tt := range []struct{ expr, want string }{
		{"version=28", "did you mean appVersion? " + dims},
		{"appname=Firefox", "did you mean appName? " + dims},
		{"submision_date=today", "did you mean submission_date? " + dims},
		{"app=Firefox", dims},
		{"colour=red", dims},
		{"reason=saved-sesion", "did you mean saved-session? " + reasons},
		{"reason=mian", "did you mean main? " + reasons},
		{"reason=Main", "did you mean main? " + reasons},
		{"reason=ftu", reasons},
		{"appName=a..b", `the "type" of a dimension in the schema says how its values compare: string, number, version or date`},
		{"appVersion=28..24", "the lower bound comes first: 24..28"},
		{"submission_date=yesterdy", "did you mean yesterday? " + dates},
		{"submission_date=7d", "7d before today is -7d"},
		{"submission_date=201306", dates},
		{"submission_date=20130231", dates},
		{"", "without a filter everything is selected"},
	} {
		_, err := options.ParseExpr(tt.expr)
		if wrong, ok := errors.AsType[*filter.SyntaxError](err); !ok || wrong.Hint != tt.want {
			t.Errorf("%s: error %#v, want the hint %q", tt.expr, err, tt.want)
		}
	}
	if _, err := filter.ParseExpr("date=20130601..20130607"); err == nil {
		t.Error("a range without a type is no error")
	}
	nowhen := options
	nowhen.Now = time.Time{}
	if _, err := nowhen.ParseExpr("submission_date=-7d"); err == nil {
		t.Error("a relative date without Now is no error")
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

// TestParseExprLong checks that a mistake in a long expression does not fill the screen.
func TestParseExprLong(t *testing.T) {
	long := strings.Repeat("x", 10000)
	for _, expr := range []string{
		long, long + "=x", "appName=" + long + "=" + long, "appName=" + strings.Repeat("é,", 10000), "reason=" + long, "memsize=1" + long, "memsize=1" + long + "..2",
		"submission_date=" + long, "submission_date=-" + strings.Repeat("9", 10000) + "d", "memsize=" + strings.Repeat("9", 10000) + "..1",
	} {
		_, err := options.ParseExpr(expr)
		wrong, ok := errors.AsType[*filter.SyntaxError](err)
		if !ok || len(err.Error()) > 600 || len(wrong.Hint) > 300 {
			t.Errorf("%.40s...: error %.1000v", expr, err)
		}
	}
}

// expressions makes expressions for options.
func expressions() *rapid.Generator[string] {
	bounds := map[string]*rapid.Generator[string]{
		"appVersion":      rapid.SampledFrom([]string{"9", "10", "24", "24.0", "24.0a1", "24.0.1", "28.0b3", "28"}),
		"submission_date": rapid.SampledFrom([]string{"20130601", "2013-05-31", "20130601030203", "2013060103", "today", "yesterday", "-7d"}),
		"memsize":         rapid.SampledFrom([]string{"-7", "7", "7.5", "448", "007", "7.50"}),
		"locale":          rapid.SampledFrom([]string{"a", "de", "de-AT", "zz", "Ä"}),
		"appName":         rapid.StringMatching(`[A-Za-z0-9_-][A-Za-z0-9_-]{0,3}`),
	}
	return rapid.Custom(func(t *rapid.T) string {
		dim := rapid.SampledFrom(slices.Sorted(maps.Keys(bounds))).Draw(t, "dim")
		var items []string
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			a, b := bounds[dim].Draw(t, "a"), bounds[dim].Draw(t, "b")
			forms := []string{a, "OTHER", a + "..", ".." + b, a + ".." + b}
			if dim == "appName" {
				forms = forms[:2]
			}
			items = append(items, rapid.SampledFrom(forms).Draw(t, "item"))
		}
		return dim + rapid.SampledFrom([]string{"=", "!="}).Draw(t, "op") + strings.Join(items, ",")
	})
}

// TestParseExprLaw checks that terms intersect, that the text of a filter means that filter, and that its JSON does.
func TestParseExprLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := expressions().Draw(t, "a"), expressions().Draw(t, "b")
		f, errA := options.ParseExpr(a)
		g, errB := options.ParseExpr(b)
		both, err := options.ParseExpr(a + " " + b)
		if errA != nil || errB != nil {
			if err == nil || !strings.Contains(err.Error(), "holds nothing") {
				t.Fatalf("%s %s: error %v, want %v or %v", a, b, err, errA, errB)
			}
			t.Skip("a range the wrong way round")
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, want := both.String(), f.Intersect(g).String(); got != want {
			t.Fatalf("%s %s: got %s, want %s", a, b, got, want)
		}
		checkText(t, both)
		checkJSON(t, both)
	})
}

// checkText checks that the text of f is an expression that says what f says.
func checkText(t interface{ Fatalf(string, ...any) }, f filter.Filter) {
	again, err := options.ParseExpr(f.String())
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	a, _ := json.Marshal(f)
	b, _ := json.Marshal(again)
	if again.String() != f.String() || string(a) != string(b) {
		t.Fatalf("%s, %s\nbecame\n%s, %s", f, a, again, b)
	}
}

func FuzzParseExpr(f *testing.F) {
	for line := range strings.SplitSeq(exprErrors, "\n") {
		f.Add(line)
	}
	f.Add("appName=Firefox,Fennec appVersion!=*")
	f.Add("appVersion=22,24..26,OTHER submission_date=-7d..-1d memsize!=..-0.5 locale=a..")
	f.Add("appName=\xff")
	f.Fuzz(func(t *testing.T, expr string) {
		parsed, err := options.ParseExpr(expr)
		if err != nil {
			at, ok := errors.AsType[*filter.SyntaxError](err)
			if !ok || at.Offset < 0 || at.Offset > len(expr) || at.Msg == "" || at.Expr != expr {
				t.Fatalf("ParseExpr(%q): error without a place: %#v", expr, err)
			}
			if n := strings.Count(err.Error(), "\n"); n != 2 || strings.ContainsAny(err.Error(), "\x1b\r\u202e") {
				t.Fatalf("ParseExpr(%q): error %q", expr, err)
			}
			return
		}
		if len(parsed) == 0 {
			t.Fatalf("ParseExpr(%q) selects everything", expr)
		}
		checkText(t, parsed)
		checkJSON(t, parsed)
	})
}
