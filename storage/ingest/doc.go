// Package ingest turns raw logs into records of a store.
//
// Run takes the finished segments of a raw log, converts each record (package convert) and adds it to the store: to the file
// that its dimensions name, which are those of the payload, not those of the path. What cannot be converted is refused, counted
// by category and reason, and kept as it came, in a raw log of its category. Read = written + duplicates + refused, always.
//
// # Each record once
//
// Segments are grouped into batches, in their order, until a batch has Config.Batch bytes. A batch is one transaction, by one
// goroutine, in one order; batches are made side by side. The state of all this lies in the directory storage.StateDir of the
// store, where no reader looks:
//
//	lock             held while Run is at work
//	stage/BATCH/*    files of a batch that is being made
//	commit/BATCH     what is left to do for a batch that is complete: a list of files and their names
//	consumed         a line for each segment that is in the store: its name, size, and a sum of both its ends
//	ids/BATCH        documents of a batch, for Config.Dedup
//	counts/BATCH     what was left in commit, until a line of Config.Stats has the counts of the batch
//	counts/report    such a line, until it is written
//
// A batch goes this way. Each step is on the disk before the next begins:
//
//  1. Its files are written, in stage/BATCH, and its refused records, below the directory of these.
//  2. commit/BATCH appears, by rename. This is the moment from which the batch counts.
//  3. The files get their names in the store, one rename after the other, and then the refused records.
//  4. Its segments are added to consumed.
//  5. commit/BATCH is removed, or becomes counts/BATCH.
//  6. The segments are put away.
//
// Suppose that a kill, a power cut or a full disk ends it anywhere. Before 2, nothing can be seen of the batch; the next Run
// removes what is in stage, and makes the batch again. From 2 to 5, the next Run finds commit/BATCH and does 3 to 5, before
// anything else. It may do so any number of times: a rename whose source is gone and whose target is there has been done; a segment
// that is in consumed is not entered again; a line there that was cut is cut off, and comes again, for only 4 writes it. After 5
// the segments are known, and are only put away. A lock that the kernel drops with the process sees to it that nobody else is
// between two steps. So each batch is in the store once.
//
// The store is also the same, byte for byte, as if nothing had happened, and whatever the number of workers: a batch is named
// by the names and sizes of its segments, a file by its batch and by how many the batch had before it, and what is in it follows
// the order of the records. And the batches stay the same, since a batch is complete as soon as it is full: to leave out those
// that are done does not move the bounds of those that are not.
//
// # Readers
//
// A reader sees whole files only. It may see some files of a batch before the others, in step 3.
//
// # Memory
//
// A worker holds one submission, its text in two or three forms, and up to 24 MiB of records on the way to the disk, whatever
// the number of files: about 40 MiB. Payloads above a megabyte, 16 MiB decompressed at most, go one at a time through what is there
// once for all workers: about 120 MiB more while there are such. A raw log may also hold payloads that are many megabytes as they
// came, which no receiver takes: then each worker has room for the largest. Config.Dedup takes about 50 bytes besides for a
// document of the last three windows, and then there is one worker; definitions of histograms take what
// revision.Options.MaxMemory says at most.
package ingest
