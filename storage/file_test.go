package storage_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

func TestFileRoundTrip(t *testing.T) {
	contents := [][]byte{nil, []byte("x"), []byte("a\t1\n"), pings(3 << 19), bytes.Repeat([]byte{'\n'}, 3<<19)}
	steps := []int{100_003}
	if !testing.Short() {
		contents = append(contents, []byte("a\t1\n"+strings.Repeat("no line end", 850<<10)+"\nb\t2\n"))
		steps = append(steps, 1<<30)
	}
	for _, content := range contents {
		for _, ext := range []string{".tsv", ".zst", ".gz"} {
			var first []byte
			for _, step := range steps {
				name := filepath.Join(t.TempDir(), "f"+ext)
				w, err := storage.CreateFile(name)
				if err != nil {
					t.Fatal(err)
				}
				for p := range slices.Chunk(content, step) {
					if n, err := w.Write(p); n != len(p) || err != nil {
						t.Fatalf("Write of %d bytes: %d, %v", len(p), n, err)
					}
				}
				if err := errors.Join(w.Commit(), w.Close(), w.Close()); err != nil {
					t.Fatal(err)
				}
				r, err := storage.OpenFile(name)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(struct{ io.Reader }{r})
				if err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s in steps of %d: %d bytes, %v, want %d", ext, step, len(got), err, len(content))
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
				if info, err := os.Stat(name); err != nil || info.Size() != w.Size() {
					t.Errorf("%s: %v, %v, Size says %d", ext, info.Size(), err, w.Size())
				}
				stored, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = stored
				}
				if !bytes.Equal(stored, first) {
					t.Errorf("%s in steps of %d: other bytes than in steps of %d", ext, step, steps[0])
				}
			}
		}
	}
}

// What goes to the disk early is what goes there late.
func TestWriteBehind(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large")
	w, err := storage.CreateFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.WriteBehind()
	want := bytes.Repeat([]byte("0123456789abcdef\n"), 1<<20)
	for part := range slices.Chunk(want, 300_000) {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
}

// TestZstdTool lets the zstd tool check and decode our files.
func TestZstdTool(t *testing.T) {
	zstd, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("zstd is not installed")
	}
	for _, content := range [][]byte{nil, []byte("a\t1\n"), pings(5 << 20), bytes.Repeat([]byte("long"), 5<<20)} {
		name := filepath.Join(t.TempDir(), "f.zst")
		if err := os.WriteFile(name, pack(t, ".zst", content), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(zstd, "-tq", name).CombinedOutput(); err != nil {
			t.Errorf("zstd -t of %d bytes: %v: %s", len(content), err, out)
		}
		if out, err := exec.Command(zstd, "-dcq", name).Output(); err != nil || !bytes.Equal(out, content) {
			t.Errorf("zstd -dc of %d bytes: %d bytes, %v", len(content), len(out), err)
		}
	}
}

// TestFrames checks that frames end where lines end.
func TestFrames(t *testing.T) {
	content := pings(5 << 20)
	data := pack(t, ".zst", content)
	ends := frameEnds(t, data)
	entries, err := storage.ParseSeekTable(data[ends[len(ends)-1]+8:])
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for i, e := range entries {
		at += int(e[1])
		if e[1] > 1<<20 || at > 0 && content[at-1] != '\n' {
			t.Errorf("frame %d has %d bytes and ends at %d", i, e[1], at)
		}
	}
	if at != len(content) || len(entries) > 8+1 {
		t.Errorf("%d frames of %d bytes, want at most 9 of %d", len(entries), at, len(content))
	}
}

// TestCommitOrder checks the order of what makes a file survive a power cut.
func TestCommitOrder(t *testing.T) {
	for _, tt := range []struct {
		finish func(*storage.FileWriter) error
		want   string
	}{
		{(*storage.FileWriter).Commit, "sync TEMP, rename TEMP f, sync ."},
		{(*storage.FileWriter).Publish, "rename TEMP f"},
		{func(*storage.FileWriter) error { return nil }, "remove TEMP"},
	} {
		dir := t.TempDir()
		w, err := storage.CreateFile(filepath.Join(dir, "f"))
		if err != nil {
			t.Fatal(err)
		}
		names := list(t, dir)
		if len(names) != 1 || !strings.HasPrefix(names[0], ".f.") || !strings.HasSuffix(names[0], ".tmp") {
			t.Fatalf("files while writing: %q", names)
		}
		var events []string
		w.OnDisk(func(event string) { events = append(events, strings.ReplaceAll(event, names[0], "TEMP")) })
		if _, err := w.Write([]byte("content")); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(tt.finish(w), w.Close()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(events, ", "); got != tt.want {
			t.Errorf("events %s, want %s", got, tt.want)
		}
		left := "f"
		if strings.HasPrefix(tt.want, "remove") {
			left = ""
		}
		if got := strings.Join(list(t, dir), " "); got != left {
			t.Errorf("files left: %q, want %q", got, left)
		}
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestReplace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	w, err := storage.CreateFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	_, _ = w.Write([]byte("new")) // errors stick
	if got, _ := os.ReadFile(name); string(got) != "old" {
		t.Errorf("before Commit: %q", got)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "new" {
		t.Errorf("after Commit: %q", got)
	}
	if _, err := w.Write([]byte("more")); err == nil {
		t.Error("Write after Commit: no error")
	}
	if err := w.Commit(); err == nil {
		t.Error("second Commit: no error")
	}
}

func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f.xz", "f.lzma", "f.lz4", "f.bz2", "sub", "none/f"} {
		if w, err := storage.CreateFile(filepath.Join(dir, name)); err == nil {
			t.Errorf("CreateFile(%q): no error", name)
			w.Close()
		} else if !strings.Contains(err.Error(), filepath.Base(name)) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("CreateFile(%q): %v does not name the file", name, err)
		}
	}
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("files left: %q", names)
	}
	if _, err := storage.CreateFile(filepath.Join(dir, strings.Repeat("long", 50))); err != nil {
		t.Errorf("a name of 200 bytes: %v", err)
	}
}

func TestOpenFileErrors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.zst")
	if _, err := storage.OpenFile(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	data := pack(t, ".zst", pings(2<<20))
	for n := 1; n < len(data); n += len(data)/50 + 1 {
		if err := os.WriteFile(name, data[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := storage.OpenFile(name)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			r.Close()
		}
		if damaged, ok := errors.AsType[*storage.DamagedError](err); !ok || damaged.Path != filepath.ToSlash(name) {
			t.Errorf("cut to %d bytes: %v, want a DamagedError", n, err)
		}
	}
}
