package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Part is a range of a file that can be read on its own: some frames of a seekable file, which begin and end with lines.
// The zero Part stands for the whole file.
type Part struct {
	Offset int64 // of the first byte of the range, in the stored file
	Length int64 // of the range, in the stored file
	Line   int64 // lines in the file before the range
	Start  int64 // bytes of decoded content before the range
	Bytes  int64 // bytes of decoded content in the range
}

// Parts divides the file into parts of at least size stored bytes each, but for the last: every record is in one of them, and
// their Lengths add up to the size of the file. The parts depend on the file and on size only. A file that cannot be divided,
// because it is not one that CreateFile has written, has one zero Part. The error may be a *DamagedError.
func (f File) Parts(size int64) ([]Part, error) {
	whole := []Part{{}}
	if f.Size <= size {
		return whole, nil
	}
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := readTables(file)
	if errors.Is(err, errNotSeekable) {
		return whole, nil
	}
	if err != nil {
		if _, ok := errors.AsType[*os.PathError](err); ok {
			return nil, fmt.Errorf("reading %s: %w", f.Path, err)
		}
		return nil, &DamagedError{Path: f.Path, Offset: f.Size, Err: err}
	}
	parts := t.parts(size)
	if len(parts) == 1 {
		return whole, nil
	}
	return parts, nil
}

var errNotSeekable = errors.New("not a seekable file of this package")

// tables are the two tables of a seekable file.
type tables struct {
	frames seekTable
	lines  []byte
	size   int64 // of the file
}

// readTables reads and checks the tables of a file, but none of its frames.
func readTables(file *os.File) (tables, error) {
	info, err := file.Stat()
	if err != nil {
		return tables{}, err
	}
	size := info.Size()
	promise := appendSkippable(nil, ownMagic, []byte(promiseText))
	head := make([]byte, len(promise))
	if err := readAt(file, head, 0, size); err != nil || !bytes.Equal(head, promise) {
		return tables{}, errors.Join(err, errNotSeekable)
	}
	var foot [9]byte
	if err := readAt(file, foot[:], size-9, size); err != nil {
		return tables{}, err
	}
	if binary.LittleEndian.Uint32(foot[5:]) != tableEnd {
		return tables{}, errNoTable
	}
	n := int64(binary.LittleEndian.Uint32(foot[:]))*12 + 9 // entries have checksums, else the next step fails
	if n > maxTable {
		return tables{}, errTable
	}
	content := make([]byte, 8+n)
	if err := readAt(file, content, size-8-n, size); err != nil {
		return tables{}, err
	}
	t := tables{size: size}
	if binary.LittleEndian.Uint32(content) != tableMagic || int64(binary.LittleEndian.Uint32(content[4:])) != n {
		return tables{}, errTable
	}
	if t.frames, err = parseSeekTable(content[8:]); err != nil {
		return tables{}, err
	}
	var end int64 // of all frames but the table
	for i := range t.frames.len() {
		stored, _, _ := t.frames.entry(i)
		end += int64(stored)
	}
	if !t.frames.checksums || end != size-8-n || t.frames.len() < 2 {
		return tables{}, errTable
	}
	last, _, _ := t.frames.entry(t.frames.len() - 1)
	lines := make([]byte, last)
	if err := readAt(file, lines, end-int64(last), size); err != nil {
		return tables{}, err
	}
	var ok bool
	if len(lines) < 8 || binary.LittleEndian.Uint32(lines) != ownMagic {
		return tables{}, errTable
	}
	if t.lines, ok = parseLineTable(lines[8:]); !ok || len(t.lines)/4 != t.frames.len()-2 {
		return tables{}, errTable
	}
	return t, nil
}

// readAt fills b, or says that the file of this size is too short for that.
func readAt(file *os.File, b []byte, at, size int64) error {
	if at < 0 || at+int64(len(b)) > size {
		return errTable
	}
	_, err := file.ReadAt(b, at)
	if err == io.EOF {
		return errTruncated
	}
	return err
}

// parts divides the frames. The promise belongs to the first part, the tables to the last.
func (t tables) parts(size int64) []Part {
	promise, _, _ := t.frames.entry(0)
	var parts []Part
	part := Part{Length: int64(promise)}
	var line int64
	for i := range t.frames.len() - 2 {
		stored, decoded, _ := t.frames.entry(i + 1)
		lines := binary.LittleEndian.Uint32(t.lines[i*4:])
		part.Length += int64(stored)
		part.Bytes += int64(decoded)
		line += int64(lines &^ openFrame)
		if part.Length >= size && lines&openFrame == 0 && i < t.frames.len()-3 {
			parts = append(parts, part)
			part = Part{Offset: part.Offset + part.Length, Line: line, Start: part.Start + part.Bytes}
		}
	}
	part.Length = t.size - part.Offset
	return append(parts, part)
}
