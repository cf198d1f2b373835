package ingest

import (
	"errors"
	"sync"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// A lane is what takes a payload from the raw log to its record. It has memory for the largest that it has seen, a few times
// over, and keeps it.
type lane struct {
	inflater  rawlog.Inflater
	converter *convert.Converter
}

func newLane(most int, schema *storage.Schema, o convert.Options) lane {
	return lane{inflater: rawlog.Inflater{Max: most}, converter: convert.New(schema, o)}
}

// A sharedLane is for payloads above smallPayload. There is one for all workers, so that what such payloads take does not
// grow with their number.
type sharedLane struct {
	mu   sync.Mutex // for all of it
	lane lane
	user *processor
}

func newSharedLane(schema *storage.Schema, o convert.Options) *sharedLane {
	l := &sharedLane{}
	o.Definitions = func(revision string) (*histogram.Definitions, error) { return l.user.lookup(revision) }
	l.lane = newLane(maxPayload, schema, o)
	return l
}

// decode decompresses a payload and has it, or why it cannot, taken further.
func (p *processor) decode(data []byte, take func(l *lane, text []byte, err error) error) error {
	text, err := p.small.inflater.Payload(data)
	if !errors.Is(err, rawlog.ErrTooLarge) {
		return take(&p.small, text, err)
	}
	p.large.mu.Lock()
	defer p.large.mu.Unlock()
	p.large.user = p
	text, err = p.large.lane.inflater.Payload(data)
	return take(&p.large.lane, text, err)
}
