package mapreduce_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// stored is text as a file with this name's extension has it.
func stored(t *testing.T, name, text string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(name))
	f, err := storage.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// foreignZstd is text as one frame with one raw block, and no check of its content.
func foreignZstd(text string) []byte {
	n := len(text)<<3 | 1
	head := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, byte(n), byte(n >> 8), byte(n >> 16)}
	return append(head, text...)
}

// quarantineOf returns the two files of a quarantine.
func quarantineOf(t *testing.T, dir string) (list, raw string) {
	t.Helper()
	if got := names(t, dir); !slices.Equal(got, []string{"quarantine.jsonl", "quarantine.raw"}) {
		t.Errorf("the quarantine has %q", got)
	}
	return read(t, filepath.Join(dir, "quarantine.jsonl")), read(t, filepath.Join(dir, "quarantine.raw"))
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A damaged file fails the run, or is left aside as if it were not there. That no run takes the whole lines of one for all is
// tried with cuts at many places.
func TestDamagedFile(t *testing.T) {
	const before = "saved_session/Firefox/nightly/30.0a1/0.20140308.v2.log"
	text := strings.Repeat("id\t{\"a\":1}\nno record\nid\t{\n", 100)
	for name, whole := range map[string][]byte{
		aFile + ".gz": stored(t, "f.gz", text), aFile + ".zst": stored(t, "f.zst", text), aFile + ".2.zst": foreignZstd(text),
	} {
		store := t.TempDir()
		writeFile(t, store, before, "a\t{}\nno record\n")
		one := mapreduce.Config{Data: store, MaxBad: mapreduce.Budget{N: 1}, Workers: 2}
		want, base, err := runJob(t, jobs["half"].local(), one)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(whole); n += 1 + len(whole)/12 {
			writeFile(t, store, name, string(whole[:n]))
			for _, b := range []mapreduce.Budget{{}, {N: 1}, {Percent: 49}} {
				_, _, err := runJob(t, jobs["half"].local(), mapreduce.Config{Data: store, MaxBad: b})
				checkFault(t, err, true, nil)
				if text := fmt.Sprint(err); !strings.Contains(text, name+": damaged near byte ") && !strings.Contains(text, ":2: no TAB ") {
					t.Errorf("with %v: %v", b, err)
				}
			}
			for _, b := range []mapreduce.Budget{{N: 2}, {Percent: 100}} {
				out, stats, err := runJob(t, jobs["half"].local(), mapreduce.Config{Data: store, MaxBad: b})
				if err != nil || out != want {
					t.Fatalf("%s cut after %d bytes: %q, %v, want %q", name, n, out, err, want)
				}
				if stats.Files != 1 || stats.Damaged != 1 || stats.DamagedBytes != int64(n) || stats.Lines != base.Lines || stats.Bad != 1 ||
					!maps.Equal(stats.Counts, base.Counts) || len(stats.DamagedFiles) != 1 || stats.DamagedFiles[0].Path != name {
					t.Errorf("%s cut after %d bytes: %+v", name, n, stats)
				}
				if !stats.Inputs[0].Read || stats.Inputs[1].Read {
					t.Errorf("inputs %+v", stats.Inputs)
				}
			}
		}
	}
}

// What is read of a damaged file by several tasks counts for nothing, whoever finds the damage first.
func TestDamageInPart(t *testing.T) {
	store := largeStore(t)
	large := filepath.Join(store, largeFile)
	whole := []byte(read(t, large))
	if err := os.Remove(large); err != nil {
		t.Fatal(err)
	}
	cfg := mapreduce.Config{Data: store, Workers: 2, MaxBad: mapreduce.Budget{N: 3}}
	want, base, err := runJob(t, jobs["lists"].local(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{len(whole) / 2, len(whole) - 300<<10} {
		whole[at] ^= 0x10
	}
	writeFile(t, store, largeFile, string(whole))
	backwards := func(n int) []int {
		order := make([]int, n)
		for i := range order {
			order[i] = n - 1 - i
		}
		return order
	}
	var list, raw string
	for i, s := range []shape.Shape{{}, {TaskBytes: 300 << 10}, {TaskBytes: 300 << 10, Tasks: backwards}} {
		cfg.Workers, cfg.Quarantine = 1+i, filepath.Join(t.TempDir(), "bad")
		x := jobs["lists"].local()
		if i == 1 {
			x = command("lists")
		}
		out, stats, err := runShaped(t, s, x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if out != want || stats.Files != 2 || stats.Damaged != 1 || stats.DamagedBytes != int64(len(whole)) || stats.Lines != base.Lines || stats.Bad != 2 {
			t.Errorf("way %d: other output or account: %+v", i, stats)
		}
		l, r := quarantineOf(t, cfg.Quarantine)
		if i == 0 {
			list, raw = l, r
		}
		if l != list || r != raw || strings.Count(l, "\n") != 3 {
			t.Errorf("way %d: the quarantine is\n%s%s, want\n%s%s", i, l, r, list, raw)
		}
	}
	cfg.MaxBad.N = 2
	cfg.Quarantine = filepath.Join(t.TempDir(), "bad")
	_, _, err = runShaped(t, shape.Shape{TaskBytes: 300 << 10}, jobs["lists"].local(), cfg)
	checkFault(t, err, true, []string{"more than allowed"})
	if _, err := os.Stat(cfg.Quarantine); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a run that failed has left a quarantine (%v)", err)
	}
}

// deadlyStore has records that no worker survives, in files of several codecs; clean is the same without them.
func deadlyStore(t *testing.T, deaths ...string) (store, clean string, deadly []string) {
	store, clean = t.TempDir(), t.TempDir()
	for i, ext := range []string{"", ".gz", ".zst", ""} {
		var all, rest strings.Builder
		for n := range 40 {
			line := fmt.Sprintf("%d-%02d\t{}\n", i, n)
			all.WriteString(line)
			rest.WriteString(line)
			for k, how := range deaths {
				if k%4 == i && n == 7+k {
					line := fmt.Sprintf("deadly-%d\t{\"do\":%q}\n", k, how)
					all.WriteString(line)
					deadly = append(deadly, line)
				}
			}
		}
		name := fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log%s", i, ext)
		writeFile(t, store, name, string(stored(t, name, all.String())))
		writeFile(t, clean, name, string(stored(t, name, rest.String())))
	}
	return store, clean, deadly
}

// Records that end their process, crash it or fill its memory are set aside, and no others.
func TestDeadlyRecords(t *testing.T) {
	if worker.MemoryFactor > 1 {
		t.Skip("the race detector takes memory itself, so workers may have more than the records here take")
	}
	testDeadly(t, 0, map[string]int64{"exit": 2, "crash": 2, "memory": 2}, "exit", "keep", "crash", "eat", "goexit", "exit")
}

// So are those that let it stand still. That takes its time, in which nothing else must seem to.
func TestHangingRecord(t *testing.T) {
	testDeadly(t, 500*time.Millisecond, map[string]int64{"hang": 1, "exit": 1}, "exit", "hang")
}

func testDeadly(t *testing.T, timeout time.Duration, by map[string]int64, deaths ...string) {
	store, clean, deadly := deadlyStore(t, deaths...)
	cfg := mapreduce.Config{Data: clean, Memory: 160 << 20}
	want, _, err := runJob(t, jobs["deadly"].local(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data, cfg.RecordTimeout, cfg.MaxBad.N = store, timeout, int64(len(deaths))
	var list, raw string
	for i, workers := range []int{1, 3} {
		cfg.Workers, cfg.Quarantine = workers, filepath.Join(t.TempDir(), "bad")
		out, stats, err := runShaped(t, shape.Shape{TaskFiles: 2 - i}, command("deadly"), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if out != want || stats.Bad != int64(len(deaths)) || !maps.Equal(stats.BadBy, by) {
			t.Errorf("%d workers: bad %v, want %v; output\n%s", workers, stats.BadBy, by, out)
		}
		l, r := quarantineOf(t, cfg.Quarantine)
		if i == 0 {
			list, raw = l, r
			if want := strings.Join(deadly, ""); r != want {
				t.Errorf("quarantined\n%s, want\n%s", r, want)
			}
		}
		if l != list || r != raw {
			t.Errorf("%d workers: the quarantine is\n%s, want\n%s", workers, l, list)
		}
	}
}

func TestDeadlyRecordsBeyondBudget(t *testing.T) {
	store, _, _ := deadlyStore(t, "exit", "exit", "exit")
	cfg := mapreduce.Config{Data: store, MaxBad: mapreduce.Budget{N: 2}, Quarantine: filepath.Join(t.TempDir(), "bad")}
	_, stats, err := runJob(t, command("deadly"), cfg)
	checkFault(t, err, true, []string{": the job ended its process: exit status 3 (3 bad records are more than allowed)"})
	if _, err := os.Stat(cfg.Quarantine); stats.LostWorkers != 6 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%d workers lost; the quarantine: %v", stats.LostWorkers, err)
	}
}

// A job that no record survives is given up.
func TestDeadlyJob(t *testing.T) {
	if !*thorough {
		t.Skip("-thorough starts 200 workers")
	}
	store := t.TempDir()
	writeFile(t, store, aFile, strings.Repeat("culprit\t{}\n", 200))
	_, stats, err := runJob(t, command("exits"), mapreduce.Config{Data: store, MaxBad: mapreduce.Budget{Percent: 100}, Workers: 1})
	checkFault(t, err, true, []string{aFile + ":101: the job ended its process: exit status 3 (101 records have done so)"})
	if stats.LostWorkers != 202 {
		t.Errorf("%d workers lost", stats.LostWorkers)
	}
}

// The format of a quarantine, and what it does not have.
func TestQuarantine(t *testing.T) {
	store := t.TempDir()
	const dir = "saved_session/Firefox/nightly/30.0a1/"
	writeFile(t, store, dir+"1.20140308.v2.log.gz", "not gzip")
	writeFile(t, store, dir+"2.20140308.v2.log",
		"a\t{}\r\nno \xff tab\n\nlong\t"+strings.Repeat("x", 2000)+"\nbad\t{\n"+"err\xfe\t{\"do\":\"error\"}\npanic\t{\"do\":\"panic\"}\r\nexit\t{\"do\":\"exit\"}\nb\t{}\nlast")
	cfg := mapreduce.Config{
		Data: store, MaxBad: mapreduce.Budget{N: 9}, MaxRecord: 1000,
		Quarantine: filepath.Join(t.TempDir(), "bad"),
	}
	for range 2 { // the second replaces what the first has left
		out, stats, err := runJob(t, command("deadly"), cfg)
		if err != nil || out != "a\t1\nb\t1\n" || stats.Bad != 8 {
			t.Fatalf("output %q, %d bad, %v", out, stats.Bad, err)
		}
	}
	list, raw := quarantineOf(t, cfg.Quarantine)
	want := strings.ReplaceAll(strings.ReplaceAll(`{"file":"D/1.20140308.v2.log.gz","offset":0,"length":8,"class":"damaged","reason":"content is of no known codec, but its name claims gzip"}
{F,"line":2,"offset":6,"length":9,"class":"line","reason":"no TAB between key and value","raw":{"offset":0,"length":8,"crc32":"X"}}
{F,"line":3,"offset":15,"length":1,"class":"line","reason":"empty line","raw":{"offset":9,"length":0,"crc32":"X"}}
{F,"line":4,"offset":16,"length":2006,"class":"line","reason":"line longer than 1000 bytes"}
{F,"line":5,"offset":2022,"length":6,"key":"bad","class":"value","reason":"value is not a JSON object","raw":{"offset":10,"length":5,"crc32":"X"}}
{F,"line":6,"offset":2028,"length":20,"key":"err\\xfe","class":"error","reason":"no such country: \\xfe","raw":{"offset":16,"length":19,"crc32":"X"}}
{F,"line":7,"offset":2048,"length":22,"key":"panic","class":"panic","reason":"panic: no such country (jobs_test.go:P)","raw":{"offset":36,"length":20,"crc32":"X"}}
{F,"line":8,"offset":2070,"length":19,"key":"exit","class":"exit","reason":"the job ended its process: exit status 3","raw":{"offset":57,"length":18,"crc32":"X"}}
{F,"line":10,"offset":2094,"length":4,"class":"line","reason":"no TAB between key and value","raw":{"offset":76,"length":4,"crc32":"X"}}
`, "{F", `{"file":"D/2.20140308.v2.log"`), `"D/`, `"`+dir)
	if got := masked(t, list, raw); got != want {
		t.Errorf("the list is\n%s\nwant\n%s", got, want)
	}
	if want := "no \xff tab\n\nbad\t{\nerr\xfe\t{\"do\":\"error\"}\npanic\t{\"do\":\"panic\"}\nexit\t{\"do\":\"exit\"}\nlast\n"; raw != want {
		t.Errorf("the raw records are %q, want %q", raw, want)
	}

	// A run that fails leaves it, one that has no bad data empties it.
	failing := cfg
	failing.MaxBad.N = 8
	if _, _, err := runJob(t, command("deadly"), failing); err == nil {
		t.Error("the run has succeeded")
	}
	if l, r := quarantineOf(t, cfg.Quarantine); l != list || r != raw {
		t.Error("a run that failed has touched the quarantine")
	}
	cfg.Data = t.TempDir()
	writeFile(t, cfg.Data, aFile, "a\t{}\n")
	if _, _, err := runJob(t, jobs["deadly"].local(), cfg); err != nil {
		t.Fatal(err)
	}
	if l, r := quarantineOf(t, cfg.Quarantine); l != "" || r != "" {
		t.Errorf("the quarantine of a run without bad data is %q, %q", l, r)
	}
}

// masked is a list without what is known otherwise: each checksum is that of the raw bytes, and a line of a Go file.
func masked(t *testing.T, list, raw string) string {
	t.Helper()
	for line := range strings.Lines(list) {
		var q struct {
			Raw *struct {
				Offset, Length int
				CRC32          string
			}
		}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		if q.Raw == nil {
			continue
		}
		if got := checksum(raw[q.Raw.Offset : q.Raw.Offset+q.Raw.Length]); got != q.Raw.CRC32 {
			t.Errorf("checksum %s, want %s: %s", got, q.Raw.CRC32, line)
		}
		list = strings.Replace(list, `"crc32":"`+q.Raw.CRC32+`"`, `"crc32":"X"`, 1)
	}
	const place = "(jobs_test.go:"
	if at := strings.Index(list, place); at >= 0 {
		end := strings.IndexByte(list[at:], ')')
		list = list[:at+len(place)] + "P" + list[at+end:]
	}
	return list
}

func TestQuarantinePlace(t *testing.T) {
	store, dir := culpritStore(t), t.TempDir()
	file := filepath.Join(dir, "file")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Symlink(store, filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		store, filepath.Join(store, "bad"), filepath.Join(store, "saved_session"), filepath.Join(dir, "link", "bad"),
		file, filepath.Join(dir, "none", "bad"), filepath.Join(dir, "out"),
	} {
		cfg := mapreduce.Config{Data: store, Output: filepath.Join(dir, "out"), Quarantine: q}
		_, err := mapreduce.Run(t.Context(), jobs["ids"].local(), cfg)
		if _, ok := errors.AsType[*mapreduce.ConfigError](err); !ok {
			t.Errorf("%s: %v, want a *ConfigError", q, err)
		}
	}
	var inner error
	job := counter(nil)
	quarantine := filepath.Join(dir, "bad")
	job.Map = mapInto(func() {
		inner = cmp.Or(inner, func() error {
			_, err := mapreduce.Run(t.Context(), jobs["ids"].local(), mapreduce.Config{Data: store, Output: filepath.Join(dir, "other"), Quarantine: quarantine})
			return err
		}())
	})
	cfg := mapreduce.Config{Data: store, Output: filepath.Join(dir, "out"), Quarantine: quarantine, Workers: 1}
	if _, err := mapreduce.Run(t.Context(), mapreduce.Local(job), cfg); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*mapreduce.InUseError](inner); !ok {
		t.Errorf("two runs with one quarantine: %v, want an *InUseError", inner)
	}
}

func checksum(s string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s))) }
