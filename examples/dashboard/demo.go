package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// demo makes a store of made-up pings and all that follows from it. It is deterministic.
func demo(ctx context.Context, args []string) error {
	fs := newFlags("demo")
	dir := fs.String("dir", "", "new `directory` for the store, the state and the site; without it a temporary one")
	noServe := fs.Bool("no-serve", false, "make the site and stop")
	listen := fs.String("listen", "127.0.0.1:8080", "`address`")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	if *dir == "" {
		var err error
		if *dir, err = os.MkdirTemp("", "dashboard-"); err != nil {
			return err
		}
	}
	in := func(name string) string { return filepath.Join(*dir, name) }
	if err := writeDemo(in("store")); err != nil {
		return err
	}
	if err := os.WriteFile(in("Histograms.json"), []byte(demoDefinitions), 0o666); err != nil {
		return err
	}
	if err := update(ctx, []string{"--data", in("store"), "--state", in("state"), "--day", demoFirst + ".." + demoLast}); err != nil {
		return err
	}
	if err := publishSite(ctx, []string{"--state", in("state"), "--site", in("site"), "--definitions", in("Histograms.json"), "--gzip"}); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "dashboard: the store, its state and the site are in %s\n", *dir)
	if *noServe {
		return nil
	}
	return serveSite(ctx, in("site"), *listen)
}

const demoDefinitions = `{
	"GC_MS": {"kind": "exponential", "high": 10000, "n_buckets": 50, "description": "Time of a garbage collection, in ms"},
	"PAINT_RATE": {"kind": "linear", "low": 5, "high": "12 * 5", "n_buckets": 13, "description": "Frames painted in a second"},
	"SHUTDOWN_OK": {"kind": "boolean", "description": "Whether the last session ended as it should"},
	"PLUGIN_SEEN": {"kind": "flag", "description": "Whether a plug-in was started"},
	"NETWORK_KIND": {"kind": "enumerated", "n_values": 5, "description": "Kind of the network at the start: unknown, cable, wireless, mobile, none"}
}
`

const (
	demoFirst = "20140303"
	demoLast  = "20140314" // twelve days
	demoPings = 60         // of a day and a system, about
)

// A demoSystem is an operating system that sends demo pings. Slow is how its times compare to those of others.
type demoSystem struct {
	app, name, version, arch string
	slow, many               float64
}

var demoSystems = []demoSystem{
	{"Firefox", "WINNT", "6.1", "x86", 1, 3},
	{"Firefox", "WINNT", "5.1", "x86", 1.6, 1},
	{"Firefox", "Linux", "3.11.0-12", "x86-64", 0.8, 0.6},
	{"Firefox", "Darwin", "13.0.0", "x86-64", 0.7, 0.9},
	{"Fennec", "Android", "18", "arm", 2.5, 0.8},
}

// writeDemo makes the store.
func writeDemo(dir string) error {
	tree, err := storage.Init(dir, nil)
	if err != nil {
		return err
	}
	defer tree.Close()
	defs, err := histogram.ParseDefinitions([]byte(demoDefinitions), histogram.DefinitionOptions{})
	if err != nil {
		return err
	}
	w := storage.NewWriter(tree, storage.WriterOptions{})
	defer w.Close()
	d := &demoPinger{defs: defs, random: rand.New(rand.NewPCG(1, 2))}
	first, _ := time.Parse("20060102", demoFirst) // a constant
	last, _ := time.Parse("20060102", demoLast)
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		for _, release := range []struct{ channel, version string }{{"nightly", "30.0a1"}, {"aurora", "29.0a2"}} {
			// Garbage is collected faster in nightlies from the seventh day on.
			better := release.channel == "nightly" && day.Sub(first) >= 6*24*time.Hour
			for _, s := range demoSystems {
				for n := range int(demoPings * s.many * (0.8 + 0.4*d.random.Float64())) {
					built := day.AddDate(0, 0, -min(d.random.IntN(3), int(day.Sub(first).Hours()/24)))
					dims := []string{
						[]string{"saved-session", "idle-daily"}[n%4/3], s.app, release.channel, release.version,
						built.Format("20060102") + "030204", day.Format("20060102"),
					}
					ping, err := json.Marshal(d.ping(s, better))
					if err != nil {
						return err
					}
					key := fmt.Sprintf("%016x%016x", d.random.Uint64(), d.random.Uint64())
					if err := w.Append(dims, []byte(key), ping); err != nil {
						return err
					}
				}
			}
		}
	}
	return w.Commit()
}

// A demoPinger makes up pings.
type demoPinger struct {
	defs   *histogram.Definitions
	random *rand.Rand
}

func (d *demoPinger) ping(s demoSystem, better bool) map[string]any {
	faster := 1.0
	if better {
		faster = 0.6
	}
	histograms := map[string][]float64{
		"SHUTDOWN_OK":  d.histogram("SHUTDOWN_OK", 1, func() float64 { return d.one(0.93) }),
		"PLUGIN_SEEN":  d.histogram("PLUGIN_SEEN", 1, func() float64 { return d.one(0.3 / s.slow) }),
		"NETWORK_KIND": d.histogram("NETWORK_KIND", 1, func() float64 { return math.Floor(5 * math.Pow(d.random.Float64(), 2/s.slow)) }),
		"PAINT_RATE": d.histogram("PAINT_RATE", 5, func() float64 {
			return math.Floor(max(0, 45/math.Sqrt(s.slow)+8*d.random.NormFloat64()))
		}),
	}
	if d.random.Float64() < 0.85 { // some have collected nothing
		histograms["GC_MS"] = d.histogram("GC_MS", 1+d.random.IntN(20), func() float64 {
			return math.Floor(60 * s.slow * faster * math.Exp(0.9*d.random.NormFloat64()))
		})
	}
	return map[string]any{
		"info":               map[string]string{"OS": s.name, "version": s.version, "arch": s.arch},
		"histograms":         histograms,
		"simpleMeasurements": map[string]int{"firstPaint": int(900 * s.slow * math.Exp(0.5*d.random.NormFloat64()))},
	}
}

// one is 1 in this share of the calls, else 0.
func (d *demoPinger) one(share float64) float64 {
	if d.random.Float64() < share {
		return 1
	}
	return 0
}

// histogram is that of n samples, as a converted ping has it: counts and five summary values.
func (d *demoPinger) histogram(measure string, n int, sample func() float64) []float64 {
	def, err := d.defs.Lookup(measure)
	if err != nil {
		panic(err) // it is one of ours
	}
	ranges := def.Ranges()
	counts := make([]float64, len(ranges))
	var sum, logs, logSquares, squares float64
	for range n {
		x := sample()
		i := len(ranges) - 1
		for i > 0 && x < float64(ranges[i]) {
			i--
		}
		counts[i]++
		sum += x
		logs += math.Log1p(x)
		logSquares += math.Log1p(x) * math.Log1p(x)
		squares += x * x
	}
	if def.Kind == "exponential" {
		return append(counts, sum, logs, logSquares, -1, -1)
	}
	return append(counts, sum, -1, -1, squares, 0)
}
