package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

// newFlags returns a flag set that leaves it to parse to print.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// parse parses the flags of a verb. For -h it prints the usage and returns done.
func parse(env env, fs *flag.FlagSet, usage string, args []string) (done bool, err error) {
	err = fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(env.stdout, usage)
		return true, nil
	}
	if err != nil {
		return false, usagef("%v", err).hint("mr help " + fs.Name() + " lists the flags")
	}
	return false, nil
}

// size is a flag in bytes: "128MiB", "1.5G", "4096". K, M and G are powers of 1024.
type size int64

func (s *size) String() string { return strconv.FormatInt(int64(*s), 10) }

func (s *size) Set(text string) error {
	n, err := parseSize(text)
	if err != nil {
		return err
	}
	*s = size(n)
	return nil
}

func parseSize(text string) (int64, error) {
	num := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), "I")
	shift := 0
	if n := len(num); n > 0 {
		if i := strings.IndexByte("KMGT", num[n-1]); i >= 0 {
			num, shift = num[:n-1], 10*(i+1)
		}
	}
	f, err := strconv.ParseFloat(num, 64)
	if bytes := f * float64(int64(1)<<shift); err == nil && bytes >= 0 && bytes < 1<<62 {
		return int64(bytes), nil
	}
	return 0, errors.New("a size is written as 4096, 128MiB or 1.5G")
}

// storeFlags say which files of which store a verb reads.
type storeFlags struct {
	data    string
	schema  string
	filters []string
}

func (s *storeFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&s.data, "data", ".", "")
	fs.StringVar(&s.schema, "schema", "", "")
	fs.Func("filter", "", func(v string) error {
		s.filters = append(s.filters, v)
		return nil
	})
}

const storeUsage = `    --data DIR        the store (default: the current directory)
    --schema FILE     its dimensions (default: schema.json in the store, else the
                      built-in ones: reason appName appUpdateChannel appVersion
                      appBuildID submission_date)
    --filter FILTER   which values of the dimensions to read: an expression such as
                      'appName=Firefox appUpdateChannel=nightly,aurora', or the name
                      of a JSON document. What is the name of a file is never taken
                      for an expression. Given several times, all must hold
`

// open opens the store and returns it with what is selected of it. The caller closes it.
func (s *storeFlags) open() (*storage.Tree, filter.Filter, error) {
	f, err := s.filter()
	if err != nil {
		return nil, nil, err
	}
	if info, err := os.Stat(s.data); err != nil || !info.IsDir() {
		return nil, nil, usagef("there is no directory %s", s.data).hint("--data names the directory of a store")
	}
	tree, err := s.tree()
	if err != nil {
		return nil, nil, err
	}
	if err := tree.Schema().CheckFilter(f); err != nil {
		_ = tree.Close() // nothing was read
		return nil, nil, usagef("%v", err)
	}
	return tree, f, nil
}

func (s *storeFlags) tree() (*storage.Tree, error) {
	if s.schema == "" {
		return storage.Open(s.data)
	}
	text, err := os.ReadFile(s.schema)
	if err != nil {
		return nil, usagef("reading the schema: %v", err)
	}
	schema, err := storage.ParseSchema(text)
	if err != nil {
		return nil, documentError(s.schema, err)
	}
	return storage.OpenWith(s.data, schema)
}

// filter joins the filters that were asked for. What has an operator is an expression, unless there is a file
// of that name; anything else names a file.
func (s *storeFlags) filter() (filter.Filter, error) {
	var all filter.Filter
	for _, text := range s.filters {
		f, err := parseFilter(text)
		if err != nil {
			return nil, err
		}
		all = all.Intersect(f)
	}
	return all, nil
}

func parseFilter(text string) (filter.Filter, error) {
	info, err := os.Stat(text)
	isFile := err == nil && !info.IsDir()
	if !isFile && strings.ContainsAny(text, "=<>") {
		f, err := filter.ParseExpr(text)
		if err != nil {
			return nil, usagef("--filter: %v", err)
		}
		return f, nil
	}
	doc, err := os.ReadFile(text)
	if err != nil {
		return nil, usagef("--filter: %v", err).hint("an expression looks like appName=Firefox; what has no = is the name of a JSON document")
	}
	f, err := filter.Parse(doc)
	if err != nil {
		return nil, documentError(text, err)
	}
	return f, nil
}

// documentError tells what is wrong with a JSON document, and where.
func documentError(name string, err error) error {
	if _, ok := errors.AsType[*filter.DocumentError](err); ok {
		return usagef("%s:%v", name, err) // which begins with line and column
	}
	return usagef("%s: %v", name, err)
}
