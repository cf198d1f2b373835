// Check proves the output of a benchmark job right, without any code of the project: files are decoded by the zstd command,
// records by encoding/json, sums are made in wide floating-point numbers.
//
//	check [-sample N] JOB STORE OUTPUT
//
// JOB is b, m or s. Of b and m, every key and the number of its pings is checked, and the values of one key of N.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// checker is fed the store, by several goroutines, then the rows, by one.
type checker interface {
	// ping takes a record: its id and value, and the parts of its file's path below the store. It must not keep them.
	ping(path []string, id, value []byte) error
	row(cells [][]byte) error
	// end tells what was checked, or what the rows lack.
	end() (string, error)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("check: ")
	sample := flag.Uint64("sample", 50, "check the values of one key of `N`")
	flag.Parse()
	if flag.NArg() != 3 {
		log.Fatal("usage: check [-sample N] JOB STORE OUTPUT")
	}
	var c checker
	switch flag.Arg(0) {
	case "b":
		c = newSums(*sample)
	case "m":
		c = newMedians(*sample)
	case "s":
		c = newSorted()
	default:
		log.Fatalf("no check for job %s", flag.Arg(0))
	}
	if err := feedStore(c, flag.Arg(1)); err != nil {
		log.Fatal(err)
	}
	if err := feedRows(c, flag.Arg(2)); err != nil {
		log.Fatal(err)
	}
	what, err := c.end()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(what)
}

// feedStore decodes every file of the store.
func feedStore(c checker, store string) error {
	names := make(chan string, 64)
	errs := make(chan error, runtime.GOMAXPROCS(0)+1)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for name := range names {
				if err := feedFile(c, store, name); err != nil {
					select {
					case errs <- fmt.Errorf("%s: %w", name, err):
					default: // one is enough
					}
				}
			}
		})
	}
	err := fs.WalkDir(os.DirFS(store), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".zst") {
			names <- path
		}
		return err
	})
	close(names)
	group.Wait()
	errs <- err
	return <-errs
}

func feedFile(c checker, store, path string) error {
	cmd := exec.Command("zstd", "-dcq", filepath.Join(store, filepath.FromSlash(path)))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	parts := strings.Split(path, "/")
	err = eachLine(out, func(line []byte) error {
		id, value, ok := bytes.Cut(line, []byte{'\t'})
		if !ok {
			return errors.New("a line without a TAB")
		}
		return c.ping(parts, id, value)
	})
	if err != nil {
		_ = cmd.Process.Kill() // err says what matters
	}
	return errors.Join(err, cmd.Wait())
}

func feedRows(c checker, output string) error {
	f, err := os.Open(output)
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	return eachLine(f, func(line []byte) error {
		n++
		if err := c.row(bytes.Split(line, []byte{'\t'})); err != nil {
			return fmt.Errorf("%s:%d: %w", output, n, err)
		}
		return nil
	})
}

func eachLine(r interface{ Read([]byte) (int, error) }, f func([]byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	for lines.Scan() {
		if err := f(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// digest is a hash of some bytes, the same in every run.
func digest(parts ...[]byte) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = h.Write(part) // never fails
		_, _ = h.Write([]byte{0})
	}
	v := h.Sum64()
	return v ^ v>>29*0x9e3779b97f4a7c15
}
