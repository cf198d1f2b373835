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
	root   string
	levels []filling
}

// A filling is how much a run of a job finds free.
type filling struct {
	victim *victim
	free   int64 // bytes
	of     int64 // that a run was seen to take
}

const (
	diskSize   = 32 << 20
	fillLevels = 50
)

func (x *torture) mountDisk() error {
	d := &x.disk
	d.root = x.TempDir()
	if err := syscall.Mount("tmpfs", d.root, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); err != nil {
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
	need := make([]int64, len(x.jobs))
	for i := range x.jobs {
		need[i] = x.most(&x.jobs[i])
	}
	for i := range fillLevels {
		n := i % len(x.jobs)
		d.levels = append(d.levels, filling{&x.jobs[n], need[n] * int64(i) * 3 / 2 / fillLevels, need[n]})
	}
	return nil
}

// most is how much of the disk a run takes.
func (x *torture) most(v *victim) (most int64) {
	empty := x.free()
	p := x.start(v, x.disk.place)
	for p.running() {
		most = max(most, empty-x.free())
		<-time.After(time.Millisecond)
	}
	x.judge(v, x.disk.place, p, false, "on a disk of its own")
	return most
}

func (x *torture) free() int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(x.disk.root, &s); err != nil {
		x.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// fillDisk runs a job on a disk that has not, or barely, room for it.
func (x *torture) fillDisk() (string, bool) {
	l := x.disk.levels[0]
	x.disk.levels = x.disk.levels[1:]
	filler := filepath.Join(x.disk.root, "filler")
	f, err := os.Create(filler)
	if err != nil {
		x.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, x.free()-l.free); err != nil {
		x.Fatal(err)
	}
	p := x.start(l.victim, x.disk.place)
	_ = p.wait() // judged below
	if err := os.Remove(filler); err != nil {
		x.Fatal(err)
	}
	if err := f.Truncate(0); err != nil { // it is open
		x.Fatal(err)
	}
	what := fmt.Sprintf("%d bytes free, of %d", l.free, l.of)
	came := x.judge(l.victim, x.disk.place, p, false, what)
	return came, len(x.disk.levels) > 0
}
