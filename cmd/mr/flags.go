package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

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
	if env.flags != nil {
		env.flags(fs)
		return true, nil
	}
	err = fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return true, page(env.stdout, usage)
	}
	if err != nil {
		return false, usagef("%v", err).hint(flagHint(fs, err))
	}
	return false, nil
}

// flagHint says where the flags of a verb are listed and, if err is about one that there is not, which may have been meant.
func flagHint(fs *flag.FlagSet, err error) string {
	cure := "mr help " + fs.Name() + " lists the flags"
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return cure
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		cure = "did you mean --" + near + "? " + cure
	}
	return cure
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

// duration is a flag such as 24h or 90m.
type duration time.Duration

func (d *duration) String() string { return time.Duration(*d).String() }

func (d *duration) Set(text string) error {
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("a length of time is written as 24h, 90m or 1m30s")
	}
	*d = duration(parsed)
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

// optionalBool is a flag that is true, false or not there.
type optionalBool struct{ value, given bool }

func (b *optionalBool) String() string { return strconv.FormatBool(b.value) }

func (b *optionalBool) IsBoolFlag() bool { return true }

func (b *optionalBool) Set(text string) (err error) {
	b.given = true
	b.value, err = strconv.ParseBool(text)
	return err
}

// or is the flag's value, or other if it was not given.
func (b *optionalBool) or(other bool) bool {
	if b.given {
		return b.value
	}
	return other
}

// storeFlags say which files of which store a verb reads.
type storeFlags struct {
	data    string
	schema  string
	filters []string
	now     moment
}

func (s *storeFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&s.data, "data", ".", "")
	fs.StringVar(&s.schema, "schema", "", "")
	fs.Func("filter", "", func(v string) error {
		s.filters = append(s.filters, v)
		return nil
	})
	s.now.Time = time.Now()
	fs.Var(&s.now, "now", "")
}

const storeUsage = `    --data DIR        the store (default: the current directory)
    --schema FILE     its dimensions (default: schema.json in the store, else the
                      built-in ones: reason appName appUpdateChannel appVersion
                      appBuildID submission_date)
    --filter FILTER   which values of the dimensions to read: an expression such as
                      'appName=Firefox appVersion=24..28 submission_date=-7d..-1d', or
                      the name of a JSON document; see mr help filter. What is the
                      name of a file is never taken for an expression. Given several
                      times, all must hold
    --now TIME        the time, or day, that today and -7d in a filter count from
                      (default: now)
`

// open opens the store and returns it with what is selected of it. The caller closes it. What is odd in the filters is told
// on warnings.
func (s *storeFlags) open(warnings io.Writer) (*storage.Tree, filter.Filter, error) {
	if info, err := os.Stat(s.data); err != nil || !info.IsDir() {
		return nil, nil, usagef("there is no directory %s", s.data).hint("--data names the directory of a store")
	}
	tree, err := s.tree()
	if err != nil {
		return nil, nil, err
	}
	f, err := parseFilters(s.filters, tree.Schema().FilterOptions(s.now.Time), warnings)
	if err != nil {
		_ = tree.Close() // nothing was read
		return nil, nil, err
	}
	return tree, f, nil
}

func (s *storeFlags) tree() (*storage.Tree, error) {
	schema, err := s.readSchema()
	if err != nil {
		return nil, err
	}
	return storage.OpenWith(s.data, schema)
}

// readSchema reads the file of --schema; it returns nil if there is none.
func (s *storeFlags) readSchema() (*storage.Schema, error) {
	if s.schema == "" {
		return nil, nil
	}
	return parseSchema(s.schema)
}
