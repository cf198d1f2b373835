//go:build linux

package main

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log"
	"os"
	"path/filepath"
)

// The stores, by their names.
const (
	std       = "std"       // about 1 GB of records in 800 files of all sizes
	small     = "small"     // 100,000 files of one record
	compacted = "compacted" // the same, after mr compact
	skew      = "skew"      // 200 files, of which one has 80 % of 1 GB of records
	even      = "even"      // the records of skew, as many in each file
	gz        = "gz"        // std, in gzip files
	plain     = "plain"     // std, in files that are not packed
	one       = "one"       // one file of 1 KB
	grid      = "grid"      // 20,000 empty files in 200 directories
	million   = "million"   // 1,008,000 empty files in 16,800 directories; removed at the end
	big       = "big"       // more than 336 million bucket counts, 20 times 128 MiB of eight bytes each: a ping has about 2,690
)

// makeStore makes the store with this name.
func makeStore(o options, name, dir string) error {
	switch name {
	case std:
		return gen(o, dir)
	case small:
		return gen(o, dir, "--variant", "small")
	case compacted:
		if err := gen(o, dir, "--variant", "small"); err != nil {
			return err
		}
		_, err := command(o.root, o.bin("mr"), "compact", "--data", dir)
		return err
	case skew:
		return gen(o, dir, "--variant", "skew")
	case even:
		from, err := ensureStore(o, skew)
		if err != nil {
			return err
		}
		return spreadEvenly(from, dir)
	case gz:
		return gen(o, dir, "--codec", "gzip")
	case plain:
		return gen(o, dir, "--codec", "plain")
	case one:
		return oneFile(dir)
	case grid:
		return emptyFiles(dir, 2, 2, 5, 10, 10, 10)
	case million:
		return emptyFiles(dir, 2, 28, 5, 60, 6, 10)
	case big:
		return gen(o, dir, "--pings", "132000")
	}
	return fmt.Errorf("no store is called %q", name)
}

func gen(o options, dir string, flags ...string) error {
	_, err := command(o.root, o.bin("mr"), append(append([]string{"gen", "--seed", "1"}, flags...), dir)...)
	return err
}

// ensureStore returns the directory of a store, which is made if it is not there.
func ensureStore(o options, name string) (string, error) {
	if name == std && o.store != "" {
		_, err := os.Stat(o.store)
		return o.store, err
	}
	dir := storeDir(o, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	old, err := filepath.Glob(filepath.Join(o.cache, name+"-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	log.Printf("making the store %s", name)
	tmp := dir + ".tmp"
	if err := makeStore(o, name, tmp); err != nil {
		return "", fmt.Errorf("store %s: %w", name, err)
	}
	return dir, os.Rename(tmp, dir)
}

// storeDir is the name of a store's directory.
func storeDir(o options, name string) string {
	return filepath.Join(o.cache, fmt.Sprintf("%s-%08x", name, o.generator))
}

// removeMillion removes the store of a million files, which nobody wants to have lying about.
func removeMillion(o options) error {
	return os.RemoveAll(storeDir(o, million))
}

// generator tells what mr gen makes: a store that another one has made is to be made again.
func generator(o options) (uint32, error) {
	dir := filepath.Join(o.scratch, "sample")
	if err := gen(o, dir, "--pings", "60", "--files", "9"); err != nil {
		return 0, err
	}
	h := fnv.New32a()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		_, _ = h.Write(append([]byte(path), data...)) // never fails
		return err
	})
	return h.Sum32(), errors.Join(err, os.RemoveAll(dir))
}
