package mapreducetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// A group is the values of a key, order fields included, in the order of the input.
type group[K comparable] struct {
	key    K
	coded  []byte
	values [][]byte // encoded
}

// mostAgain is how many records are mapped a second time, each of which is looked for in its file.
const mostAgain = 2000

// mapTwice maps each record on its own, twice, the second time in another order, and returns the pairs by key, in the order of
// keys.
func (c *check[K, V]) mapTwice() ([]group[K], error) {
	input := c.store.input()
	first := make([]mapped[K, V], len(c.records))
	if err := c.store.each(input, func(i int, rec storage.Record) (err error) {
		first[i], err = c.try(rec)
		return err
	}); err != nil {
		return nil, err
	}
	again := slices.Clone(input)
	c.rng.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
	again = again[:min(len(again), mostAgain)]
	if err := c.store.each(again, func(i int, rec storage.Record) error {
		second, err := c.try(rec)
		if err == nil && !slices.EqualFunc(first[i].pairs, second.pairs, pair[K, V].equal) {
			err = faultf("Map of %s depends on more than its record:\n  first:                  %s\n  again, in another order: %s\n"+
				"a Map sees one record: it must not remember others, nor ask a clock or a random number", c.name(i), first[i], second)
		}
		return err
	}); err != nil {
		return nil, err
	}

	index := map[string]int{}
	var groups []group[K]
	for _, i := range input {
		for _, p := range first[i].pairs {
			at, ok := index[string(p.key)]
			if !ok {
				at = len(groups)
				index[string(p.key)] = at
				groups = append(groups, group[K]{key: p.Key, coded: p.key})
			}
			groups[at].values = append(groups[at].values, p.value)
		}
	}
	slices.SortFunc(groups, func(a, b group[K]) int { return bytes.Compare(a.coded, b.coded) })
	return groups, nil
}

// mapped is what Map made of a record.
type mapped[K comparable, V any] struct {
	pairs   []pair[K, V] // in the order of Emit as far as that matters
	skipped string
	err     error
}

// A pair is one that Map emitted, with its key and value in bytes.
type pair[K comparable, V any] struct {
	mapreduce.Pair[K, V]
	key, value []byte
}

func (p pair[K, V]) equal(q pair[K, V]) bool {
	return bytes.Equal(p.key, q.key) && bytes.Equal(p.value, q.value)
}

func (c *check[K, V]) try(rec storage.Record) (mapped[K, V], error) {
	pairs, skipped, err := mapreduce.Try(c.job, rec)
	m := mapped[K, V]{skipped: skipped, err: err}
	for _, p := range pairs {
		value, err := c.values.Append(nil, &p.Value)
		if err != nil {
			return m, fmt.Errorf("value %v of key %v: %w", p.Value, p.Key, err)
		}
		m.pairs = append(m.pairs, pair[K, V]{p, c.keys.Append(nil, &p.Key), value})
	}
	if !c.mapOnly() { // a Map may range over a map
		slices.SortStableFunc(m.pairs, func(p, q pair[K, V]) int {
			order := bytes.Compare(p.key, q.key)
			if order == 0 && !c.job.Ordered {
				order = bytes.Compare(p.value, q.value)
			}
			return order
		})
	}
	return m, nil
}

func (m mapped[K, V]) String() string {
	switch {
	case m.err != nil:
		return "error: " + m.err.Error()
	case m.skipped != "":
		return fmt.Sprintf("skipped: %q", m.skipped)
	case len(m.pairs) == 0:
		return "no pair"
	}
	var b strings.Builder
	for i, p := range m.pairs {
		if i == 4 {
			fmt.Fprintf(&b, " and %d more", len(m.pairs)-i)
			break
		}
		fmt.Fprintf(&b, "  (%s, %s)", show(p.Key), show(p.Value))
	}
	return strings.TrimSpace(b.String())
}

// show is a key or value in a message.
func show(v any) string {
	const most = 200
	text := fmt.Sprintf("%+v", v)
	switch v.(type) {
	case string, []byte:
		text = fmt.Sprintf("%q", v)
	}
	if len(text) > most {
		text = fmt.Sprintf("%s... (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return text
}
