//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package main

import "os"

// terminalSize takes nothing for a terminal here: there is no progress line.
func terminalSize(*os.File) (columns int, ok bool) { return 0, false }

func inForeground(*os.File) bool { return false }
