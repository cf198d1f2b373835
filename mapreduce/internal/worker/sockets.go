//go:build unix

package worker

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	// maxDirBytes leaves room for what go-plugin appends, in the 104 bytes that macOS has for a socket's path (Linux: 108).
	maxDirBytes = 103 - len("/plugin-dir4294967295/plugin4294967295")

	lockName = "lock"

	// unfinished marks a directory whose lock may not be held yet. If it is swept, its maker makes another.
	unfinished = ".new"
	tries      = 10
)

// NewSocketDir makes a private directory as [NewPrivateDir] does, with a path short enough for the sockets of workers: in the
// directory for temporary files, or in /tmp if the path would be too long.
func NewSocketDir() (dir string, cleanup func(), err error) {
	parent, err := filepath.Abs(os.TempDir())
	if err != nil {
		return "", nil, fmt.Errorf("directory for sockets: %w", err)
	}
	if len(filepath.Join(parent, newName())) > maxDirBytes {
		parent = "/tmp"
	}
	if dir, cleanup, err = NewPrivateDir(parent); err != nil {
		err = fmt.Errorf("directory for sockets: %w", err)
	}
	return dir, cleanup, err
}

// prefix is what the names of this user's private directories begin with.
func prefix() string { return "mr-" + strconv.Itoa(os.Getuid()) + "-" }

func newName() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return prefix() + hex.EncodeToString(random[:])
}

// NewPrivateDir makes a directory mr-UID-RANDOM in parent that only this user may enter. A lock in it is held until cleanup
// or the end of this process. First it removes such directories of this user's in parent that no process holds. cleanup
// removes the directory; it may be called more than once.
func NewPrivateDir(parent string) (dir string, cleanup func(), err error) {
	sweep(parent, prefix())

	// The name without suffix appears with the lock held, so that a sweep in another process never meets it unlocked.
	var lock *os.File
	for range tries {
		dir = filepath.Join(parent, newName())
		if lock, err = makeLocked(dir + unfinished); err != nil {
			continue
		}
		if err = os.Rename(dir+unfinished, dir); err == nil {
			break
		}
		_ = os.RemoveAll(dir + unfinished) // err says what matters
		_ = lock.Close()
	}
	if err != nil {
		return "", nil, err
	}
	return dir, func() {
		_ = os.RemoveAll(dir) // what is left is swept by a later run
		_ = lock.Close()
	}, nil
}

func makeLocked(dir string) (*os.File, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil && !tryLock(lock) {
		err = fmt.Errorf("%s: no lock", lock.Name())
		_ = lock.Close()
	}
	if err != nil {
		_ = os.RemoveAll(dir) // err says what matters
		return nil, err
	}
	return lock, nil
}

// sweep removes what processes that were killed have left in parent. It does what it can: whatever it cannot remove harms
// nobody.
func sweep(parent, prefix string) {
	dirs, _ := filepath.Glob(filepath.Join(parent, prefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !mine(info) {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		switch {
		case os.IsNotExist(err) && strings.HasSuffix(dir, unfinished):
			_ = os.Remove(dir) // fails if the lock is there by now
		case os.IsNotExist(err): // half swept
			_ = os.RemoveAll(dir)
		case err == nil:
			if tryLock(lock) {
				_ = os.RemoveAll(dir)
			}
			_ = lock.Close()
		}
	}
}

func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

func mine(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}
