// Package mapreduce runs jobs over the records of a store.
//
// A [Job] has a Map, which is called for each record and emits pairs of a key and a value, and a Combine, a Reduce or both,
// which make one result of all values of a key. A job program is a main package that calls [Serve]:
//
//	var job = mapreduce.Job[string, int]{
//		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
//			os, ok := rec.Get("info", "OS").Str()
//			if !ok {
//				out.Skip("no info.OS")
//				return nil
//			}
//			out.Emit(os, 1)
//			return nil
//		},
//		Combine: mapreduce.Sum[int],
//	}
//
//	func main() { mapreduce.Serve(job) }
//
// The command mr runs it, and so does [Run] with [Command]; Run with [Local] does the same in one process. Package
// mapreducetest tests a job on a few records.
//
// # Promises
//
//   - The output is there whole or not at all. It is one file, sorted by key, that appears by a rename after it was synced.
//   - The same input gives the same bytes, whatever the number of workers and partitions, the memory, or the retries.
//   - Every byte and record read is accounted for: mapped, skipped for a reason, or bad; every pair is combined or reduced.
//     An account that does not balance fails the run.
//   - Bad records and damaged or truncated files beyond Config.MaxBad fail the run, which names them. Within it they are left
//     out, are in the account and, if Config.Quarantine is set, in a directory that appears with the output. Of a damaged file
//     nothing counts, also not what was read of it before the damage.
//   - A record is bad, too, if Map panics or the worker process does not survive it: it exits, crashes, gets no further for
//     Config.RecordTimeout, or takes more memory than it may. It must do so alone in a fresh process; its neighbours count.
//   - A worker process that dies costs time, not the result. When the runner dies, its workers do.
//
// # What is fast
//
// Map is called with a record that borrows from the decoded file; [storage.Record.Get] reads what is asked for and skips the
// rest. Emit encodes the key at once and allocates nothing. With Combine, values of a key are joined as they come, so
// what goes to the disk is one value a key and run, most often one a key and task; without, all values go to the disk, and a key may have more of them
// than fit in memory.
//
// DESIGN.md tells how it works and why.
package mapreduce
