package gen

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// Names in a directory that RunRaw makes.
const (
	rawDir       = "raw"       // the raw logs, of the format of 2014
	revisionsDir = "revisions" // definitions of the histograms, by revision
)

// segmentBytes is when a raw log is full.
const segmentBytes = 50 << 20

// RunRaw makes raw logs of the pings that Run would make a store of, as browsers send them, and the definitions of their
// histograms: Dir/raw and Dir/revisions. They come in the order of their days, mixed within each. Most are of version 1, some
// of the others; Files and Codec do not say how they are written. Of o.Bad in a million, chance makes something wrong. Dir
// appears whole or not at all, as with Run.
func RunRaw(ctx context.Context, o Options) (Stats, error) {
	o, v, err := o.resolve()
	if err != nil {
		return Stats{}, err
	}
	return whole(o, func(dir string) (Stats, error) {
		w := &rawWriter{dir: dir, bad: o.Bad, pings: newPings(o.Seed, v.small, plan(o, v))}
		if err := w.writeAll(ctx); err != nil {
			return Stats{}, err
		}
		return w.stats, nil
	})
}

// rawWriter writes raw logs.
type rawWriter struct {
	dir   string
	bad   int // of a million
	pings *Pings
	stats Stats

	log       *storage.FileWriter
	logBytes  int
	revisions map[string]bool
	frame     []byte
	text      []byte
	packed    bytes.Buffer
	zip       *gzip.Writer
}

func (w *rawWriter) writeAll(ctx context.Context) (err error) {
	if err := os.MkdirAll(filepath.Join(w.dir, rawDir), 0o777); err != nil {
		return err
	}
	w.revisions = map[string]bool{}
	w.zip = gzip.NewWriter(&w.packed)
	defer func() {
		if w.log != nil {
			err = errors.Join(err, w.log.Close())
		}
	}()
	for i, s := range w.order() {
		if i%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.ping(s); err != nil {
			return err
		}
	}
	return w.endLog()
}

// submission is one ping, and when it comes: the day of its file, and a part of 2^64 of it.
type submission struct {
	file   *file
	number uint64
	time   uint64
}

// order returns all pings in the order in which they come.
func (w *rawWriter) order() []submission {
	var all []submission
	for i := range w.pings.files {
		f := &w.pings.files[i]
		for k := range uint64(f.pings) {
			n := f.first + k
			all = append(all, submission{f, n, mix(mix(w.pings.seed, streamRaw), n)})
		}
	}
	slices.SortFunc(all, func(a, b submission) int {
		return cmp.Or(cmp.Compare(a.file.date, b.file.date), cmp.Compare(a.time, b.time), cmp.Compare(a.number, b.number))
	})
	return all
}

// ping writes one record.
func (w *rawWriter) ping(s submission) error {
	const dayMillis = 24 * 60 * 60 * 1000
	f := s.file
	chance := mix(s.time, 0)
	key := w.make(f, s.number, int(chance%100))
	rec := rawlog.Record{
		Time: f.day.UnixMilli() + int64(s.time>>32*dayMillis>>32),
		Path: fmt.Appendf(nil, "%s/%s/%s/%s/%s/%s", key, f.reason, f.app, f.version, f.channel, f.build),
	}
	chance = mix(chance, 0)
	if int(chance%1_000_000) < w.bad {
		w.spoil(&rec, chance>>32)
	}
	if len(rec.Data) == 0 && len(w.text) > 0 {
		w.packed.Reset()
		w.zip.Reset(&w.packed)
		_, _ = w.zip.Write(w.text) // to memory
		_ = w.zip.Close()
		rec.Data = w.packed.Bytes()
	}
	w.stats.Pings++
	w.stats.Bytes += int64(len(w.text))
	return w.record(&rec)
}

// make makes w.text the text of a ping, whose version is chosen by a number below 100, and returns its id.
func (w *rawWriter) make(f *file, n uint64, choice int) (key string) {
	p := w.pings
	p.raw = choice != 0
	m := p.begin(f, n)
	key = string(p.line[:keyLen])
	d := w.text[:0]
	switch {
	case choice < 1: // converted already
		d = append(d, `{"ver":2,`...)
		d = p.appendBody(d, f, m)
	case choice < 3:
		d = append(d, `{"ver":3,"pingID":"`+key+`","deviceinfo.update_channel":"`+f.channel+`","deviceinfo.platform_build_id":"`+f.build+
			`","deviceinfo.platform_version":"`+f.version+`","locale":"`+m.locale+`","activationTime":`...)
		d = strconv.AppendInt(d, f.day.UnixMilli(), 10)
	case choice < 10: // of both kinds that have histograms
		kind := "main"
		if choice < 6 {
			kind = "saved-session"
		}
		d = append(d, `{"type":"`+kind+`","id":"`+key+`","creationDate":"`+f.day.Format(time.RFC3339)+`","version":4,"clientId":"`+key+
			`","application":{"architecture":"`+m.arch+`","buildId":"`+f.build+`","name":"`+f.app+`","version":"`+f.version+
			`","vendor":"Example","platformVersion":"`+f.version+`","channel":"`+f.channel+`"},"payload":{"ver":4,`...)
		d = p.appendBody(d, f, m)
		d = append(d, `},"environment":{"settings":{"locale":"`+m.locale+`"},"system":{"memoryMB":`...)
		d = strconv.AppendInt(d, int64(m.memory), 10)
		d = append(d, `,"os":{"name":"Windows_NT","version":"`+m.osVersion+`"}}}`...)
	default:
		d = append(d, `{"ver":1,`...)
		d = p.appendBody(d, f, m)
	}
	w.text = append(d, '}')
	return key
}

// aValues is where the counts of a histogram begin.
var aValues = regexp.MustCompile(`"values":\{"[0-9]+":`)

// spoil makes a fault, by chance, for each category of the converter.
func (w *rawWriter) spoil(rec *rawlog.Record, chance uint64) {
	switch chance % 10 {
	case 0, 1:
		rec.Path = rec.Path[:keyLen] // as most of 2014
	case 2:
		rec.Path = append(rec.Path, "/more"...)
	case 3:
		w.text = nil
	case 4:
		rec.Data = []byte{0x1f, 0x8b, 8, 0}
	case 5:
		w.text = w.text[:len(w.text)/2]
	case 6:
		w.text = bytes.Replace(w.text, revisionOf(w.text), []byte("/rev/"), 1)
	case 7:
		w.text = bytes.Replace(w.text, []byte(`"revision":`), []byte(`"norevision":`), 1)
	case 8:
		w.text = aValues.ReplaceAll(w.text, []byte(`"values":{"-7":`))
	case 9:
		w.text = bytes.ReplaceAll(w.text, []byte(`"bucket_count":`), []byte(`"bucket_count":1`)) // a mismatch
	}
}

// record appends to the raw log, and makes definitions for the revision of the ping.
func (w *rawWriter) record(rec *rawlog.Record) (err error) {
	if url := string(revisionOf(w.text)); url != "" && !w.revisions[url] {
		w.revisions[url] = true
		if err := w.define(url); err != nil {
			return err
		}
	}
	if w.log == nil {
		name := fmt.Sprintf("telemetry.log.%v.gen.%d.%d.finished", rawlog.V2, w.stats.Files+1, rec.Time)
		if w.log, err = storage.CreateFile(filepath.Join(w.dir, rawDir, name)); err != nil {
			return err
		}
	}
	if w.frame, err = rawlog.AppendFrame(w.frame[:0], rawlog.V2, rec); err != nil {
		return err
	}
	_, _ = w.log.Write(w.frame) // Publish reports it
	w.stats.StoredBytes += int64(len(w.frame))
	if w.logBytes += len(w.frame); w.logBytes < segmentBytes {
		return nil
	}
	return w.endLog()
}

func (w *rawWriter) endLog() error {
	if w.log == nil {
		return nil
	}
	err := errors.Join(w.log.Publish(), w.log.Close())
	w.log, w.logBytes = nil, 0
	w.stats.Files++
	return err
}

// revisionOf returns the URL of the revision in the text of a ping, if there is one.
func revisionOf(text []byte) []byte {
	_, rest, _ := bytes.Cut(text, []byte(`"revision":"`+revisionHost))
	repo, _, ok := bytes.Cut(rest, []byte(`"`))
	if !ok {
		return nil
	}
	at := len(text) - len(rest) - len(revisionHost)
	return text[at : at+len(revisionHost)+len(repo)]
}

// define writes the definitions for a revision. They are the same for all.
func (w *rawWriter) define(url string) error {
	repo, node, _ := strings.Cut(strings.TrimPrefix(url, revisionHost), "/rev/")
	dir := filepath.Join(w.dir, revisionsDir, filepath.FromSlash(repo), node)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "Histograms.json"), definitions(), 0o666)
}

// definitions returns the vocabulary as the source of a browser has it.
var definitions = sync.OnceValue(func() []byte {
	b := []byte("{\n")
	for i, d := range vocabulary() {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = fmt.Appendf(b, `  "%s": {"kind": "%s", "description": "made up"`, d.name, d.kind)
		switch d.kind {
		case exponential, linear:
			b = fmt.Appendf(b, `, "high": "%d", "n_buckets": %d`, d.high, len(d.low))
		case enumerated:
			b = fmt.Appendf(b, `, "n_values": %d`, d.high)
		}
		b = append(b, '}')
	}
	return append(b, "\n}\n"...)
})
