package worker // what is kept of a worker's words is seen from outside only when the worker is lost

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestPrintsPassesLines(t *testing.T) {
	long := strings.Repeat("y", 200_000)
	for _, text := range []string{"", "a\n", "a\nb", "\n\n", long, "a\n" + long + "\nb\n"} {
		for name, r := range map[string]io.Reader{
			"whole":  strings.NewReader(text),
			"halves": iotest.HalfReader(strings.NewReader(text)),
			"bytes":  iotest.OneByteReader(strings.NewReader(text)),
		} {
			want := text
			if want != "" && !strings.HasSuffix(want, "\n") {
				want += "\n"
			}
			var out lineWriter
			p := prints{out: &out}
			p.drain(r)
			if got := out.String(); got != want {
				t.Errorf("%s: %d bytes %.20q passed on, want %d bytes", name, len(got), got, len(want))
			}
			if out.pieces > 0 && !strings.Contains(text, long) {
				t.Errorf("%s: %d writes of %.20q were no whole lines", name, out.pieces, text)
			}
		}
	}
}

// A lineWriter counts the writes that do not end a line.
type lineWriter struct {
	bytes.Buffer
	pieces int
}

func (w *lineWriter) Write(b []byte) (int, error) {
	if !bytes.HasSuffix(b, []byte("\n")) {
		w.pieces++
	}
	return w.Buffer.Write(b)
}

func TestPrintsSurvivesAFailingWriter(t *testing.T) {
	p := prints{out: failingWriter{}}
	p.drain(strings.NewReader("a\nb\n"))
	if got := p.excerpt(); got != "a\nb" {
		t.Errorf("excerpt = %q, want all of it", got)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestExcerpt(t *testing.T) {
	lines := strings.Repeat("line\n", 100)
	trace := "panic: oh\n\ngoroutine 1 [running]:\n" + strings.Repeat("main.f()\n", 2000)
	for _, c := range []struct {
		name, text, want string
		fatal            bool
	}{
		{"nothing", "", "", false},
		{"short", "a\nb\n\n", "a\nb", false},
		{"the last lines", lines, strings.TrimSuffix(strings.Repeat("line\n", excerptLines), "\n"), false},
		{"a panic", lines + "panic: oh\n\ngoroutine 1:\n", "panic: oh\n\ngoroutine 1:", false},
		{"a panic alone", "panic: oh\n", "panic: oh", false},
		{"a panic in a word", "no panic: oh\n", "no panic: oh", false},
		{"a long trace", lines + trace, trace[:excerptBytes], false},
		{"the runtime", lines + "fatal error: out of memory\nstack\n", "fatal error: out of memory\nstack", true},
		{"much", strings.Repeat("x", 10*tailBytes) + "\nend\n", strings.Repeat("x", excerptBytes-4) + "\nend", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p prints
			p.drain(strings.NewReader(c.text))
			if got := p.excerpt(); got != c.want {
				t.Errorf("excerpt = %d bytes %.80q, want %d bytes %.80q", len(got), got, len(c.want), c.want)
			}
			if got := p.fatal(); got != c.fatal {
				t.Errorf("fatal = %v, want %v", got, c.fatal)
			}
			if len(p.tail) > 2*tailBytes {
				t.Errorf("keeps %d bytes", len(p.tail))
			}
		})
	}
}
