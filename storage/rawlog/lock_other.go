//go:build !unix

package rawlog

import "os"

// tryLock does not lock here. No run comes so far: there is no private directory for it either.
func tryLock(*os.File) error { return nil }
