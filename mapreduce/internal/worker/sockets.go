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
	"time"
)

const (
	// maxDirBytes leaves room for what go-plugin appends, in the 104 bytes that macOS has for a socket's path (Linux: 108).
	maxDirBytes = 103 - len("/plugin-dir4294967295/plugin4294967295")

	lockName = "lock"

	// unfinished marks a directory whose lock is not yet held. It is swept after staleAge.
	unfinished = ".new"
	staleAge   = time.Minute // locking takes microseconds
)

// NewSocketDir makes a private directory with a short path for the sockets of workers: mr-UID-RANDOM in the directory for
// temporary files, or in /tmp if the path would be too long for a socket. A lock in it is held until cleanup or the end of
// this process. First it removes such directories of this user's that no process holds. cleanup removes the directory; it
// may be called more than once.
func NewSocketDir() (dir string, cleanup func(), err error) {
	prefix := "mr-" + strconv.Itoa(os.Getuid()) + "-"
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	name := prefix + hex.EncodeToString(random[:])

	parent, err := filepath.Abs(os.TempDir())
	if err != nil {
		return "", nil, fmt.Errorf("directory for sockets: %w", err)
	}
	if len(parent)+1+len(name) > maxDirBytes {
		parent = "/tmp"
	}
	sweep(parent, prefix)

	// The name without suffix appears with the lock held, so that a sweep in another process never meets it unlocked.
	dir = filepath.Join(parent, name)
	lock, err := makeLocked(dir + unfinished)
	if err != nil {
		return "", nil, fmt.Errorf("directory for sockets: %w", err)
	}
	if err := os.Rename(dir+unfinished, dir); err != nil {
		_ = os.RemoveAll(dir + unfinished) // err says what matters
		_ = lock.Close()
		return "", nil, fmt.Errorf("directory for sockets: %w", err)
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
		if strings.HasSuffix(dir, unfinished) {
			if time.Since(info.ModTime()) > staleAge {
				_ = os.RemoveAll(dir)
			}
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		switch {
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
