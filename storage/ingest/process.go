package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

const (
	maxPayload   = 16 << 20 // bytes, decompressed
	smallPayload = 1 << 20  // those that workers convert side by side
	maxLine      = 16 << 20 // what readers of a store take unless they are told to take more
	openFiles    = 400      // of a batch
	bufferSize   = 24 << 20 // memory for what is not written yet
)

// A processor converts the records of a batch. It is for one batch.
type processor struct {
	*run
	ctx     context.Context
	batch   batch
	reading string // name of a raw log
	small   lane
	writer  *storage.Writer
	rejects *rejects
	counts  Counts

	definitions error // why they could not be looked for
	day         int64 // since 1970
	date        string
	fields      [len(convert.PathDims)]int // of the path, by place in the schema; -1
	channel     int                        // place of appUpdateChannel in the schema, or -1
}

// process makes the files of a batch and commits them.
func (r *run) process(ctx context.Context, b batch) (c Counts, err error) {
	id := b.id()
	stage, err := r.state.begin(id)
	if err != nil {
		return c, err
	}
	p := &processor{run: r, ctx: ctx, batch: b, rejects: newRejects(r.rejectsDir, r.storeKey, id)}
	p.small = newLane(smallPayload, r.Store.Schema(), convert.Options{
		Definitions: p.lookup, Fallback: r.Fallback, Strict: r.Strict,
	})
	p.places()
	p.writer = storage.NewWriter(r.Store, storage.WriterOptions{
		Stage: stage, MaxOpenFiles: openFiles, MaxBuffer: bufferSize,
		Unique: func(n int) string { return id + "_" + strconv.Itoa(n) },
	})
	defer func() {
		err = errors.Join(err, p.writer.Close(), p.rejects.close())
		if r.ids != nil {
			r.ids.end(r.state.root, id, err == nil)
		}
		if err != nil {
			err = errors.Join(err, r.state.discard(id, p.rejects))
		}
	}()
	for i := range b.segments {
		if err := p.segment(&b.segments[i]); err != nil {
			return c, err
		}
	}
	return p.counts, p.commit(id, stage)
}

// commit is what makes the batch count. Until then nothing can be seen of it.
func (p *processor) commit(id, stage string) error {
	files, err := p.writer.Prepare()
	if err != nil {
		return err
	}
	refused, err := p.rejects.finish()
	if err != nil {
		return err
	}
	if p.ids != nil {
		if err := p.ids.write(p.state.root, path.Join(stageName, id, idsName)); err != nil {
			return err
		}
		files = append(files, storage.Move{From: path.Join(stage, idsName), To: path.Join(storage.StateDir, idsName, id)})
	}
	return p.state.commit(commit{
		Batch: id, Segments: p.batch.segments, Files: files, Rejects: p.rejectsDir, Store: p.storeKey, Refused: refused, Counts: p.counts,
	})
}

// places finds the dimensions of the path, and the channel, in the schema.
func (p *processor) places() {
	p.channel = -1
	for i, name := range convert.PathDims {
		p.fields[i] = -1
		for k, d := range p.Store.Schema().Dimensions {
			if d.Name == name {
				p.fields[i] = k
			}
			if d.Name == "appUpdateChannel" {
				p.channel = k
			}
		}
	}
}

// segment takes the records of a raw log.
func (p *processor) segment(seg *segment) error {
	unreadable := func(err error) error { return &rawLogError{*seg, fmt.Errorf("reading raw log %s: %w", seg.Name, err)} }
	file, err := p.raw.Open(seg.Name)
	if err != nil {
		return unreadable(err)
	}
	defer func() { _ = file.Close() }() // read only
	p.reading = seg.Name
	r := rawlog.NewReader(file, rawlog.Options{Claimed: rawlog.FormatOf(seg.Name)})
	for rec, err := range r.Records() {
		if damage, ok := errors.AsType[*rawlog.DamageError](err); ok {
			p.counts.DamagedRanges++
			p.counts.DamagedBytes += damage.Length
			p.log("%s: %v", seg.Name, damage)
			continue
		}
		if err != nil {
			return unreadable(err)
		}
		if err = p.record(&rec); err == nil {
			err = p.ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", seg.Name, err)
		}
	}
	p.counts.Segments++
	if seg.Sum, err = sum(file, seg.Bytes); err == nil {
		err = checkSize(file, *seg)
	}
	if err != nil {
		return unreadable(err)
	}
	return nil
}

// checkSize makes sure that a raw log is what its batch was made of.
func checkSize(file *os.File, seg segment) error {
	info, err := file.Stat()
	if err == nil && info.Size() != seg.Bytes {
		err = fmt.Errorf("it had %d bytes and has %d now: finished raw logs do not change", seg.Bytes, info.Size())
	}
	return err
}

// record converts and stores one record, or keeps it with those that are refused.
func (p *processor) record(rec *rawlog.Record) error {
	p.counts.Read++
	p.counts.BytesRead += int64(rec.Size)
	return p.decode(rec.Data, func(l *lane, text []byte, err error) error { return p.payload(l, rec, text, err) })
}

// payload is record for a payload that has been decompressed, or why it could not be.
func (p *processor) payload(l *lane, rec *rawlog.Record, text []byte, err error) error {
	sub, notPath := convert.ParsePath(rec.Path)
	switch {
	case errors.Is(err, rawlog.ErrTooLarge):
		return p.refuse(&convert.Error{Category: corruptedData, Reason: convert.TooLarge, Detail: err.Error()}, sub, rec)
	case err != nil:
		return p.refuse(&convert.Error{Category: corruptedData, Reason: damagedGzip, Detail: err.Error()}, sub, rec)
	case len(text) == 0:
		return p.refuse(&convert.Error{Category: emptyData, Detail: "no data"}, sub, rec)
	}
	p.counts.BytesUncompressed += int64(len(text))
	if e, ok := errors.AsType[*convert.Error](notPath); ok {
		return p.refuse(e, sub, rec)
	}
	ping := convert.Ping{Text: text, Date: p.dateOf(rec.Time)}
	if rec.Format == rawlog.V2 || len(rec.Addr) > 0 {
		ping.Addr = append([]byte{}, rec.Addr...)
	}
	got, err := l.converter.Convert(ping)
	if p.definitions != nil {
		return p.definitions
	}
	if e, ok := errors.AsType[*convert.Error](err); ok {
		return p.refuse(e, sub, rec)
	}
	if len(sub.ID)+1+len(got.Value) > maxLine {
		return p.refuse(&convert.Error{Category: convert.ConversionError, Reason: convert.TooLarge, Detail: "its record"}, sub, rec)
	}
	return p.store(sub, rec, got)
}

// store adds a converted record to the store.
func (p *processor) store(sub convert.Path, rec *rawlog.Record, got *convert.Record) error {
	channel := "ALL"
	if p.channel >= 0 {
		channel = p.Store.Schema().Clean(got.Dims)[p.channel]
	}
	if p.ids != nil && p.ids.isDuplicate(sub.ID, rec.Time) {
		p.counts.Duplicates++
		p.counts.channel(channel, ChannelCounts{Read: 1})
		return nil
	}
	if err := p.writer.Append(got.Dims, sub.ID, got.Value); err != nil {
		return err
	}
	for i, k := range p.fields {
		if k >= 0 && sub.Dims[i] != got.Dims[k] {
			increase(&p.counts.Differ, convert.PathDims[i], 1)
		}
	}
	p.counts.Written++
	p.counts.BytesWritten += int64(len(sub.ID) + len(got.Value) + 2)
	if got.Fallback {
		p.counts.Fallback++
	}
	p.counts.Dropped += int64(got.Dropped)
	p.counts.Mismatched += int64(got.Mismatched)
	p.counts.Replaced += int64(got.Replaced)
	p.counts.channel(channel, ChannelCounts{Read: 1, Written: 1})
	return nil
}

// refuse counts a record, and keeps it unless that is not wanted.
func (p *processor) refuse(e *convert.Error, sub convert.Path, rec *rawlog.Record) error {
	id := sub.ID
	if id == nil {
		id = rec.Path
	}
	p.counts.refuse(e, Example{Log: p.reading, Offset: rec.Offset, ID: string(id)})
	channel := "OTHER"
	if p.channel >= 0 && sub.ID != nil {
		values := make([]string, p.channel+1)
		for i, k := range p.fields {
			if k == p.channel {
				values[k] = sub.Dims[i]
			}
		}
		channel = p.Store.Schema().Clean(values)[p.channel]
	}
	p.counts.channel(channel, ChannelCounts{Read: 1, Bad: 1})
	if slices.Contains(p.Discard, string(e.Category)) {
		return nil
	}
	return p.rejects.add(string(e.Category), rec)
}

// lookup finds definitions for the converter. That they could not be looked for is no fault of the ping.
func (p *processor) lookup(url string) (*histogram.Definitions, error) {
	if p.Revisions == nil {
		return nil, errNoRevisions
	}
	defs, err := p.Revisions.Definitions(p.ctx, url)
	if bad, ok := errors.AsType[*revision.URLError](err); ok {
		refusal := &convert.Error{Category: convert.ConversionError, Reason: convert.BadRevision, Detail: bad.Error()}
		if _, malformed := revision.ParseID(url); malformed == nil {
			refusal.Reason = convert.ForeignRevision
		}
		return nil, refusal
	}
	if err != nil && !errors.Is(err, revision.ErrNotFound) && !errors.Is(err, revision.ErrOffline) {
		p.definitions = &DefinitionsError{Err: err}
	}
	return defs, err
}

var errNoRevisions = errors.New("there are no definitions at all")

// A DefinitionsError says that histogram definitions could not be looked for. Another try may succeed.
type DefinitionsError struct{ Err error }

func (e *DefinitionsError) Error() string {
	return e.Err.Error() + "; nothing is lost, another run goes on from here"
}

func (e *DefinitionsError) Unwrap() error { return e.Err }

// dateOf returns the day of a time, in UTC. Behind the year 9999 there is none that could be read again.
func (p *processor) dateOf(ms int64) string {
	const dayMillis = 24 * 60 * 60 * 1000
	if day := ms / dayMillis; day != p.day || p.date == "" {
		p.day, p.date = day, "UNKNOWN"
		if t := time.UnixMilli(ms).UTC(); t.Year() <= 9999 {
			p.date = t.Format("20060102")
		}
	}
	return p.date
}
