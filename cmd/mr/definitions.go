package main

import (
	"errors"
	"flag"
	"os"
	"strings"

	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest"
)

// definitionFlags say what a verb takes for the definitions of histograms.
type definitionFlags struct {
	hosts     []string
	constants string
}

func (d *definitionFlags) register(fl *flag.FlagSet) {
	fl.Func("host", "", func(name string) error {
		d.hosts = append(d.hosts, name)
		return nil
	})
	fl.StringVar(&d.constants, "constants", "", "")
}

// open opens the definitions of o.
func (d *definitionFlags) open(o revision.Options) (*revision.Cache, error) {
	o.Hosts = d.hosts
	if d.constants != "" {
		text, err := os.ReadFile(d.constants)
		if err != nil {
			return nil, usagef("--constants: %v", err)
		}
		if o.Definitions.Constants, err = histogram.ParseConstants(text); err != nil {
			return nil, documentError(d.constants, err)
		}
	}
	cache, err := revision.Open(o)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return cache, nil
}

// openFrom opens what has the definitions: a directory, a server, or both. It returns nil without either.
func (d *definitionFlags) openFrom(from []string) (*revision.Cache, error) {
	var o revision.Options
	for _, f := range from {
		to := &o.Dir
		if strings.HasPrefix(f, "https://") || strings.HasPrefix(f, "http://") {
			to = &o.Server
		}
		switch {
		case f == "":
			return nil, usagef("--revisions is not empty")
		case *to != "":
			return nil, usagef("--revisions: one directory and one server, not %s and %s", *to, f)
		}
		*to = f
	}
	if o.Dir != "" {
		if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
			return nil, usagef("--revisions: there is no directory %s", o.Dir).hint("mr revisions fetch --dir " + o.Dir + " URL... makes and fills it")
		}
	}
	if len(from) > 0 {
		return d.open(o)
	}
	if d.hosts != nil || d.constants != "" {
		return nil, usagef("--host and --constants go with --revisions").hint("--revisions names a directory of definitions, a server that has them, or both")
	}
	return nil, nil
}

// definitionsCure is what helps when definitions could not be looked for.
func definitionsCure(err error) string {
	if _, ok := errors.AsType[*revision.ServerError](err); ok {
		return "without a server, with --revisions DIR alone, what is not in DIR is refused, and kept"
	}
	if _, ok := errors.AsType[*ingest.DefinitionsError](err); ok {
		return "mr revisions fetch gets a damaged file again, into the directory of --revisions"
	}
	return ""
}
