package mapreduce_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/telemetry-mr/mr/mapreduce"
)

// What is read is noted: each file with the checksum that its bytes have, and the program.
func TestReceipt(t *testing.T) {
	store := writeStore(t, 120)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	for name, x := range map[string]mapreduce.Executor{"command": command("ids"), "local": jobs["ids"].local()} {
		_, stats, err := runJob(t, x, mapreduce.Config{Data: store, Receipt: true, Format: mapreduce.CSV})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(stats.Inputs)) != stats.Files || stats.Format != mapreduce.CSV || !slices.Equal(stats.Columns, []string{"key", "value"}) {
			t.Errorf("%s: %d inputs of %d files, format %s, columns %q", name, len(stats.Inputs), stats.Files, stats.Format, stats.Columns)
		}
		for _, in := range stats.Inputs {
			path := filepath.Join(store, in.Path)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			want := mapreduce.Input{Path: in.Path, Size: int64(len(text)), ModTime: info.ModTime(), Read: true, CRC32: crc32.ChecksumIEEE(text)}
			if in != want {
				t.Errorf("%s: %+v, want %+v", name, in, want)
			}
		}
		switch p := stats.Program; {
		case name == "local" && p != nil:
			t.Errorf("local: a program %+v", p)
		case name == "command" && (p == nil || p.Path != exe || p.SHA256 != hex.EncodeToString(sum[:]) || p.Build == nil || p.Build.GoVersion == ""):
			t.Errorf("program %+v, want %s", p, exe)
		}
	}
	_, stats, err := runJob(t, jobs["ids"].local(), mapreduce.Config{Data: culpritStore(t)})
	if err != nil || len(stats.Inputs) != 1 || stats.Inputs[0].CRC32 != 0 || stats.Program != nil {
		t.Errorf("without a receipt: %+v, %v", stats, err)
	}
}

// A run that fails tells what it has read so far.
func TestReceiptOfFailure(t *testing.T) {
	_, stats, err := runJob(t, jobs["fails"].local(), mapreduce.Config{Data: culpritStore(t), Receipt: true})
	if err == nil || len(stats.Inputs) != 1 || stats.Inputs[0].Read || stats.Inputs[0].CRC32 != 0 {
		t.Errorf("%v; inputs %+v", err, stats.Inputs)
	}
}

// Each worker that comes to its end leaves two profiles that can be read.
func TestProfile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "of", "workers")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"worker-7.cpu.pprof", "worker-7.heap.pprof", "mine.pprof"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := runJob(t, command("spins"), mapreduce.Config{Data: culpritStore(t), Workers: 1, Profile: dir}); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), []string{"mine.pprof", "worker-1.cpu.pprof", "worker-1.heap.pprof"}; !slices.Equal(got, want) {
		t.Fatalf("profiles %q, want %q", got, want)
	}
	for name, sample := range map[string]string{"worker-1.cpu.pprof": "cpu", "worker-1.heap.pprof": "alloc_space"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := profile.Parse(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if i := slices.IndexFunc(p.SampleType, func(v *profile.ValueType) bool { return v.Type == sample }); i < 0 || len(p.Sample) == 0 {
			t.Errorf("%s has no samples of %s:\n%s", name, sample, p)
		}
		if sample == "cpu" && !slices.ContainsFunc(p.Function, func(f *profile.Function) bool { return strings.HasSuffix(f.Name, "_test.spin") }) {
			t.Errorf("%s does not know the function that took the time:\n%s", name, p)
		}
	}

	// A worker that is lost leaves none, and none is there twice. The second is asked whether the record was the reason.
	marker := filepath.Join(t.TempDir(), "died")
	if _, _, err := runJob(t, command("dies-once", marker), mapreduce.Config{Data: culpritStore(t), Workers: 1, Profile: dir}); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), []string{"mine.pprof", "worker-2.cpu.pprof", "worker-2.heap.pprof", "worker-3.cpu.pprof", "worker-3.heap.pprof"}; !slices.Equal(got, want) {
		t.Errorf("profiles %q, want %q", got, want)
	}
	_, _, err := runJob(t, command("ids"), mapreduce.Config{Data: culpritStore(t), Profile: filepath.Join(dir, "mine.pprof")})
	checkFault(t, err, false, []string{"the directory for profiles: "})
}
