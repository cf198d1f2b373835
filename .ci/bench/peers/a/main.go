// A is the job a as one writes it by hand: one loop, the usual libraries, no engine. It names no bad line and no cut file.
//
//	a STORE OUTPUT
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/tidwall/gjson"
)

func main() {
	log.SetFlags(0)
	counts := make(map[string]int)
	err := filepath.WalkDir(os.Args[1], func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".zst") {
			return err
		}
		return count(counts, name)
	})
	if err != nil {
		log.Fatal(err)
	}
	var rows bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&rows, "%s\t%d\n", key, counts[key])
	}
	if err := os.WriteFile(os.Args[2], rows.Bytes(), 0o666); err != nil {
		log.Fatal(err)
	}
}

var decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))

func count(counts map[string]int, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := decoder.Reset(f); err != nil {
		return err
	}
	lines := bufio.NewScanner(decoder)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	for lines.Scan() {
		_, value, ok := bytes.Cut(lines.Bytes(), []byte{'\t'})
		if !ok {
			continue
		}
		if os := gjson.GetBytes(value, "info.OS"); os.Exists() {
			counts[os.String()]++
		}
	}
	return lines.Err()
}
