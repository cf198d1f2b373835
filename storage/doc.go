// Package storage reads and writes a store: a tree of compressed files of records, partitioned by dimensions.
//
// The directories of a store, and the first parts of its file names, are values of the dimensions that its Schema
// names:
//
//	saved_session/Firefox/nightly/30.0a1/20140301030203.20140308.v2.log.0c55f9e61dbb4a0f9a3bb1f0b6e2d7c4.zst
//	reason       /appName/channel/version/buildID      .submission_date
//
// A schema may name another layout (Schema.Layout), directories key=value included, which other systems take for
// partitions.
//
// A file holds lines, each a record: a key, a TAB, and a JSON object. Records that agree in their dimensions are in
// the same files, so a reader who wants some values of some dimensions opens only what holds them:
//
//	tree, err := storage.Open(dir)
//	...
//	defer tree.Close()
//	for file, err := range tree.Files(f) {
//		if _, ok := errors.AsType[*storage.StrayError](err); ok {
//			continue // something else lies in the tree; tell the user
//		}
//		if err != nil {
//			return err
//		}
//		for rec, err := range file.Records() {
//			if _, ok := errors.AsType[*storage.SyntaxError](err); ok {
//				continue // one bad line; count it
//			}
//			if err != nil {
//				return err
//			}
//			os, ok := rec.Get("info", "OS").Str()
//			...
//		}
//	}
//
// What a caller may rely on:
//
//   - Files come in the order of their paths, records in the order of their lines, on every system and in every run.
//   - A dimension value never leads out of the tree, whatever characters it has (Sanitise), nor does a symbolic link.
//   - A file is there whole or not at all. One that is cut short or damaged is an error (*DamagedError), never a
//     shorter file.
//   - What cannot be a file or a record of the store is reported with its place (*StrayError, *SyntaxError), and
//     reading goes on.
//
// FORMAT.md describes the tree, the names and the files byte by byte.
package storage
