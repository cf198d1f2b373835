package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

const versionUsage = `usage: mr version

Says which version of mr this is, from which revision it was built if that is known,
by which Go and for which system. Jobs must be built with the same version.
`

func version(_ context.Context, env env, args []string) error {
	fs := newFlags("version")
	if done, err := parse(env, fs, versionUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usagef("version takes no arguments: %q", fs.Arg(0))
	}
	return write(env.stdout, describe(debug.ReadBuildInfo()))
}

// describe is a line about a build.
func describe(info *debug.BuildInfo, ok bool) string {
	version, revision := "(unknown)", ""
	if ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if r := settings["vcs.revision"]; r != "" {
			revision = " " + r[:min(12, len(r))]
			if settings["vcs.modified"] == "true" {
				revision += " (changed)"
			}
			if t := settings["vcs.time"]; t != "" {
				revision += " of " + t
			}
		}
	}
	return fmt.Sprintf("mr %s%s, %s, %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
