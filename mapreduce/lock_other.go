//go:build !unix

package mapreduce

import "os"

// tryLock does not lock here: two runs with one output are not kept apart. Each still commits a whole file.
func tryLock(*os.File) error { return nil }
