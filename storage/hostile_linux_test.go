package storage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

var bomb = flag.Int("bomb", 18, "MiB of content that each bomb of TestBombs has")

// bombDir names, in the environment of a process of TestBombs, the store that it reads.
const bombDir = "MR_TEST_BOMB"

// maxBombMemory is what a process that reads a bomb may take. Most of it are the two places for a line of 16 MiB.
const maxBombMemory = 96 << 20

// A burst is what a process of TestBombs has read.
type burst struct {
	Counts storage.Counts
	Err    string
	Memory int64 // the most that the process had
}

// TestBombs reads files of every codec that are much larger inside than outside, as one line without an end and as a great many
// records, each in a process of its own, whose memory is looked at.
func TestBombs(t *testing.T) {
	if dir := os.Getenv(bombDir); dir != "" {
		burstBomb(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("decodes half a gigabyte")
	}
	size := int64(*bomb) << 20
	for name, tool := range bombTools() {
		for _, unit := range []string{"\x00", "k\t1\n"} {
			if unit != "\x00" && name != "gzip" && name != ".zst" && name != "zstd-long" {
				continue // the same records again
			}
			tree, file := testTree(t, tool.ext, nil)
			path := filepath.Join(tree.Dir(), file.Path)
			if !tool.bomb(t, path, size, unit) {
				continue
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestBombs$")
			cmd.Env = append(os.Environ(), bombDir+"="+tree.Dir())
			out, err := cmd.Output()
			var got burst
			if first, _, _ := bytes.Cut(out, []byte("\n")); err != nil || json.Unmarshal(first, &got) != nil {
				t.Fatalf("%s: %v: %s", name, err, out)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			want := storage.Counts{StoredBytes: info.Size(), Bytes: size, Lines: 1, BadLines: 1}
			if unit != "\x00" {
				want.Lines, want.BadLines = size/int64(len(unit)), 0
			}
			if got.Err != "" || got.Counts != want || got.Memory > maxBombMemory || got.Memory == 0 {
				t.Errorf("%s of %q: %+v, want %+v and at most %d bytes of memory", name, unit, got, want, maxBombMemory)
			}
			t.Logf("%s of %q: %d bytes from %d, memory %d MiB", name, unit, size, info.Size(), got.Memory>>20)
		}
	}
}

// burstBomb reads the file of a store and prints what came of it.
func burstBomb(t *testing.T, dir string) {
	tree, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	var b burst
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := file.Open(storage.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range r.Records() {
			if _, ok := errors.AsType[*storage.SyntaxError](err); err != nil && !ok {
				b.Err = err.Error()
			}
		}
		b.Counts = r.Counts()
		r.Close()
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status); m != nil {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64) // digits
		b.Memory = n << 10
	}
	if err := json.NewEncoder(os.Stdout).Encode(b); err != nil {
		t.Fatal(err)
	}
}

// bombTools are one of each codec, those that are written here, and a plain file.
func bombTools() map[string]tool {
	some := map[string]tool{"": {}, ".zst": {ext: ".zst"}, ".gz": {ext: ".gz"}}
	for _, name := range []string{"zstd", "zstd-long", "gzip", "xz", "lzma", "bzip2", "lz4", "s2", "snappy"} {
		some[name] = tools[name]
	}
	return some
}

// bomb writes a file of size bytes, which are unit again and again.
func (tool tool) bomb(t *testing.T, path string, size int64, unit string) bool {
	t.Helper()
	if tool.args == nil && tool.pack == nil && tool.ext == "" {
		return os.Truncate(path, size) == nil // a hole in the disk, NULs to readers
	}
	content := io.LimitReader(repeat(unit), size)
	if tool.args == nil && tool.pack == nil {
		w, err := storage.CreateFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		_, _ = io.Copy(w, content) // Publish tells
		if err := w.Publish(); err != nil {
			t.Fatal(err)
		}
		return true
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if tool.pack != nil {
		w := tool.pack(f)
		if _, err := io.Copy(w, content); err != nil {
			t.Fatal(err)
		}
		return w.Close() == nil
	}
	cmd := exec.Command(tool.args[0], tool.args[1:]...)
	cmd.Stdin, cmd.Stdout = content, f
	if err := cmd.Run(); err != nil {
		t.Logf("%v: %v: not tested", tool.args, err)
		return false
	}
	return true
}

// repeat gives a text for ever.
type repeat string

func (text repeat) Read(p []byte) (int, error) {
	n := copy(p, text)
	for n < len(p)-len(p)%len(text) {
		n += copy(p[n:len(p)-len(p)%len(text)], p[:n])
	}
	return n, nil
}

// asNobody calls f with the rights of a user who owns nothing, if this one may read all there is.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	runtime.LockOSThread() // the kernel keeps the user for file systems by thread
	defer runtime.UnlockOSThread()
	_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0) // it has no errors, and tells who it was before
	if now, _, _ := syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0); now != nobody {
		t.Skip("this process may read everything, and cannot become one that may not")
	}
	defer syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
	f()
}

// TestForbidden has files and directories that may not be read.
func TestForbidden(t *testing.T) {
	const path = "main/Firefox/nightly/28.0/1.2.v2.log"
	for _, tt := range []struct {
		what string // of path; . is the root
		mode fs.FileMode
	}{
		{path, 0},
		{filepath.Dir(path), 0},
		{filepath.Dir(path), 0o444}, // names can be listed, and nothing else
		{"main", 0},
		{"main", 0o111}, // nothing can be listed
		{".", 0},
	} {
		tree := storeOf(t, path)
		name := filepath.Join(tree.Dir(), tt.what)
		if err := os.Chmod(name, tt.mode); err != nil {
			t.Fatal(err)
		}
		var last error
		asNobody(t, func() {
			for file, err := range tree.Files(nil) {
				if last = err; err == nil {
					_, last = file.Open(storage.ReadOptions{})
				}
			}
		})
		if err := os.Chmod(name, 0o777); err != nil { // for the end of the test
			t.Fatal(err)
		}
		if !errors.Is(last, fs.ErrPermission) || !strings.Contains(last.Error(), name) {
			t.Errorf("%s of mode %o: %v", tt.what, tt.mode, last)
		}
	}
}
