package storage_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage"
)

// hostile are values that a path must not take as they are, and what becomes of them.
var hostile = []struct{ value, want string }{
	{"", "OTHER"},
	{".", "OTHER"},
	{"..", "OTHER"},
	{"......", "OTHER"},
	{"/", "_"},
	{"//", "__"},
	{"../../etc/passwd", "_._.._etc_passwd"},
	{"/etc/passwd", "_etc_passwd"},
	{"a/b", "a_b"},
	{`..\..\x`, "_._.._x"},
	{`C:\x`, "C__x"},
	{"C:", "C_"},
	{"a\x00b", "a_b"},
	{"\x00", "_"},
	{"a\nb\tc\rd", "a_b_c_d"},
	{" ", "_"},
	{" a ", "_a_"},
	{"~", "_"},
	{"~root", "_root"},
	{"-rf", "_rf"},
	{"--help", "__help"},
	{"*", "_"},
	{"$HOME", "_HOME"},
	{"`id`", "_id_"},
	{"{ec8030f7}", "_ec8030f7_"},
	{".hidden", "_hidden"},
	{"..a", "_.a"},
	{"a.", "a_"},
	{"a..", "a._"},
	{"a..b", "a..b"},
	{"28.0a1", "28.0a1"},
	{"saved-session", "saved_session"},
	{"CON", "CON_"},
	{"con", "con_"},
	{"nul.txt", "nul_.txt"},
	{"AUX.", "AUX_"},
	{"COM1", "COM1_"},
	{"lpt9.a.b", "lpt9_.a.b"},
	{"COM0", "COM0"},
	{"schema.json", "schema_.json"},
	{"Schema.JSON", "Schema_.JSON"},
	{"schema.json5", "schema.json5"},
	{"CONSOLE", "CONSOLE"},
	{"caf\u00e9", "caf_"},   // one code point
	{"cafe\u0301", "cafe_"}, // two
	{"\u202egpj.exe", "_gpj.exe"},
	{"\ufeffa", "_a"},
	{"\U0001f600", "_"},
	{"\xff\xfe", "__"},
	{"a\xc3", "a_"},
	{strings.Repeat("a", 200), strings.Repeat("a", 200)},
	{strings.Repeat("a", 201), strings.Repeat("a", 183) + "_a92efd82109373e5"},
	{strings.Repeat("é", 200), strings.Repeat("_", 200)},
}

func TestSanitise(t *testing.T) {
	for _, tt := range hostile {
		if got := storage.Sanitise(tt.value); got != tt.want {
			t.Errorf("Sanitise(%q) = %q, want %q", tt.value, got, tt.want)
		}
	}
	a, b := storage.Sanitise(strings.Repeat("a", 299)+"b"), storage.Sanitise(strings.Repeat("a", 299)+"c")
	if a == b {
		t.Errorf("two long values share %q", a)
	}
}

// checkComponent checks that s can be a component of a path anywhere.
func checkComponent(t interface{ Fatalf(string, ...any) }, s string, limit int) {
	if s == "" || len(s) > limit {
		t.Fatalf("%q has %d bytes", s, len(s))
	}
	for _, c := range []byte(s) {
		if c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			t.Fatalf("%q holds %q", s, c)
		}
	}
	if s[0] == '.' || s[len(s)-1] == '.' || path.Clean(s) != s || path.Base(s) != s {
		t.Fatalf("%q is not a component", s)
	}
}

// text is arbitrary text, with more than its share of what is troublesome.
var text = rapid.OneOf(
	rapid.String(),
	rapid.StringMatching(`[./\\a:~-]{0,6}`),
	rapid.StringMatching(`(?i)(con|aux|nul|com1|lpt2)[.a]{0,3}`),
	rapid.StringMatching(`[a.é]{150,300}`),
	rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
)

func TestSanitiseLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := text.Draw(t, "value")
		got := storage.Sanitise(value)
		checkComponent(t, got, 200)
		if again := storage.Sanitise(got); again != got {
			t.Fatalf("Sanitise(%q) = %q, and of that %q", value, got, again)
		}
	})
}

func FuzzSanitise(f *testing.F) {
	for _, h := range hostile {
		f.Add(h.value)
	}
	s := storage.DefaultSchema()
	f.Fuzz(func(t *testing.T, value string) {
		got := storage.Sanitise(value)
		checkComponent(t, got, 200)
		if again := storage.Sanitise(got); again != got {
			t.Fatalf("Sanitise(%q) = %q, and of that %q", value, got, again)
		}
		if n := utf8.RuneCountInString(value); n < 150 && n > 0 && len(got) > n+1 && got != "OTHER" {
			t.Fatalf("Sanitise(%q) = %q: more than a character each", value, got)
		}
		values := []string{value, value, value, value, value, value}
		checkPath(t, s, values)
	})
}

func BenchmarkSanitise(b *testing.B) {
	for _, v := range []string{"saved_session", "saved-session"} {
		b.Run("value="+v, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				storage.Sanitise(v)
			}
		})
	}
}
