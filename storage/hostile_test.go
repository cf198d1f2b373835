package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// TestOddContent reads what a program should not have written, in a file and as a JSON value.
func TestOddContent(t *testing.T) {
	const brackets = 100_000
	deep := strings.Repeat("[", brackets)
	for _, tt := range []struct {
		what    string
		content string
		items   []string // records as KEY=VALUE, bad lines as !LINE@OFFSET REASON
		a       string   // what Get("a") of the first record is
		reason  string   // what is then found malformed
	}{
		{"nothing", "", nil, "", ""},
		{"no end of the last line", "k\t{\"a\":1}", []string{`k={"a":1}`}, "1", ""},
		{"CR LF", "k\t{\"a\":1}\r\n\r\n", []string{`k={"a":1}`, "!2@11 empty line"}, "1", ""},
		{"NUL in key and value", "k\x00\t{\"a\":\x00}\n", []string{"k\x00={\"a\":\x00}"}, "", "object member without a value"},
		{"NUL in a string", "k\t{\"a\":\"\x00\"}\n", []string{"k={\"a\":\"\x00\"}"}, "\"\x00\"", ""},
		{"byte order mark", "\ufeffk\t{\"a\":1}\n", []string{"\ufeffk={\"a\":1}"}, "1", ""},
		{"byte order mark before the value", "k\t\ufeff{\"a\":1}\n", []string{"k=\ufeff{\"a\":1}"}, "", "value is not a JSON object"},
		{"no UTF-8", "\xff\t{\"a\":\"\xff\"}\n", []string{"\xff={\"a\":\"\xff\"}"}, "\"\xff\"", ""},
		{"UTF-16", "k\x00\t\x00{\x00}\x00\n\x00", []string{"k\x00=\x00{\x00}\x00", "!2@9 no TAB between key and value"}, "", "value is not a JSON object"},
		{"a key twice", "k\t{\"a\":1,\"a\":2}\n", []string{`k={"a":1,"a":2}`}, "1", ""},
		{"number out of range", "k\t{\"a\":1e400}\n", []string{`k={"a":1e400}`}, "1e400", ""},
		{"brackets that close", "k\t{\"a\":" + deep + strings.Repeat("]", brackets) + "}\n", nil, deep + strings.Repeat("]", brackets), ""},
		{"brackets that do not", "k\t{\"a\":" + deep + "}\n", nil, "", "malformed value"},
		{"TABs alone", "\t\n\t\t\n", []string{"=", "=\t"}, "", "value is not a JSON object"},
	} {
		_, file := testTree(t, "", []byte(tt.content))
		items, _, err := read(file, storage.ReadOptions{})
		if err != nil || tt.items != nil && !slices.Equal(items, tt.items) {
			t.Errorf("%s: %.200q, %v, want %.200q", tt.what, items, err, tt.items)
		}
		for rec, err := range file.Records() {
			if err != nil {
				t.Errorf("%s: %v", tt.what, err)
				break
			}
			a, reason := string(rec.Get("a").Raw()), ""
			if bad, ok := errors.AsType[*storage.SyntaxError](rec.Err()); ok {
				reason = bad.Reason
			}
			if a != tt.a || reason != tt.reason {
				t.Errorf("%s: Get = %.50q, %q, want %.50q, %q", tt.what, a, reason, tt.a, tt.reason)
			}
			break
		}
	}
}

// TestChanged has other programs at work on a file that is being read.
func TestChanged(t *testing.T) {
	content := pings(700 << 10) // more than is read at once
	appendTo := func(name string) error {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("k\t{}\n")
		return errors.Join(err, f.Close())
	}
	halve := func(name string) error {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		return os.Truncate(name, info.Size()/2)
	}
	rewrite := func(name string) error {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text[len(text)-1] ^= 1
		return errors.Join(os.WriteFile(name, text, 0o666), os.Chtimes(name, time.Time{}, time.Unix(1e9, 0)))
	}
	replace := func(name string) error {
		return errors.Join(os.WriteFile(name+".new", []byte("k\t{}\n"), 0o666), os.Rename(name+".new", name))
	}
	for _, ext := range []string{"", ".zst", ".gz"} {
		for _, tt := range []struct {
			what    string
			change  func(name string) error
			changed bool
		}{
			{"grows", appendTo, true},
			{"shrinks", halve, true},
			{"is written over", rewrite, true},
			{"is replaced", replace, false}, // the reader has the one that was there
			{"vanishes", os.Remove, false},
		} {
			tree, file := testTree(t, ext, pack(t, ext, content))
			n, last := 0, error(nil)
			for _, err := range file.Records() {
				if n++; n == 1 {
					if err := tt.change(filepath.Join(tree.Dir(), file.Path)); err != nil {
						t.Fatal(err)
					}
				}
				last = err
			}
			if tt.changed != errors.Is(last, storage.ErrChanged) || !tt.changed && last != nil {
				t.Errorf("a file%s that %s: %v after %d records", ext, tt.what, last, n)
			}
			if tt.changed && !strings.Contains(last.Error(), file.Path) {
				t.Errorf("%v does not name the file", last)
			}
		}
	}
}

// isIrregular reports whether err is that of opening what is neither a file nor a directory, or the wrong of these.
func isIrregular(err error) bool {
	p, ok := errors.AsType[*fs.PathError](err)
	return ok && p.Op == "open" && strings.HasSuffix(err.Error(), "not a regular file")
}
