// Package compact makes few files of many in a store.
//
// Files become one if they have the same dimensions, lie in the same directory and are not large already. The lines of the new
// file are those of the old ones, byte by byte, bad ones too: files in the order of their paths, lines in their order in the file.
// A last line without an end gets one. What is stored is the seekable zstd of the store's format, whatever it was before. The
// name of the new file depends on the names and sizes of the old ones, and its bytes on their content, alone.
//
// # Readers
//
// A reader lists the files of a store once, at its beginning, and then opens them by their paths. Two things are promised:
//
//   - A list has all old files or the new one: no record twice, none missing. This needs a moment at which the one becomes the
//     other, which a directory has not: names in it come and go one by one, and listing them takes time.
//   - What was listed is read, or the reader fails. An old file that is gone cannot be opened; one that is open stays whole. No
//     name is ever used for other content, since the name of a new file is that of no other.
//
// The moment is made by storage.Tree.Replace, for one directory:
//
//  1. The new files lie complete and synced in storage.StateDir, where no reader looks.
//  2. The directory is locked (flock on the directory itself). Readers hold such a lock, which they share, while they list and
//     look at its files; so they see what is before or after the steps that follow, unless these end half-way.
//  3. change.json is written in storage.StateDir: new names and old ones. From here on, the change will be completed.
//  4. .replace.json, with the same text, appears in the directory.
//  5. The new files are renamed to where they belong, and then the old ones removed.
//  6. .replace.json is removed, then change.json. The directory is unlocked.
//
// Each step is on the disk before the next begins. Whoever locks the store next, to ingest or to compact, does the steps from
// 4 on for a change.json that is there. Each can be done again: a rename whose source is gone and whose target is there has been
// done, and so has removing a file that is gone.
//
// Until then a reader meets what a killed process has left; the kernel has dropped its lock. Without .replace.json, nothing was
// renamed yet, or all is done. With it, the reader leaves out the old files of each new one that is there: the new one is
// complete, whatever became of the others. If it is not there, all old ones are.
//
// A reader may list a directory before the change and another one after it. That does no harm: a record never changes its
// directory.
//
// # Writers
//
// The lock of the store keeps out ingest and other runs of compact. A storage.Writer does not take it, and needs not: it adds
// files under names of their own, which are in no list of old ones. A program that changes files in place or removes them is
// noticed if that happens between listing and reading, not after.
//
// # Limits
//
// Where a directory cannot be locked (Windows, some network file systems), nothing is replaced, and the error says so. Programs
// that list the directory by other means may meet old and new files at once for some milliseconds, or after a kill until the
// next compact or ingest.
package compact
