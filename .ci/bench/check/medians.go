package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// medians checks job m: the lower median of each bucket by measure, bucket and major version.
type medians struct {
	sample uint64

	mu    sync.Mutex
	want  map[series][]values // by bucket
	keys  int
	rows  int
	total int64
	most  int
	full  int
}

// series is the buckets of one measure and version.
type series struct{ measure, version string }

// values are those of one bucket: their number, and themselves if the bucket is one of the sample.
type values struct {
	n    int
	keep bool
	all  []int64
	seen bool // in the rows
}

func newMedians(sample uint64) *medians {
	return &medians{sample: sample, want: make(map[series][]values)}
}

func (m *medians) ping(path []string, _, value []byte) error {
	var ping struct{ Histograms map[string]json.RawMessage }
	if err := json.Unmarshal(value, &ping); err != nil {
		return err
	}
	version, _, _ := strings.Cut(path[3], ".")
	for measure, array := range ping.Histograms {
		texts := elements(array)
		if err := m.add(series{measure, version}, texts[:len(texts)-5]); err != nil {
			return err
		}
	}
	return nil
}

func (m *medians) add(s series, texts [][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.want[s]
	for i := len(list); i < len(texts); i++ {
		hash := digest([]byte(s.measure), []byte(strconv.Itoa(i)), []byte(s.version))
		list = append(list, values{keep: hash%m.sample == 0})
		m.want[s] = list
		m.keys++
	}
	for i, text := range texts {
		v := &list[i]
		v.n++
		if v.keep {
			n, err := parseInt(text)
			if err != nil {
				return err
			}
			v.all = append(v.all, n)
		}
	}
	return nil
}

func (m *medians) row(cells [][]byte) error {
	if len(cells) != 5 {
		return fmt.Errorf("%d cells", len(cells))
	}
	var numbers [3]int64
	for i, c := range []int{1, 3, 4} {
		n, err := strconv.ParseInt(string(cells[c]), 10, 64)
		if err != nil {
			return err
		}
		numbers[i] = n
	}
	index, pings, median := int(numbers[0]), int(numbers[1]), numbers[2]
	list := m.want[series{string(cells[0]), string(cells[2])}]
	if index < 0 || index >= len(list) || list[index].seen {
		return errors.New("a key that is not in the store, or in two rows")
	}
	v := &list[index]
	v.seen = true
	if v.n != pings {
		return fmt.Errorf("%d values, want %d", pings, v.n)
	}
	m.rows++
	m.total += int64(pings)
	m.most = max(m.most, pings)
	if !v.keep {
		return nil
	}
	m.full++
	slices.Sort(v.all)
	if want := v.all[(pings-1)/2]; median != want {
		return fmt.Errorf("the median is %d, want %d", median, want)
	}
	return nil
}

func (m *medians) end() (string, error) {
	if m.rows != m.keys {
		return "", fmt.Errorf("%d rows, want %d", m.rows, m.keys)
	}
	return fmt.Sprintf("m: %d values of %d keys, none with more than %.3f %% of them; the medians of %d keys are right",
		m.total, m.keys, 100*float64(m.most)/float64(m.total), m.full), nil
}
