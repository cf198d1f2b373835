package stats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Limits of a converter's file: only its end is read, and a longer line is passed over.
const (
	maxTail = 16 << 20
	maxLine = 1 << 20
)

// Follow adds the lines of a converter's file, those that are there and those that come, until ctx is done. It looks for them
// every second. The file need not exist yet, and may be renamed or cut. What is no line of statistics is passed over.
func Follow(ctx context.Context, set *Set, name string) {
	f := follower{set: set, name: name}
	defer f.close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		f.poll()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// A follower reads a file that grows.
type follower struct {
	set  *Set
	name string
	file *os.File
	at   int64 // how far it was read
	line []byte
}

func (f *follower) close() {
	if f.file != nil {
		_ = f.file.Close() // only read
		f.file = nil
	}
}

// poll reads what is new.
func (f *follower) poll() {
	f.read() // the end of a file that has been renamed, too
	info, err := os.Stat(f.name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			f.close()
		}
		return
	}
	if f.file != nil {
		if open, err := f.file.Stat(); err == nil && os.SameFile(open, info) && info.Size() >= f.at {
			return
		}
		f.close()
	}
	if f.file, err = os.Open(f.name); err != nil {
		f.file = nil
		return
	}
	f.at, f.line = max(0, info.Size()-maxTail), nil
	f.read()
}

func (f *follower) read() {
	if f.file == nil {
		return
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := f.file.ReadAt(buf, f.at)
		f.at += int64(n)
		for part := buf[:n]; len(part) > 0; {
			text, rest, whole := bytes.Cut(part, []byte("\n"))
			if len(f.line)+len(text) <= maxLine {
				f.line = append(f.line, text...)
			}
			if whole {
				f.set.addLine(f.line, time.Now())
				f.line = f.line[:0]
			}
			part = rest
		}
		if err != nil || n == 0 { // io.EOF, mostly; the next poll will see
			if err != nil && !errors.Is(err, io.EOF) {
				f.close()
			}
			return
		}
	}
}

// addLine adds a line of a converter. What it says of times to come happened now.
func (s *Set) addLine(text []byte, now time.Time) {
	var line map[string]json.RawMessage
	var at time.Time
	if json.Unmarshal(text, &line) != nil || json.Unmarshal(line["end_time"], &at) != nil {
		return
	}
	if longAgo := now.Add(-48 * time.Hour); at.Before(longAgo) {
		at = longAgo // for the totals
	} else if at.After(now) {
		at = now
	}
	channel := "ALL"
	_ = json.Unmarshal(line["channel"], &channel) // there may be none
	s.addCounts(at, channel, line)
	var channels map[string]map[string]json.RawMessage
	_ = json.Unmarshal(line["channels"], &channels) // there may be none
	for channel, counts := range channels {
		s.addCounts(at, channel, counts)
	}
}

// addCounts adds those of a channel.
func (s *Set) addCounts(at time.Time, channel string, counts map[string]json.RawMessage) {
	k := Key{Source: "convert"}
	if channel != "ALL" {
		k.Dimension, k.Value = "appUpdateChannel", channel
	}
	number := func(name string) (n uint64) {
		_ = json.Unmarshal(counts[name], &n) // 0 if it is none
		return n
	}
	add := func(what, name, bytes string) {
		k.What = what
		if n, b := number(name), number(bytes); n > 0 || b > 0 {
			s.Add(at, k, n, b)
		}
	}
	add("read", "records_read", "bytes_read")
	add("written", "records_written", "bytes_written")
	add("duplicates", "duplicates", "")
	add("bad", "bad_records", "")
	for name := range counts {
		if category, ok := strings.CutPrefix(name, "bad_records."); ok {
			add("bad."+category, name, "")
		}
	}
}
