package storage

// OnDir sets a function that Files calls for each directory: one that it reads, or one that it does not because the
// filter cannot hold what lies below. dir is the slash path, with a slash at the end; empty for the root.
func (t *Tree) OnDir(f func(dir string, read bool)) { t.onDir = f }
