package mapreduce

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// The files of a quarantine. The list is written after what it points to, and the output after both, so that an output never
// appears without its quarantine.
const (
	quarantineList = "quarantine.jsonl"
	quarantineRaw  = "quarantine.raw"
)

// A quarantined is a line of the list: a bad record, or a damaged file. Its names are part of the format, which Config.Quarantine
// describes.
type quarantined struct {
	File   string         `json:"file"`
	Line   int64          `json:"line,omitempty"`
	Offset int64          `json:"offset"`
	Length int64          `json:"length"`
	Key    string         `json:"key,omitempty"`
	Class  string         `json:"class"`
	Reason string         `json:"reason"`
	Raw    *quarantineRef `json:"raw,omitempty"`
}

// A quarantineRef says which bytes of quarantine.raw are a record's.
type quarantineRef struct {
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	CRC32  string `json:"crc32"`
}

const (
	quarantineKey  = 256     // bytes of a key in the list
	quarantineText = 4 << 10 // bytes of a reason
	quarantineMost = 1 << 20 // bytes of a record in quarantine.raw
)

// classDamaged is the class of a damaged file in the list.
const classDamaged = "damaged"

// A quarantinePart takes the bad records of a map task: for each a line as in the list, but for the place in quarantine.raw, and
// then the bytes that go there.
type quarantinePart struct {
	file *storage.FileWriter
	path string
	size int64
	sum  uint32
	n    int64
}

func createQuarantinePart(prefix string) (*quarantinePart, error) {
	p := &quarantinePart{path: prefix + "quarantine"}
	var err error
	p.file, err = storage.CreateFile(p.path)
	return p, err
}

// add adds a record whose line has so many bytes in its file. rec has what is known of it.
func (p *quarantinePart) add(b worker.BadRecord, rec storage.Record, length int64) error {
	q := quarantined{
		File: spelled(b.Path), Line: b.Line, Offset: b.Offset, Length: length,
		Key: spelled(string(rec.Key[:min(len(rec.Key), quarantineKey)])), Class: b.Class,
		Reason: spelled(b.Reason[:min(len(b.Reason), quarantineText)]),
	}
	raw := rec.Value // of a line that is no record, all
	if rec.Key != nil {
		raw = append(append(append(make([]byte, 0, len(rec.Key)+1+len(rec.Value)), rec.Key...), '\t'), rec.Value...)
	}
	if raw != nil {
		raw = raw[:min(len(raw), quarantineMost)]
		q.Raw = &quarantineRef{Length: int64(len(raw)), CRC32: fmt.Sprintf("%08x", crc32.ChecksumIEEE(raw))}
	}
	line, err := quarantineLine(q)
	if err != nil {
		return err
	}
	if raw != nil {
		line = append(append(line, raw...), '\n')
	}
	p.n++
	p.size += int64(len(line))
	p.sum = crc32.Update(p.sum, crc32.IEEETable, line)
	_, err = p.file.Write(line)
	return err
}

func quarantineLine(q quarantined) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(q)
	return []byte(b.String()), err
}

func (p *quarantinePart) publish() (*worker.Rows, error) {
	if err := p.file.Publish(); err != nil {
		return nil, err
	}
	return &worker.Rows{Path: p.path, Bytes: p.size, Rows: p.n, Checksum: p.sum}, nil
}

// close discards the part unless it was published.
func (p *quarantinePart) close() { _ = p.file.Close() } // publish has told of errors

// spelled is text as the list has it: bytes that are not UTF-8 are spelled out.
func spelled(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// A quarantine is the directory of a run's bad data, being made.
type quarantine struct {
	list, raw *storage.FileWriter
	at        int64 // in raw
}

// openQuarantine finds before the work what would be in the way of a quarantine at its end, removes what a run that was killed
// has left, and keeps other runs away from it until release is called.
func openQuarantine(cfg *Config) (release func(), err error) {
	dir := cfg.Quarantine
	l, err := lockOutput(dir)
	if err != nil {
		return nil, err
	}
	if isDir(dir) {
		for _, name := range []string{quarantineList, quarantineRaw} {
			name = filepath.Join(dir, name)
			if err = storage.RemoveTemporary(name); err == nil {
				err = tryOutput(name)
			}
			if err != nil {
				l.Release()
				return nil, fmt.Errorf("the quarantine: %w", err)
			}
		}
	}
	return l.Release, nil
}

// prepareQuarantine writes the quarantine of a run, under temporary names: damaged files in the order of the input, then bad
// records in that order.
func (r *run) prepareQuarantine() (_ *quarantine, err error) {
	dir := r.cfg.Quarantine
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("the quarantine: %w", err)
	}
	q := &quarantine{}
	defer func() {
		if err != nil {
			q.close()
		}
	}()
	if q.raw, err = storage.CreateFile(filepath.Join(dir, quarantineRaw)); err != nil {
		return nil, err
	}
	if q.list, err = storage.CreateFile(filepath.Join(dir, quarantineList)); err != nil {
		return nil, err
	}
	for _, d := range r.damaged {
		line, err := quarantineLine(quarantined{File: spelled(d.Path), Offset: d.Offset, Length: d.Size, Class: classDamaged, Reason: spelled(d.Reason)})
		if err != nil {
			return nil, err
		}
		_, _ = q.list.Write(line) // Commit tells
	}
	for _, p := range r.badParts {
		if err := q.append(p); err != nil {
			return nil, fmt.Errorf("the quarantine: %w", err)
		}
	}
	return q, nil
}

// makeDir makes a directory that is still there after a power cut.
func makeDir(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		if isDir(dir) {
			return nil
		}
		return err
	}
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return err
	}
	_ = parent.Sync() // not every system can
	return parent.Close()
}

// append moves the bad records of a task to the quarantine, and checks that they are what the worker has written.
func (q *quarantine) append(p worker.Rows) error {
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := crc32.NewIEEE()
	in := bufio.NewReaderSize(io.TeeReader(io.LimitReader(f, p.Bytes), sum), 64<<10)
	for range p.Rows {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return damagedPart(p, err)
		}
		var one quarantined
		if err := json.Unmarshal(line, &one); err != nil {
			return damagedPart(p, err)
		}
		if one.Raw != nil {
			if one.Raw.Length < 0 || one.Raw.Length > quarantineMost {
				return damagedPart(p, errors.New("a length is not possible"))
			}
			if _, err := io.CopyN(q.raw, in, one.Raw.Length+1); err != nil {
				return damagedPart(p, err)
			}
			one.Raw.Offset = q.at
			q.at += one.Raw.Length + 1
		}
		if line, err = quarantineLine(one); err != nil {
			return err
		}
		_, _ = q.list.Write(line) // Commit tells
	}
	if n, err := io.Copy(io.Discard, in); n > 0 || err != nil || sum.Sum32() != p.Checksum {
		return damagedPart(p, errors.New("its checksum is another"))
	}
	return nil
}

func damagedPart(p worker.Rows, err error) error { return fmt.Errorf("%s is damaged: %w", p.Path, err) }

// commit makes the quarantine appear.
func (q *quarantine) commit() error {
	if err := q.raw.Commit(); err != nil {
		return fmt.Errorf("the quarantine: %w", err)
	}
	if err := q.list.Commit(); err != nil {
		return fmt.Errorf("the quarantine: %w", err)
	}
	return nil
}

// close discards what was not committed.
func (q *quarantine) close() {
	for _, f := range []*storage.FileWriter{q.raw, q.list} {
		if f != nil {
			_ = f.Close() // commit has told of errors
		}
	}
}
