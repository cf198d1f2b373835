package rawlog_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

func openRoot(t testing.TB) *os.Root {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func names(t *testing.T, root *os.Root) []string {
	entries, err := os.ReadDir(root.Name())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

var three = []rawlog.Record{
	{Time: 1, Path: []byte("a"), Data: []byte(`{"a":1}`)},
	{Time: 2, Path: []byte("b"), Data: []byte(`{"b":2}`)},
	{Time: 3, Path: []byte("c"), Data: []byte(`{"c":3}`)},
}

func TestSegment(t *testing.T) {
	root := openRoot(t)
	s, err := rawlog.Create(root, "log", rawlog.V3)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range three {
		s.Add(frame(t, rawlog.V3, r))
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	if done, err := rawlog.Finished(root.Name()); err != nil || len(done) > 0 {
		t.Errorf("finished before Finish: %v, %v", done, err)
	}
	content, err := root.ReadFile(s.Name())
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(content)) != s.Size() || s.Records() != 3 {
		t.Errorf("%d bytes on disk; Size() = %d, Records() = %d", len(content), s.Size(), s.Records())
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	done, err := rawlog.Finished(root.Name())
	if err != nil || len(done) != 1 || done[0] != s.Name() || !strings.HasPrefix(done[0], "log.v3.") {
		t.Errorf("finished: %v, %v; name %s", done, err, s.Name())
	}
}

func TestEmptySegmentLeavesNothing(t *testing.T) {
	root := openRoot(t)
	s, err := rawlog.Create(root, "log", rawlog.V3)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	if left := names(t, root); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestNamesDiffer(t *testing.T) {
	root := openRoot(t)
	var all []string
	for range 20 {
		s, err := rawlog.Create(root, "log", rawlog.V1)
		if err != nil {
			t.Fatal(err)
		}
		s.Add(frame(t, rawlog.V1, three[0]))
		if err := s.Finish(); err != nil {
			t.Fatal(err)
		}
		all = append(all, s.Name())
	}
	done, err := rawlog.Finished(root.Name())
	if err != nil || !slices.Equal(done, all) {
		t.Errorf("finished %v, %v, want %v", done, err, all)
	}
}

// Wherever the writer was killed, Recover keeps the whole records and no part of one.
func TestRecover(t *testing.T) {
	for _, f := range []rawlog.Format{rawlog.V1, rawlog.V2, rawlog.V3} {
		whole := file(t, f, three)
		ends := []int{len(whole) - 28} // of records
		if f != rawlog.V3 {
			ends = []int{len(whole)}
		}
		for i := 2; i > 0; i-- {
			ends = append(ends, ends[len(ends)-1]-len(frame(t, f, three[i])))
		}
		root := openRoot(t)
		for n := range len(whole) + 1 {
			name := "log." + f.String() + ".host.1.2"
			if err := root.WriteFile(name, whole[:n], 0o640); err != nil {
				t.Fatal(err)
			}
			done, err := rawlog.Recover(root, "log", rawlog.Options{})
			if err != nil || len(done) != 1 {
				t.Fatalf("%v, %d bytes: Recover = %v, %v", f, n, done, err)
			}
			want := 0
			for i, end := range ends {
				if end <= n {
					want = 3 - i
					break
				}
			}
			if done[0].Records != int64(want) || (done[0].Name == "") != (want == 0) {
				t.Errorf("%v, %d bytes: %+v, want %d records", f, n, done[0], want)
			}
			if want == 0 {
				if left := names(t, root); len(left) > 0 {
					t.Errorf("%v, %d bytes: left %v", f, n, left)
				}
				continue
			}
			content, err := root.ReadFile(name + ".finished")
			if err != nil {
				t.Fatal(err)
			}
			all := readAll(bytes.NewReader(content), rawlog.Options{Format: f})
			if len(all.damage) > 0 || !slices.Equal(texts(all.records), texts(three[:want])) {
				t.Errorf("%v, %d bytes: read %q, %v", f, n, texts(all.records), all.damage)
			}
			if err := root.Remove(name + ".finished"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRecoverKeepsDamageForReaders(t *testing.T) {
	root := openRoot(t)
	content := file(t, rawlog.V3, three)
	content[16+28] ^= 1                    // in the first record
	content = content[:len(content)-28-10] // in the last
	if err := root.WriteFile("log.v3.host.1.2", content, 0o640); err != nil {
		t.Fatal(err)
	}
	done, err := rawlog.Recover(root, "log", rawlog.Options{})
	if err != nil || len(done) != 1 || done[0].Records != 1 {
		t.Fatalf("Recover = %+v, %v", done, err)
	}
	content, err = root.ReadFile(done[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	all := readAll(bytes.NewReader(content), rawlog.Options{})
	if len(all.records) != 1 || string(all.records[0].Path) != "b" || len(all.damage) != 1 || all.damage[0].Offset != 16 {
		t.Errorf("read %q, %v", texts(all.records), all.damage)
	}
}

func TestRecoverLeavesOthersAlone(t *testing.T) {
	root := openRoot(t)
	others := []string{".log.lock", "log", "log.json", "log.v3", "log.v3.h.1.x", "log.v9.h.1.2", "other.v3.h.1.2", "log.v1.h.1.2.finished"}
	for _, name := range others {
		if err := root.WriteFile(name, []byte("x"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(t.TempDir(), "log.v1.h.1.2")
	if err := os.WriteFile(outside, []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root.Name(), "log.v1.h.1.3")); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	done, err := rawlog.Recover(root, "log", rawlog.Options{})
	if err != nil || len(done) > 0 {
		t.Errorf("Recover = %v, %v", done, err)
	}
	if content, err := os.ReadFile(outside); err != nil || string(content) != "x" {
		t.Errorf("behind the link: %q, %v", content, err)
	}
}

func TestFrameRefuses(t *testing.T) {
	for name, r := range map[string]rawlog.Record{
		"address": {Addr: make([]byte, 256)},
		"path":    {Path: make([]byte, 65536)},
		"time":    {Time: -1},
	} {
		for _, f := range []rawlog.Format{rawlog.V2, rawlog.V3} {
			if _, err := rawlog.AppendFrame(nil, f, &r); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v, %s: error %v", f, name, err)
			}
		}
	}
	if _, err := rawlog.AppendFrame(nil, rawlog.V0, &rawlog.Record{}); err == nil {
		t.Error("V0 is written")
	}
}
