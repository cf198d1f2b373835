package compact

import (
	"github.com/telemetry-mr/mr/storage"
)

// partitions divides the files of a directory by the values of their dimensions, in the order of the first of each.
func partitions(files []storage.File) [][]storage.File {
	var list [][]storage.File
	at := map[string]int{}
	for _, f := range files {
		key := f.Dims.String() // no value in a path has a slash
		i, ok := at[key]
		if !ok {
			i = len(list)
			at[key] = i
			list = append(list, nil)
		}
		list[i] = append(list[i], f)
	}
	return list
}

// plan says which files of a partition become one: those that come one after the other, and have no more than max bytes.
// Those with more than half of it are left out, so that a file that is large enough is not written again and again.
func plan(files []storage.File, full int64) [][]storage.File {
	var groups [][]storage.File
	var group []storage.File
	var size int64
	end := func() {
		if len(group) > 1 {
			groups = append(groups, group)
		}
		group, size = nil, 0
	}
	for _, f := range files {
		if f.Size > full/2 {
			continue
		}
		if size+f.Size > full {
			end()
		}
		group, size = append(group, f), size+f.Size
	}
	end()
	return groups
}
