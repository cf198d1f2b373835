package rawlog

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// finishedEnd is how the name of a segment ends that is complete.
const finishedEnd = ".finished"

// A Segment is a raw log that is being written. What has been written and synced survives a kill and a power cut: the next
// Recover finishes the file. It is for one goroutine.
type Segment struct {
	dir     *os.Root
	file    *os.File
	name    string
	format  Format
	seed    uint32
	buf     []byte // frames that are not in the file yet
	waiting int64  // how many
	size    int64  // of the file
	records int64  // in the file
	broken  error
}

// Create begins a segment in a directory, in format V1, V2 or V3. Its name is not that of any other segment. The caller holds
// the directory's lock.
func Create(dir *os.Root, base string, f Format) (*Segment, error) {
	if f != V1 && f != V2 && f != V3 {
		return nil, fmt.Errorf("raw logs of format %v are read, not written", f)
	}
	s := &Segment{dir: dir, format: f}
	for ms := time.Now().UnixMilli(); ; ms++ {
		s.name = fmt.Sprintf("%s.%v.%s.%d.%d", base, f, hostname(), os.Getpid(), ms)
		if _, err := dir.Lstat(s.name + finishedEnd); err == nil {
			continue
		}
		var err error
		s.file, err = dir.OpenFile(s.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("beginning segment: %w", err)
		}
		break
	}
	if f == V3 {
		var seed [4]byte
		_, _ = rand.Read(seed[:]) // never fails
		s.seed = binary.LittleEndian.Uint32(seed[:])
		s.buf = appendHead(s.buf, s.seed)
	}
	// The name has to be there before the first record is said to be.
	if err := errors.Join(s.Flush(), storage.SyncDir(dir, ".")); err != nil {
		return nil, errors.Join(fmt.Errorf("beginning segment: %w", err), s.file.Close(), dir.Remove(s.name))
	}
	return s, nil
}

// hostname is this host's name as a part of a file name.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '_'
	}, name[:min(len(name), 64)])
}

// Name is the file's name in its directory: unfinished, and after Finish the finished one.
func (s *Segment) Name() string { return s.name }

// Size is the number of bytes in the file and in frames added since Flush.
func (s *Segment) Size() int64 { return s.size + int64(len(s.buf)) }

// Records is the number of records in the file and of frames added since Flush.
func (s *Segment) Records() int64 { return s.records + s.waiting }

// Add adds a frame that AppendFrame made for the segment's format. It keeps a copy; nothing is written before Flush.
func (s *Segment) Add(frame []byte) {
	at := len(s.buf)
	s.buf = append(s.buf, frame...)
	if s.format == V3 {
		seedFrame(s.buf[at:], s.seed)
	}
	s.waiting++
}

// Flush writes the frames that were added, in one go. After an error none of them is in the file, and all are forgotten; if
// the disk was full, the segment may be used again when there is space. If the file could not be set back, Broken says so.
func (s *Segment) Flush() error {
	if s.broken != nil {
		return s.broken
	}
	n, err := s.file.Write(s.buf)
	if err != nil {
		if n > 0 {
			s.broken = s.setBack()
		}
		s.forget()
		return fmt.Errorf("writing %s: %w", s.name, err)
	}
	s.size += int64(n)
	s.records += s.waiting
	s.forget()
	return nil
}

func (s *Segment) forget() {
	s.waiting = 0
	if s.buf = s.buf[:0]; cap(s.buf) > 8<<20 {
		s.buf = nil
	}
}

// setBack undoes half a write.
func (s *Segment) setBack() error {
	if err := s.file.Truncate(s.size); err != nil {
		return fmt.Errorf("cutting off half a write of %s: %w", s.name, err)
	}
	if _, err := s.file.Seek(s.size, 0); err != nil {
		return fmt.Errorf("cutting off half a write of %s: %w", s.name, err)
	}
	return nil
}

// Sync returns when what Flush has written would survive a power cut. After an error nobody knows what would, and a second
// try could succeed without need: the segment is broken.
func (s *Segment) Sync() error {
	if s.broken != nil {
		return s.broken
	}
	if err := syncData(s.file); err != nil {
		s.broken = fmt.Errorf("syncing %s: %w", s.name, err)
	}
	return s.broken
}

// Broken is why the segment can take no more records, nil if it can. One that is finished cannot.
func (s *Segment) Broken() error { return s.broken }

// Finish completes the segment, gives it its finished name, such that it survives a power cut, and closes it. One without
// records is removed. If the disk is full the segment stays open, and Finish may be tried again; after any other error it is
// broken, and the file as a killed writer leaves it.
func (s *Segment) Finish() error {
	if err := s.finish(); err != nil {
		return err
	}
	return s.file.Close()
}

func (s *Segment) finish() error {
	if s.broken != nil {
		return s.broken
	}
	if err := s.Flush(); err != nil {
		return err
	}
	if s.records == 0 {
		s.broken = os.ErrClosed
		return s.dir.Remove(s.name)
	}
	if s.format == V3 {
		s.buf = appendEnd(s.buf, s.records)
		seedFrame(s.buf, s.seed)
		if err := s.Flush(); err != nil {
			return err
		}
	}
	if err := s.file.Sync(); err != nil {
		s.broken = fmt.Errorf("syncing %s: %w", s.name, err)
		return s.broken
	}
	s.broken = os.ErrClosed // whatever becomes of the name, nothing follows the end
	return s.rename()
}

func (s *Segment) rename() error {
	name := s.name + finishedEnd
	if err := s.dir.Rename(s.name, name); err != nil {
		return fmt.Errorf("finishing segment: %w", err)
	}
	s.name = name
	return storage.SyncDir(s.dir, ".")
}

// Abandon closes the segment and leaves the file to the next Recover.
func (s *Segment) Abandon() error { return s.file.Close() }
