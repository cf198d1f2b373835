//go:build unix && !linux

package worker

import "os"

// newMarkFile makes a file for a mark in dir, without a name. It is written, so that a full disk shows now.
func newMarkFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "mark")
	if err != nil {
		return nil, err
	}
	err = os.Remove(f.Name())
	if err == nil {
		_, err = f.Write(make([]byte, markBytes))
	}
	if err != nil {
		_ = f.Close() // err says what matters
		return nil, err
	}
	return f, nil
}
