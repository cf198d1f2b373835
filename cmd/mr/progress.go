package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
)

// A progressLine is the last line of a terminal while a run is under way. The cursor rests at its beginning, so that the line
// can be drawn anew, or erased, wherever a change of the window's width has broken it.
type progressLine struct {
	file *os.File

	mu      sync.Mutex // guards what follows
	shown   string     // what is there; "" is nothing
	columns int        // of the terminal, then
	over    bool       // nothing is drawn any more
}

// newProgressLine returns nil if w is no terminal, or one that has no cursor to be moved.
func newProgressLine(w io.Writer) *progressLine {
	if term := os.Getenv("TERM"); term == "" || term == "dumb" || !isTerminal(w) {
		return nil
	}
	return &progressLine{file: w.(*os.File)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if ok {
		_, ok = terminalSize(f)
	}
	return ok
}

const (
	eraseBelow = "\x1b[J" // from the cursor to the end of the screen
	toStart    = "\r"
)

// draw shows how far a run is.
func (l *progressLine) draw(p mapreduce.Progress) {
	columns, ok := terminalSize(l.file)
	if !ok || p.Phase == "" || !inForeground(l.file) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	text := progressText(p, columns-1)
	if l.over || text == l.shown && columns == l.columns {
		return
	}
	// A terminal that cannot be written to shows nothing; that is no reason to end the run.
	_, _ = io.WriteString(l.file, text+eraseBelow+toStart)
	l.shown, l.columns = text, columns
}

// end erases the line for good.
func (l *progressLine) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	l.over = true
}

func (l *progressLine) erase() {
	if l.shown != "" {
		_, _ = io.WriteString(l.file, eraseBelow) // see draw
		l.shown = ""
	}
}

// above returns a writer of lines to w that the progress line makes room for.
func (l *progressLine) above(w io.Writer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.erase()
		return w.Write(p)
	})
}

// instead returns a writer to w, in place of which there is no progress line any more: w may be the same terminal, by
// whatever way.
func (l *progressLine) instead(w io.Writer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		l.end()
		return w.Write(p)
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// progressText is at most so many columns wide: what matters less goes first.
func progressText(p mapreduce.Progress, columns int) string {
	part := 0.0
	if p.Total > 0 {
		part = min(float64(p.Done)/float64(p.Total), 1)
	}
	line := fmt.Sprintf("%-7s", p.Phase)
	if width := min(columns/5, 30); width >= 6 {
		full := int(part * float64(width))
		line += "[" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "]"
	}
	line += fmt.Sprintf("%4.0f%%", math.Floor(100*part))
	room := columns - len(line)
	for _, f := range figures(p, part) {
		if need := len(f) + 2; need <= room {
			line, room = line+"  "+f, room-need
		}
	}
	return line[:max(0, min(len(line), columns))]
}

// figures are what there is to say of a phase, first what matters most.
func figures(p mapreduce.Progress, part float64) []string {
	var all []string
	switch p.Phase {
	case mapreduce.ReducePhase:
		all = []string{grouped(p.Done) + " of " + counted(p.Total, "pair", "pairs"), perSecond(p.Done, p.Elapsed) + " pairs/s"}
	default:
		all = []string{bytesText(p.Done) + " of " + bytesText(p.Total)}
	}
	if left := timeLeft(part, p.Elapsed); left != "" {
		all = append(all, left)
	}
	if p.Phase == mapreduce.MapPhase {
		all = append(all, perSecond(p.Records, p.Elapsed)+" records/s",
			grouped(int64(p.Files))+" of "+counted(int64(p.TotalFiles), "file", "files"))
	}
	return all
}

// timeLeft is empty as long as there is nothing to tell it from.
func timeLeft(part float64, elapsed time.Duration) string {
	if elapsed < time.Second || part <= 0 || part >= 1 {
		return ""
	}
	left := elapsed.Seconds() / part * (1 - part)
	if left > (1000 * time.Hour).Seconds() {
		return ""
	}
	d := time.Duration(math.Ceil(left)) * time.Second
	if d < 100*time.Second {
		return fmt.Sprintf("%.0fs left", d.Seconds())
	}
	return durationText(d) + " left"
}

func perSecond(n int64, elapsed time.Duration) string {
	return grouped(int64(float64(n) / max(elapsed.Seconds(), 0.1)))
}
