package mapreducetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage"
)

// A group is the values of a key, order fields included, in the order of the input.
type group struct {
	key    any
	coded  []byte
	values [][]byte // encoded
}

// mostAgain is how many records are mapped a second time, each of which is looked for in its file.
const mostAgain = 2000

// mapTwice maps each record on its own, twice, the second time in another order, and returns the pairs by key, in the order of
// keys.
func (c *check) mapTwice() ([]group, error) {
	input := c.store.input()
	first := make([]mapped, len(c.records))
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
		if err == nil && !slices.EqualFunc(first[i].pairs, second.pairs, pair.equal) {
			err = faultf("Map of %s depends on more than its record:\n  first:                  %s\n  again, in another order: %s\n"+
				"a Map sees one record: it must not remember others, nor ask a clock or a random number", c.name(i), first[i], second)
		}
		return err
	}); err != nil {
		return nil, err
	}

	index := map[string]int{}
	var groups []group
	for _, i := range input {
		for _, p := range first[i].pairs {
			at, ok := index[string(p.keyBytes)]
			if !ok {
				at = len(groups)
				index[string(p.keyBytes)] = at
				groups = append(groups, group{key: p.key, coded: p.keyBytes})
			}
			groups[at].values = append(groups[at].values, p.valueBytes)
		}
	}
	slices.SortFunc(groups, func(a, b group) int { return bytes.Compare(a.coded, b.coded) })
	return groups, nil
}

func (p pair) equal(q pair) bool {
	return bytes.Equal(p.keyBytes, q.keyBytes) && bytes.Equal(p.valueBytes, q.valueBytes)
}

// try maps a record. Its pairs are in the order of Emit as far as that matters.
func (c *check) try(rec storage.Record) (mapped, error) {
	m, err := c.job.try(rec)
	if err != nil || c.traits.mapOnly() {
		return m, err
	}
	slices.SortStableFunc(m.pairs, func(p, q pair) int { // a Map may range over a map
		order := bytes.Compare(p.keyBytes, q.keyBytes)
		if order == 0 && !c.traits.ordered {
			order = bytes.Compare(p.valueBytes, q.valueBytes)
		}
		return order
	})
	return m, nil
}

func (m mapped) String() string {
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
		fmt.Fprintf(&b, "  (%s, %s)", show(p.key), show(p.value))
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
