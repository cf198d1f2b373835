package mapreducetest

import (
	"bytes"
	"fmt"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
	"github.com/telemetry-mr/mr/mapreduce/internal/values"
	"github.com/telemetry-mr/mr/storage"
)

// A job is one to be checked, whose types are hidden: a K or a V is an any, or bytes.
type job interface {
	traits() traits
	executor() mapreduce.Executor

	// lending is executor for a Map whose records are in memory that is filled with a byte when the next one comes.
	lending(fill byte) mapreduce.Executor

	// try calls Map with a record, whose pairs come in the order of Emit.
	try(rec storage.Record) (mapped, error)

	// groupLen is the length of a key without its order fields.
	groupLen(key []byte) (int, error)

	encode(v any) ([]byte, error)
	decode(b []byte) (any, error)
	borrow(b []byte) (any, error) // what it returns may use the memory of b

	combine(acc, v any) any
	reduce(key any, values []any, rows *mapreduce.Rows) error
}

// traits say what a job has.
type traits struct{ combine, reduce, ordered bool }

func (t traits) mapOnly() bool { return !t.combine && !t.reduce }

// mapped is what Map made of a record.
type mapped struct {
	pairs   []pair
	skipped string
	err     error
}

// A pair is one that Map emitted.
type pair struct {
	key, value           any
	keyBytes, valueBytes []byte
}

// typed is the job of a K and a V.
type typed[K comparable, V any] struct {
	job    mapreduce.Job[K, V]
	keys   *keys.Codec[K]
	values *values.Codec[V]
}

func typedJob[K comparable, V any](j mapreduce.Job[K, V]) (job, error) {
	k, err := keys.For[K]()
	if err != nil {
		return nil, fmt.Errorf("type of keys: %w", err)
	}
	v, err := values.For[V]()
	if err != nil {
		return nil, fmt.Errorf("type of values: %w", err)
	}
	return &typed[K, V]{j, k, v}, nil
}

func (j *typed[K, V]) traits() traits {
	return traits{combine: j.job.Combine != nil, reduce: j.job.Reduce != nil, ordered: j.job.Ordered}
}

func (j *typed[K, V]) executor() mapreduce.Executor { return mapreduce.Local(j.job) }

func (j *typed[K, V]) lending(fill byte) mapreduce.Executor {
	lent, l := j.job, lender{fill: fill}
	lent.Map = func(rec storage.Record, out *mapreduce.Emitter[K, V]) error { return j.job.Map(l.lend(rec), out) }
	return mapreduce.Local(lent)
}

func (j *typed[K, V]) try(rec storage.Record) (mapped, error) {
	pairs, skipped, err := mapreduce.Try(j.job, rec)
	m := mapped{skipped: skipped, err: err}
	for _, p := range pairs {
		value, err := j.values.Append(nil, &p.Value)
		if err != nil {
			return m, fmt.Errorf("value %v of key %v: %w", p.Value, p.Key, err)
		}
		m.pairs = append(m.pairs, pair{p.Key, p.Value, j.keys.Append(nil, &p.Key), value})
	}
	return m, nil
}

func (j *typed[K, V]) groupLen(key []byte) (int, error) { return j.keys.GroupLen(key) }

func (j *typed[K, V]) encode(v any) ([]byte, error) {
	value := v.(V)
	return j.values.Append(nil, &value)
}

func (j *typed[K, V]) decode(b []byte) (any, error) {
	var v V
	err := j.values.Decode(b, &v)
	return v, err
}

func (j *typed[K, V]) borrow(b []byte) (any, error) {
	var v V
	err := j.values.BorrowDecode(b, &v)
	return v, err
}

func (j *typed[K, V]) combine(acc, v any) any {
	value := acc.(V)
	j.job.Combine(&value, v.(V))
	return value
}

func (j *typed[K, V]) reduce(key any, values []any, rows *mapreduce.Rows) error {
	return j.job.Reduce(key.(K), func(yield func(V) bool) {
		for _, v := range values {
			if !yield(v.(V)) {
				return
			}
		}
	}, rows)
}

// A lender lends records.
type lender struct {
	fill       byte
	key, value []byte // of the last one
}

// lend returns a record in memory of its own. That of the one before is overwritten.
func (l *lender) lend(rec storage.Record) storage.Record {
	for _, b := range [][]byte{l.key, l.value} {
		for i := range b {
			b[i] = l.fill
		}
	}
	l.key, l.value = bytes.Clone(rec.Key), bytes.Clone(rec.Value)
	rec.Key, rec.Value = l.key, l.value
	return rec
}
