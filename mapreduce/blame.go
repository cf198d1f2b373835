package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// maxDeadly is how many records a run sets aside because no worker survives them. Each costs two workers, or two times the
// patience with one that gets no further; a job that dies of more is at fault itself.
const maxDeadly = 100

// lost finds out whether a worker was lost because of the record that it was at. The neighbours of such a record are never
// blamed: it is the one only if a fresh process that is given nothing else is lost with it, too.
func (s *mapStage) lost(ctx context.Context, slot, n int, lost *worker.LostError) (bool, error) {
	at := lost.At
	if at == nil || lost.Class == worker.Gone {
		return false, nil
	}
	s.mu.Lock()
	s.seen[*at]++
	seen, innocent := s.seen[*at], s.innocent[*at]
	s.mu.Unlock()
	if innocent || seen == 1 && lost.Class == worker.Killed { // who kills from outside does not look at records: it may not come again
		return false, nil
	}
	alone, err := s.probe(ctx, slot, n, at)
	if err != nil {
		return false, err
	}
	if alone == nil {
		s.mu.Lock()
		s.innocent[*at] = true
		s.careful[n] = lost.Class == worker.Memory // it may have been a record before
		s.mu.Unlock()
		return false, nil
	}
	bad := worker.BadRecord{
		Path: at.Path, Line: at.Line, Offset: at.Offset,
		Class: string(alone.Class), Reason: deathReason(alone), Detail: deathDetail(alone),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aside.addRecord(bad)
	if s.aside.count > maxDeadly {
		e := firstBad([]worker.BadRecord{bad})
		e.Msg += fmt.Sprintf(" (%d records have done so)", s.aside.count)
		return false, e
	}
	return true, nil
}

// probe gives a record alone to a fresh worker. It returns how that was lost, nil if it was not, or not with the record.
func (s *mapStage) probe(ctx context.Context, slot, n int, at *worker.Place) (*worker.LostError, error) {
	p := s.r.pool
	prefix := p.attemptPrefix("probe", n)
	err := p.attempt(ctx, slot, n, prefix, func(ctx context.Context, w worker.Worker, n int, prefix string) error {
		t, _ := s.task(n, prefix)
		t.Probe = &worker.Probe{Path: at.Path, Offset: at.Offset}
		_, err := w.Map(ctx, t, func(worker.Progress) {})
		return err
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	alone, isLost := errors.AsType[*worker.LostError](err)
	p.retire(slot, prefix, isLost)
	if !isLost || alone.At == nil || *alone.At != *at {
		return nil, nil // what else is wrong, the next attempt will say
	}
	return alone, nil
}

// deathReason says how a worker was lost. The same record gives the same reason whenever it is asked.
func deathReason(lost *worker.LostError) string {
	words, _, _ := strings.Cut(lost.Stderr, "\n")
	switch lost.Class {
	case worker.Exit:
		return "the job ended its process: " + lost.Reason
	case worker.Crash:
		return "the job's process crashed: " + cmp.Or(words, lost.Reason)
	case worker.Memory:
		return "the job's process ran out of memory"
	case worker.Hang:
		return lost.Reason
	}
	return "the job's process was lost: " + lost.Reason
}

// deathDetail is what else is known of it: where it stood, or its last words.
func deathDetail(lost *worker.LostError) string {
	detail := ""
	switch {
	case lost.Stack != "":
		detail = "it stood at\n" + lost.Stack
	case lost.Stderr != "":
		detail = "its last words were\n" + lost.Stderr
	}
	return strings.ReplaceAll(detail, "\t", "    ") // of a trace
}
