package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

// The categories of refused records that are none of the converter's.
const (
	corruptedData convert.Category = "corrupted_data" // gzip that is damaged, or larger than allowed
	emptyData     convert.Category = "empty_data"     // no bytes, or gzip of none
)

const damagedGzip convert.Reason = "damaged gzip" // of corruptedData, which may be convert.TooLarge besides

// Categories are those by which refused records are counted and kept.
func Categories() []string {
	return []string{
		string(convert.BadPayload), string(convert.ConversionError), string(corruptedData), string(emptyData), string(convert.Mismatch),
		string(convert.InvalidControlChar), string(convert.InvalidPath), string(convert.MissingRevision), string(convert.MissingRevisionRepo),
		string(convert.UUIDOnlyPath),
	}
}

// Counts tell what has become of records. Read = Written + Duplicates + the sum of Bad.
type Counts struct {
	Segments   int64
	Left       int64 // raw logs that could not be ingested
	Read       int64
	Written    int64
	Duplicates int64            // left out because of Config.Dedup
	Bad        map[string]int64 // refused, by category

	Reasons  map[string]map[string]int64 // the refused, by category and convert.Reason; not those whose category says it all
	Examples map[string]Example          // the first refused record of each category

	BytesRead         int64 // of whole records in the raw logs
	BytesUncompressed int64 // of payloads, decompressed
	BytesWritten      int64 // of records in the store, decoded

	DamagedRanges int64 // of raw logs
	DamagedBytes  int64

	Fallback   int64            // records with a revision of Config.Fallback
	Dropped    int64            // histograms without a usable definition
	Mismatched int64            // histograms that are not what their definition says, and were converted
	Replaced   int64            // bytes of payloads that were no UTF-8
	Differ     map[string]int64 // records whose path has another value than their payload, by dimension

	Channels map[string]ChannelCounts
}

// ChannelCounts are the counts for one value of appUpdateChannel: that of the payload, for refused records that of the path,
// spelled as in the store.
type ChannelCounts struct{ Read, Written, Bad int64 }

// Refused returns the sum of Bad.
func (c *Counts) Refused() int64 {
	var n int64
	for _, k := range c.Bad {
		n += k
	}
	return n
}

// For returns how many records were refused for a reason.
func (c *Counts) For(reason convert.Reason) int64 {
	var n int64
	for _, by := range c.Reasons {
		n += by[string(reason)]
	}
	return n
}

// An Example is a refused record, and where it is to be found. Its texts may be those of a ping, of a bounded length.
type Example struct {
	Log    string // name of the raw log
	Offset int64  // in it
	ID     string // of the document; if it has none, the path of the submission
	Cause  string // why it was refused
}

func (e Example) String() string {
	return fmt.Sprintf("%s, byte %d, document %s: %s", e.Log, e.Offset, e.ID, e.Cause)
}

// What an Example has of texts, in bytes.
const (
	maxExampleID    = 80
	maxExampleCause = 300
)

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}

// refuse counts a refused record. at tells where it is, all but the cause.
func (c *Counts) refuse(e *convert.Error, at Example) {
	category := string(e.Category)
	increase(&c.Bad, category, 1)
	if e.Reason != "" {
		c.reason(category, string(e.Reason), 1)
	}
	if _, ok := c.Examples[category]; !ok {
		at.ID, at.Cause = cut(at.ID, maxExampleID), cut(e.Cause(), maxExampleCause)
		c.example(category, at)
	}
}

func (c *Counts) reason(category, reason string, n int64) {
	if c.Reasons == nil {
		c.Reasons = map[string]map[string]int64{}
	}
	by := c.Reasons[category]
	increase(&by, reason, n)
	c.Reasons[category] = by
}

func (c *Counts) example(category string, e Example) {
	if c.Examples == nil {
		c.Examples = map[string]Example{}
	}
	if _, ok := c.Examples[category]; !ok {
		c.Examples[category] = e
	}
}

func (c *Counts) channel(name string, add ChannelCounts) {
	if c.Channels == nil {
		c.Channels = map[string]ChannelCounts{}
	}
	n := c.Channels[name]
	c.Channels[name] = ChannelCounts{n.Read + add.Read, n.Written + add.Written, n.Bad + add.Bad}
}

func increase(m *map[string]int64, key string, n int64) {
	if *m == nil {
		*m = map[string]int64{}
	}
	(*m)[key] += n
}

// add adds the counts of a batch.
func (c *Counts) add(b *Counts) {
	c.Segments += b.Segments
	c.Left += b.Left
	c.Read += b.Read
	c.Written += b.Written
	c.Duplicates += b.Duplicates
	c.BytesRead += b.BytesRead
	c.BytesUncompressed += b.BytesUncompressed
	c.BytesWritten += b.BytesWritten
	c.DamagedRanges += b.DamagedRanges
	c.DamagedBytes += b.DamagedBytes
	c.Fallback += b.Fallback
	c.Dropped += b.Dropped
	c.Mismatched += b.Mismatched
	c.Replaced += b.Replaced
	for k, n := range b.Bad {
		increase(&c.Bad, k, n)
	}
	for k, by := range b.Reasons {
		for reason, n := range by {
			c.reason(k, reason, n)
		}
	}
	for k, e := range b.Examples {
		c.example(k, e)
	}
	for k, n := range b.Differ {
		increase(&c.Differ, k, n)
	}
	for k, n := range b.Channels {
		c.channel(k, n)
	}
}

// String tells of the counts in a line: what was refused by category and, if that does not say it all, reason.
func (c *Counts) String() string {
	s := fmt.Sprintf("%d records read, %d written", c.Read, c.Written)
	if c.Fallback > 0 {
		s += fmt.Sprintf(" (%d with a revision of the calendar)", c.Fallback)
	}
	if c.Duplicates > 0 {
		s += fmt.Sprintf(", %d duplicates left out", c.Duplicates)
	}
	s += fmt.Sprintf(", %d refused", c.Refused())
	sep := ": "
	for _, k := range slices.Sorted(maps.Keys(c.Bad)) {
		s += fmt.Sprintf("%s%s %d", sep, k, c.Bad[k])
		sep = ", "
		if len(c.Reasons[k]) > 0 {
			s += " (" + listed(c.Reasons[k]) + ")"
		}
	}
	if c.DamagedRanges > 0 {
		s += fmt.Sprintf("; %d bytes of raw logs lost to damage", c.DamagedBytes)
	}
	if c.Left > 0 {
		s += fmt.Sprintf("; raw logs that were not ingested: %d", c.Left)
	}
	return s
}

// listed is counts by their names, the largest first.
func listed(counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return strings.Join(names, ", ")
}

// line is the counts of a period as one line of JSON, with the names that the statistics of 2013 had.
func (c *Counts) line(start, end time.Time) ([]byte, error) {
	const layout = "2006-01-02T15:04:05.000Z"
	fields := map[string]any{
		"task": "Ingest", "channel": "ALL",
		"start_time": start.UTC().Format(layout), "end_time": end.UTC().Format(layout),
		"duration": end.Sub(start).Seconds(),
		"segments": c.Segments, "segments_left": c.Left, "records_read": c.Read, "records_written": c.Written,
		"bytes_read": c.BytesRead, "bytes_uncompressed": c.BytesUncompressed, "bytes_written": c.BytesWritten,
		"duplicates": c.Duplicates, "bad_records": c.Refused(),
		"damaged_ranges": c.DamagedRanges, "damaged_bytes": c.DamagedBytes,
		"revisions_from_calendar": c.Fallback,
		"histograms_dropped":      c.Dropped, "histograms_mismatched": c.Mismatched, "bytes_replaced": c.Replaced,
	}
	for k, n := range c.Bad {
		fields["bad_records."+k] = n
	}
	if len(c.Reasons) > 0 {
		fields["bad_reasons"] = c.Reasons
	}
	for k, n := range c.Differ {
		fields["dimension_differs."+k] = n
	}
	channels := map[string]any{}
	for k, n := range c.Channels {
		channels[k] = map[string]int64{"records_read": n.Read, "records_written": n.Written, "bad_records": n.Bad}
	}
	fields["channels"] = channels
	text, err := json.Marshal(fields) // sorts the names
	return append(text, '\n'), err
}
