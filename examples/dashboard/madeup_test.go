package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// command is the program with these arguments: TestMain makes the test's own program be the dashboard.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), name, args...)
}

// dashboard runs the program, and returns what it says.
func dashboard(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("dashboard %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func updateDays(t *testing.T, store, state, days string) {
	t.Helper()
	dashboard(t, "update", "--data", store, "--state", state, "--day", days)
}

func publishSite(t *testing.T, state, site string) {
	t.Helper()
	dashboard(t, "publish", "--state", state, "--site", site, "--definitions", definitionsFile(t))
}

const definitions = `{
	"DEMO_LINEAR": {"kind": "linear", "low": 5, "high": "5 * 10", "n_buckets": "5 + 1", "description": "linear"},
	"DEMO_EXP": {"kind": "exponential", "low": 1, "high": 100, "n_buckets": 5, "description": "exponential"},
	"DEMO_BOOL": {"kind": "boolean", "description": "boolean"},
	"DEMO_FLAG": {"kind": "flag", "description": "flag"},
	"DEMO_ENUM": {"kind": "enumerated", "n_values": 4, "description": "enumerated"}
}`

func definitionsFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "Histograms.json")
	if err := os.WriteFile(name, []byte(definitions), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// A ping is one of a made-up store.
type ping struct {
	reason, app, channel, version, built, submitted string
	info                                            map[string]string
	histograms                                      map[string][]float64
	simple                                          map[string]any
	text                                            string // in place of info and what follows
}

func writeStore(t *testing.T, pings []ping) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	tree, err := storage.Init(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	w := storage.NewWriter(tree, storage.WriterOptions{Unique: func(n int) string { return fmt.Sprint(n) }})
	defer w.Close()
	for i, p := range pings {
		text := []byte(p.text)
		if p.text == "" {
			if text, err = json.Marshal(map[string]any{"info": p.info, "histograms": p.histograms, "simpleMeasurements": p.simple}); err != nil {
				t.Fatal(err)
			}
		}
		dims := []string{p.reason, p.app, p.channel, p.version, p.built, p.submitted}
		if err := w.Append(dims, fmt.Appendf(nil, "%032x", i), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// recoded is a copy of a store whose files are stored with another codec, or without any.
func recoded(t *testing.T, store, extension string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	err := filepath.WalkDir(store, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(store, name)
		to := filepath.Join(dir, rel)
		if err != nil || d.IsDir() {
			return os.MkdirAll(to, 0o777)
		}
		in, err := storage.OpenFile(name)
		if err != nil {
			return err
		}
		defer in.Close()
		if stem, ok := strings.CutSuffix(to, ".zst"); ok {
			to = stem + extension
		}
		out, err := storage.CreateFile(to)
		if err != nil {
			return err
		}
		defer out.Close()
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
		return out.Commit()
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// bucketed is the stored histogram of samples.
func bucketed(bounds []float64, logs bool, samples ...float64) []float64 {
	a := make([]float64, len(bounds)+5)
	tail := a[len(bounds):]
	for _, x := range samples {
		i := len(bounds) - 1
		for bounds[i] > x {
			i--
		}
		a[i]++
		log := math.Log(x + 1)
		tail[0] += x
		tail[1] += log
		tail[2] += log * log
		tail[3] += x * x
	}
	if logs {
		tail[3], tail[4] = -1, -1
	} else {
		tail[1], tail[2] = -1, -1
	}
	return a
}

const firstDay, lastDay = "20131125", "20131206"

// madeUp are the pings of two releases, four systems and twelve days, with measures of all kinds.
var madeUp = sync.OnceValue(func() []ping {
	random := rand.New(rand.NewPCG(20131101, 27))
	systems := []struct{ app, os, version, arch string }{
		{"Firefox", "WINNT", "6.1", "x86"},
		{"Firefox", "WINNT", "5.1", "x86"},
		{"Firefox", "Linux", "3.11.0-12-generic", "x86-64"},
		{"Firefox", "Linux", "3.1.10", "x86-64"},
		{"Firefox", "Darwin", "13.0.0", "x86-64"},
		{"Fennec", "Android", "18", "arm"},
	}
	whole := func(most int) float64 { return float64(random.IntN(most)) }
	var pings []ping
	for day := date(firstDay); !day.After(date(lastDay)); day = day.AddDate(0, 0, 1) {
		for n := range 40 {
			s := systems[random.IntN(len(systems))]
			p := ping{
				reason: []string{"saved-session", "saved-session", "idle-daily"}[n%3], app: s.app, channel: "nightly", version: "27.0a1",
				built: day.AddDate(0, 0, -random.IntN(3)*30-random.IntN(3)).Format("20060102") + "030201", submitted: day.Format("20060102"),
				info: map[string]string{"OS": s.os, "version": s.version, "arch": s.arch},
				histograms: map[string][]float64{
					"DEMO_LINEAR":         bucketed(linearBounds(5, 50, 6), false, whole(60), whole(60), whole(60)),
					"DEMO_EXP":            bucketed(exponentialBounds(1, 100, 5), true, whole(200), whole(10)),
					"STARTUP_DEMO_EXP":    bucketed(exponentialBounds(1, 100, 5), true, whole(9)),
					"DEMO_BOOL":           bucketed(linearBounds(1, 2, 3), false, whole(2)),
					"DEMO_ENUM":           bucketed(linearBounds(1, 4, 5), false, whole(4)),
					"NOBODY_KNOWS_OF_IT":  {1, 0, 0, 0, 0, 0, 0},
					"STARTUP_DEMO_LINEAR": {1, 0, 0, 0, 0, 0, 0}, // another length than defined
				},
				simple: map[string]any{"firstPaint": whole(40000), "js": map[string]any{"setProto": whole(9)}},
			}
			if n%2 == 0 {
				p.channel, p.version = "beta", "26.0"
			}
			if n%5 == 0 {
				p.histograms["DEMO_FLAG"] = bucketed(linearBounds(1, 2, 3), false, 1)
			}
			pings = append(pings, p)
		}
	}
	return pings
})

func date(text string) time.Time {
	d, err := time.Parse("20060102", text)
	if err != nil {
		panic(err)
	}
	return d
}
