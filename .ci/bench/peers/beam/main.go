// Beam is the job a in Apache Beam's Go SDK, on its runner Prism, in this process. The files are divided among the workers; Beam
// reads no zstd itself.
//
//	go build -o beam . && ./beam -store STORE -rows OUTPUT
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/stats"
	"github.com/klauspost/compress/zstd"
	"github.com/tidwall/gjson"
)

func init() {
	register.Function3x1(read)
	register.Function2x0(system)
	register.Function2x0(keep)
	register.Emitter1[string]()
}

func main() {
	store := flag.String("store", "", "")
	rows := flag.String("rows", "", "")
	flag.Parse()
	beam.Init()
	names, err := filepath.Glob(filepath.Join(*store, "*/*/*/*/*.zst"))
	if err != nil {
		log.Fatal(err)
	}
	p, s := beam.NewPipelineWithRoot()
	files := beam.Reshuffle(s, beam.CreateList(s, names))
	systems := beam.ParDo(s, system, beam.ParDo(s, read, files))
	beam.ParDo0(s, keep, stats.Count(s, systems))
	if _, err := prism.Execute(context.Background(), p); err != nil {
		log.Fatal(err)
	}
	var text bytes.Buffer
	for _, os := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&text, "%s\t%d\n", os, counts[os])
	}
	if err := os.WriteFile(*rows, text.Bytes(), 0o666); err != nil {
		log.Fatal(err)
	}
}

// read emits the values of a file's records: copies, for Beam may keep them.
func read(ctx context.Context, name string, emit func(string)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	decoder, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer decoder.Close()
	lines := bufio.NewScanner(decoder)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	for lines.Scan() {
		if _, value, ok := bytes.Cut(lines.Bytes(), []byte{'\t'}); ok {
			emit(string(value))
		}
	}
	return lines.Err()
}

// system emits the operating system of a record.
func system(value string, emit func(string)) {
	if os := gjson.Get(value, "info.OS"); os.Exists() {
		emit(os.String())
	}
}

var (
	mu     sync.Mutex // guards counts
	counts = make(map[string]int)
)

// keep takes a row out of the pipeline, which runs in this process.
func keep(os string, n int) {
	mu.Lock()
	defer mu.Unlock()
	counts[os] = n
}
