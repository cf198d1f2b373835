// Package convert makes the record of a submission that a store keeps: its key of the path, its value of the ping.
//
// A ping is a JSON object that a browser has submitted. What is stored is the same object in one line of ASCII, with each
// histogram as an array in place of an object: the counts of all buckets of its definition, then sum, log_sum,
// log_sum_squares, sum_squares_lo and sum_squares_hi, each -1 if the ping has not got it.
//
//	{"range":[1,2],"bucket_count":3,"histogram_type":2,"values":{"0":5,"1":2,"2":0},"sum":2}
//	[5,2,0,2,-1,-1,-1,-1]
//
// The definitions are those of the source that the browser was built from, which the ping names: info.revision. For a ping that
// names none, Options.Fallback may. Since that is a guess, the record is marked beside it, with "revisionFrom":"calendar"; no
// record whose ping was converted with its own revision has this member, even if the ping had.
//
// What a version of the payload becomes:
//
//	ver 1       its histograms are converted; ver 2
//	ver 2, 5    stays
//	ver 3       FirefoxOS: info is made of the fields deviceinfo.*, and pingID left out; ver 2
//	version 4   unified: info is made of application. In main and saved-session pings payload.histograms are converted;
//	            a saved-session is brought into the older shape, with the members of payload at the top. version 5
//	version 5   stays
//
// What a caller may rely on:
//
//   - A record is valid JSON, checked from end to end, without blanks, and holds neither TAB nor line end.
//   - Numbers are kept digit by digit. A string keeps its characters, a lone half of a surrogate pair too; of bytes that are no
//     UTF-8, each becomes U+FFFD and is counted. Escapes get one form.
//   - Of the members of an object with the same name, the last counts, in every object.
//   - A ping is converted whole or refused with an Error; of a histogram nothing is lost in silence. Histograms without a usable
//     definition are left out and counted.
//   - The same ping, options and definitions give the same bytes.
package convert
