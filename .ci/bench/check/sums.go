package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"sync"
)

// sums checks job b: histograms added up by channel, version, measure, operating system and date.
type sums struct {
	sample uint64

	mu   sync.Mutex
	want map[string]*total
	rows int
	full int
}

// total is what is known of a key: its samples, and the sum of its arrays if it is one of those checked as a whole.
type total struct {
	counts int64 // all buckets together
	whole  bool
	arrays int64
	sums   []*big.Float
	seen   bool // in the rows
}

// precision makes additions of float64 exact here: values differ by less than 2^400.
const precision = 512

func newSums(sample uint64) *sums {
	return &sums{sample: sample, want: make(map[string]*total)}
}

func (s *sums) ping(path []string, _, value []byte) error {
	var ping struct {
		Info       struct{ OS *string }
		Histograms map[string]json.RawMessage
	}
	if err := json.Unmarshal(value, &ping); err != nil {
		return err
	}
	if ping.Info.OS == nil {
		return nil
	}
	date := strings.Split(path[4], ".")[1]
	for measure, array := range ping.Histograms {
		key := strings.Join([]string{path[2], path[3], measure, *ping.Info.OS, date}, "\t")
		counts, err := countSamples(array)
		if err != nil {
			return err
		}
		if err := s.add(key, counts, array); err != nil {
			return err
		}
	}
	return nil
}

// countSamples adds up the buckets of an array.
func countSamples(array []byte) (int64, error) {
	texts := elements(array)
	var counts int64
	for _, text := range texts[:max(len(texts)-5, 0)] {
		n, err := parseInt(text)
		if err != nil {
			return 0, err
		}
		counts += n
	}
	return counts, nil
}

// elements splits a flat array.
func elements(array []byte) [][]byte {
	return bytes.Split(bytes.Trim(array, "[]"), []byte{','})
}

func parseInt(text []byte) (int64, error) {
	if len(text) == 1 && text[0] >= '0' && text[0] <= '9' {
		return int64(text[0] - '0'), nil
	}
	return strconv.ParseInt(string(text), 10, 64)
}

func (s *sums) add(key string, counts int64, array []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.want[key]
	if t == nil {
		t = &total{whole: digest([]byte(key))%s.sample == 0}
		s.want[key] = t
	}
	t.counts += counts
	if !t.whole {
		return nil
	}
	texts := elements(array)
	for len(t.sums) < len(texts) && t.arrays == 0 {
		t.sums = append(t.sums, new(big.Float).SetPrec(precision))
	}
	t.arrays++
	if len(t.sums) != len(texts) {
		return fmt.Errorf("%s has arrays of %d and %d elements", key, len(t.sums), len(texts))
	}
	for i, text := range texts {
		x, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return err
		}
		t.sums[i].Add(t.sums[i], new(big.Float).SetFloat64(x))
	}
	return nil
}

func (s *sums) row(cells [][]byte) error {
	if len(cells) != 6 {
		return fmt.Errorf("%d cells", len(cells))
	}
	key := string(bytes.Join(cells[:5], []byte{'\t'}))
	t := s.want[key]
	if t == nil || t.seen {
		return fmt.Errorf("key %q is not in the store, or twice in the rows", key)
	}
	t.seen = true
	s.rows++
	counts, err := countSamples(cells[5])
	if err != nil {
		return err
	}
	if counts != t.counts {
		return fmt.Errorf("key %q has %d samples, want %d", key, counts, t.counts)
	}
	if !t.whole {
		return nil
	}
	s.full++
	got := elements(cells[5])
	if len(got) != len(t.sums) {
		return fmt.Errorf("key %q has %d elements, want %d", key, len(got), len(t.sums))
	}
	for i, text := range got {
		x, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return err
		}
		if want, _ := t.sums[i].Float64(); x != want {
			return fmt.Errorf("key %q has %v as element %d, want %v", key, x, i, want)
		}
	}
	return nil
}

func (s *sums) end() (string, error) {
	if s.rows != len(s.want) {
		return "", fmt.Errorf("%d rows, want %d", s.rows, len(s.want))
	}
	return fmt.Sprintf("b: %d keys are right in their samples, %d of them in every bit", s.rows, s.full), nil
}
