package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Replacement says that a file takes the place of others in its directory, which have the same records and dimensions.
type Replacement struct {
	From string   `json:"from"` // slash path below the root, where no reader looks
	To   string   `json:"to"`   // name in the directory, which no file has
	Old  []string `json:"old"`  // names in the directory
}

// A change is what Tree.Replace does in a directory. It is written down twice before anything happens: in StateDir, for whoever
// locks the store after a kill, and in the directory, for readers.
type change struct {
	Dir          string        `json:"dir"` // slash path below the root
	Replacements []Replacement `json:"replacements"`
}

const (
	lockName       = "lock"          // in StateDir
	changeName     = "change.json"   // in StateDir
	markerName     = ".replace.json" // in a directory
	maxChangeBytes = 256 << 20
	lockPatience   = 10 * time.Second
)

// Lock locks the store for this process, against all others that call it: programs that have to know that nobody else changes
// what they work on. Readers and Writers do not. It completes what Replace has not, in a process that was killed. The error is an
// *InUseError if another process has the lock.
func (t *Tree) Lock() (*Lock, error) {
	if err := t.root.MkdirAll(StateDir, 0o777); err != nil {
		return nil, fmt.Errorf("locking the store: %w", err)
	}
	lock, err := LockFile(filepath.Join(t.dir, StateDir, lockName))
	if err != nil {
		return nil, err
	}
	if err := t.completeReplace(); err != nil {
		lock.Release()
		return nil, fmt.Errorf("completing what was begun in the store: %w", err)
	}
	return lock, nil
}

// Replace makes files take the place of others in the directory with this slash path, all in one moment for those who list the
// directory by this package: they see either what was there, or what is there now. New files are moved there, old ones removed.
// The new files must be on the disk, and the caller must hold the Lock.
//
// A process that is killed, or a power cut, leaves one of the two, too: the next Lock completes it. So does it after an error,
// which may come before or after that moment. Where directories cannot be locked, which is so on Windows and on some network
// file systems, the error says so and nothing has changed.
func (t *Tree) Replace(dir string, list []Replacement) error {
	c := change{Dir: dir, Replacements: list}
	if err := t.replace(c); err != nil {
		return fmt.Errorf("replacing files in %s: %w", filepath.Join(t.dir, filepath.FromSlash(dir)), err)
	}
	return nil
}

func (t *Tree) replace(c change) error {
	if err := c.check(); err != nil {
		return err
	}
	held, err := lockDir(t.root, c.Dir, true)
	if err != nil {
		return err
	}
	defer held.Close() // unlocks; nothing is lost with it
	for _, r := range c.Replacements {
		switch _, err := t.root.Lstat(c.path(r.To)); {
		case err == nil:
			return fmt.Errorf("%s: %w", r.To, fs.ErrExist)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := t.write(filepath.Join(StateDir, changeName), text); err != nil {
		return err
	}
	return t.apply(c, text)
}

// check sees to it that no name leads elsewhere.
func (c change) check() error {
	for _, r := range c.Replacements {
		for _, name := range append(slices.Clone(r.Old), r.To) {
			if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
				return fmt.Errorf("%q is not the name of a file", name)
			}
		}
		if slices.Contains(r.Old, r.To) {
			return fmt.Errorf("%q cannot take its own place", r.To)
		}
	}
	return nil
}

func (c change) path(name string) string { return filepath.Join(filepath.FromSlash(c.Dir), name) }

// apply does what c says, or the rest of it, while the directory is locked. Each step is on the disk before the next begins.
func (t *Tree) apply(c change, text []byte) error {
	if err := t.write(c.path(markerName), text); err != nil {
		return err
	}
	for _, r := range c.Replacements {
		if err := t.place(filepath.FromSlash(r.From), c.path(r.To)); err != nil {
			return err
		}
	}
	if err := SyncDir(t.root, c.path(".")); err != nil {
		return err
	}
	for _, r := range c.Replacements {
		for _, name := range r.Old {
			if err := t.remove(c.path(name)); err != nil {
				return err
			}
		}
	}
	if err := SyncDir(t.root, c.path(".")); err != nil {
		return err
	}
	for _, name := range []string{c.path(markerName), filepath.Join(StateDir, changeName)} {
		if err := t.remove(name); err != nil {
			return err
		}
		if err := SyncDir(t.root, filepath.Dir(name)); err != nil {
			return err
		}
	}
	return nil
}

// write makes a file with this text, by way of StateDir, so that nothing else is left in a directory of the store by a kill.
func (t *Tree) write(name string, text []byte) error {
	w, err := createVia(t.root, name, filepath.Join(StateDir, changeName))
	if err != nil {
		return err
	}
	return w.commitAll(text)
}

// remove removes a file that may be gone.
func (t *Tree) remove(name string) error {
	if err := t.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// completeReplace does the rest of a change, and removes what else a Replace that was killed has left.
func (t *Tree) completeReplace() error {
	names, err := readNames(t.root, StateDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if isTempOf(name, changeName) {
			if err := t.remove(filepath.Join(StateDir, name)); err != nil {
				return err
			}
		}
	}
	if !slices.Contains(names, changeName) {
		return nil
	}
	c, text, err := readChange(t.root, filepath.Join(StateDir, changeName))
	if err != nil {
		return err
	}
	held, err := lockDir(t.root, c.Dir, true)
	if err != nil {
		return err
	}
	defer held.Close() // unlocks
	return t.apply(c, text)
}

func readChange(root *os.Root, name string) (c change, text []byte, err error) {
	f, err := openRegular(root, name)
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return c, nil, fmt.Errorf("%s: %w", path.Base(filepath.ToSlash(name)), p.Err)
	}
	if err != nil {
		return c, nil, err
	}
	defer f.Close()
	if text, err = io.ReadAll(io.LimitReader(f, maxChangeBytes+1)); err != nil {
		return c, nil, err
	}
	if len(text) > maxChangeBytes {
		return c, nil, fmt.Errorf("%s is longer than %d bytes", name, maxChangeBytes)
	}
	if err = json.Unmarshal(text, &c); err == nil {
		err = c.check()
	}
	if err != nil {
		return c, nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, text, nil
}

// listFiles returns the names in a directory of files, without those whose place another has taken. Until held is closed, no
// Replace changes the directory.
func listFiles(parent *os.Root, name string) (names []string, held *os.File, err error) {
	if held, err = lockDir(parent, name, false); err != nil {
		return nil, nil, err
	}
	names, err = held.Readdirnames(-1)
	if err == nil && slices.Contains(names, markerName) { // of a process that was killed, for others are not at work now
		names, err = withoutReplaced(parent, name, names)
	}
	if err != nil {
		_ = held.Close() // err says what matters
		return nil, nil, err
	}
	return names, held, nil
}

// withoutReplaced leaves out the marker of a change, and for each new file that is there those whose place it takes.
func withoutReplaced(parent *os.Root, dir string, names []string) ([]string, error) {
	c, _, err := readChange(parent, path.Join(dir, markerName))
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	gone := map[string]bool{markerName: true}
	for _, r := range c.Replacements {
		for _, name := range r.Old {
			gone[name] = there[r.To]
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return gone[name] }), nil
}

// lockDir opens a directory below root and locks it until it is closed: for a change, or against one. Where directories cannot
// be locked there are no changes, and nothing to wait for.
func lockDir(root *os.Root, dir string, change bool) (*os.File, error) {
	f, err := openDir(root, filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	var waited time.Duration
	for pause := time.Millisecond; ; pause = min(2*pause, 10*time.Millisecond) {
		err = tryLockDir(f, change)
		if !errors.Is(err, errLocked) || waited >= lockPatience {
			break
		}
		time.Sleep(pause)
		waited += pause
	}
	switch {
	case errors.Is(err, errLocked):
		err = fmt.Errorf("another program has kept the directory %s locked for %v", f.Name(), lockPatience)
	case err != nil && change:
		err = fmt.Errorf("the directory cannot be locked: %w", err)
	default:
		return f, nil
	}
	_ = f.Close() // only opened
	return nil, err
}
