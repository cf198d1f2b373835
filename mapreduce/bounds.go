package mapreduce

import (
	"errors"
	"fmt"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
)

// A value and a row are held whole in memory, as the job has made them and as bytes. Longer ones than half of a worker's memory
// are refused by name, before the copy would make the worker one that uses too much.

// longest is how many bytes a row, or an encoded value, may have; 0 is any number.
func (s *station) longest() int64 { return s.setup.MemoryBytes / 2 }

func checkLength(what string, n int, most int64) error {
	if most == 0 || int64(n) <= most {
		return nil
	}
	return fmt.Errorf("%s of %d bytes is longer than %d, half of a worker's memory: the run needs more memory, or fewer workers", what, n, most)
}

// appendValue encodes a value for the table.
func (w *jobWorker[K, V]) appendValue(dst []byte, v *V) ([]byte, error) {
	out, err := w.values.Append(dst, v)
	if err == nil {
		err = checkLength("a value", len(out)-len(dst), w.longest())
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

// named tells the key in an error about its value.
func (w *jobWorker[K, V]) named(err error) error {
	e, ok := errors.AsType[*shuffle.ValueError](err)
	if !ok {
		return err
	}
	key, decodeErr := w.keys.Decode(e.Key)
	if decodeErr != nil {
		return err
	}
	return fmt.Errorf("key %s: %w", printKey(key), e.Err)
}

// cellBytes is the least that a cell adds to a row, as far as that is seen at once.
func cellBytes(cell any) int {
	switch c := cell.(type) {
	case string:
		return len(c)
	case *string:
		if c != nil {
			return len(*c)
		}
	case []byte:
		return len(c)
	}
	return 0
}
