// Package rawlog reads and writes raw logs: files of submissions as they were received.
//
// A receiver appends a record for each submission: where it was posted to, when, by whom, and the bytes of its body, which
// are often gzip. A converter reads the records and makes a store of them:
//
//	r := rawlog.NewReader(file, rawlog.Options{Claimed: rawlog.FormatOf(name)})
//	for rec, err := range r.Records() {
//		if damage, ok := errors.AsType[*rawlog.DamageError](err); ok {
//			continue // tell of it: bytes damage.Offset and on are lost
//		}
//		if err != nil {
//			return err
//		}
//		payload, err := inflater.Payload(rec.Data)
//		...
//	}
//
// There are four formats, told apart by content and name: V0, V1 and V2 are those of the servers of 2013, V3 is our own and has
// checksums. What a caller may rely on:
//
//   - Damage costs the records that it hit, never those behind them: reading goes on at the next record that holds. Each lost
//     range of bytes is reported once, as a *DamageError, between the records around it.
//   - In V3 a damaged record is never taken for a good one, and a file that is cut short is noticed wherever the cut is. Bytes
//     that a client sent are not taken for a record, even if the begin of the file is lost; if its end is lost too, or all the
//     rest, that is a matter of how much is left (see FORMAT.md). The older formats have no checksums: there, what is lost is
//     guessed.
//   - Memory is bounded by Options, whatever the lengths in a file claim; so is a payload by Inflater.
//
// A log is a directory. A Segment of it has an unfinished name, BASE.v3.HOST.PID.MS, while it is written, and appears under
// the same name and ".finished" when it is complete and on the disk. Only finished segments are for readers; Finished lists
// them. Recover finishes those that a killed writer has left.
//
// FORMAT.md describes names and formats byte by byte.
package rawlog
