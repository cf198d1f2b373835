package mapreduce

import "github.com/telemetry-mr/mr/storage"

// A Pair is what Map emits.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

// Try calls the Map of a job with one record, outside of a run, and returns the pairs that it emits, in order; none, and the
// reason, if it skips the record. The error is Map's, or that of a malformed record: a run would count the record as bad.
// The pairs share no memory with the record. Try is for tests of a Map.
func Try[K comparable, V any](job Job[K, V], rec storage.Record) (pairs []Pair[K, V], skipped string, err error) {
	w, err := newJobWorker(job)
	if err != nil {
		return nil, "", err
	}
	t := &mapping[K, V]{w: w}
	t.out.codec = w.keys
	if err := t.emit(rec); err != nil {
		return nil, "", err
	}
	if t.out.skips {
		return nil, t.out.skip, nil
	}
	start := 0
	for _, p := range t.out.pairs {
		key, err := w.keys.Decode(t.out.keys[start:p.end])
		if err != nil {
			return nil, "", err
		}
		start = p.end
		pairs = append(pairs, Pair[K, V]{key, w.values.Clone(p.value)})
	}
	return pairs, "", nil
}
