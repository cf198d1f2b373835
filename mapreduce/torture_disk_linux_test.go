package mapreduce_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A disk is a small file system of which a run gets a part.
type disk struct {
	place
	root     string
	fillings []filling
}

// A filling is how much of a disk a run of a job finds free.
type filling struct {
	victim *victim
	free   int64
	of     int64  // that a run was seen to take
	what   string // bytes or inodes
}

const (
	diskBytes   = 32 << 20
	diskInodes  = 1000
	fillBytes   = 50 // levels
	fillInodes  = 20
	bytesFree   = "bytes"
	inodesFree  = "inodes"
	fillTooMuch = 3 // halves of what a run takes
)

func (x *torture) mountDisk() error {
	d := &x.disk
	d.root = x.TempDir()
	if err := syscall.Mount("tmpfs", d.root, "tmpfs", 0, fmt.Sprintf("size=%d,nr_inodes=%d", diskBytes, diskInodes)); err != nil {
		return fmt.Errorf("mounting a file system: %w", err)
	}
	x.Cleanup(func() {
		if err := syscall.Unmount(d.root, 0); err != nil {
			x.Error(err)
		}
	})
	d.place = place{filepath.Join(d.root, "output"), filepath.Join(d.root, "tmp")}
	for _, dir := range []string{d.dir, d.tmp} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	bytes, inodes := make([]int64, len(x.jobs)), make([]int64, len(x.jobs))
	for i := range x.jobs {
		bytes[i], inodes[i] = x.most(&x.jobs[i])
	}
	for i := range int64(fillBytes) {
		n := int(i) % len(x.jobs)
		d.fillings = append(d.fillings, filling{&x.jobs[n], bytes[n] * i * fillTooMuch / 2 / fillBytes, bytes[n], bytesFree})
	}
	for i := range int64(fillInodes) {
		n := int(i) % len(x.jobs)
		d.fillings = append(d.fillings, filling{&x.jobs[n], inodes[n] * i * fillTooMuch / 2 / fillInodes, inodes[n], inodesFree})
	}
	return nil
}

// most is how much of the disk a run takes, looked at often.
func (x *torture) most(v *victim) (bytes, inodes int64) {
	emptyBytes, emptyInodes := x.free()
	p := x.start(v, x.disk.place)
	for p.running() {
		b, i := x.free()
		bytes, inodes = max(bytes, emptyBytes-b), max(inodes, emptyInodes-i)
		<-time.After(time.Millisecond)
	}
	x.judge(v, x.disk.place, p, false, "on a disk of its own")
	return bytes, inodes
}

func (x *torture) free() (bytes, inodes int64) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(x.disk.root, &s); err != nil {
		x.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Ffree)
}

// fillDisk runs a job on a disk that has not, or barely, room for it.
func (x *torture) fillDisk() (string, bool) {
	f := x.disk.fillings[0]
	x.disk.fillings = x.disk.fillings[1:]
	fillers := filepath.Join(x.disk.root, "fillers")
	if err := os.Mkdir(fillers, 0o700); err != nil {
		x.Fatal(err)
	}
	bytes, inodes := x.free()
	if f.what == bytesFree {
		x.filler(fillers, 0, bytes-f.free)
	} else {
		for i := range inodes - f.free {
			x.filler(fillers, i, 0)
		}
	}
	p := x.start(f.victim, x.disk.place)
	_ = p.wait() // judged below
	if err := os.RemoveAll(fillers); err != nil {
		x.Fatal(err)
	}
	came := x.judge(f.victim, x.disk.place, p, false, fmt.Sprintf("%d %s free, of %d", f.free, f.what, f.of))
	return f.what + ", " + came, len(x.disk.fillings) > 0
}

// filler makes a file of n bytes.
func (x *torture) filler(dir string, i, n int64) {
	f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
	if err != nil {
		x.Fatal(err)
	}
	defer f.Close() // empty, but for its size
	if n > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, n); err != nil {
			x.Fatal(err)
		}
	}
}
