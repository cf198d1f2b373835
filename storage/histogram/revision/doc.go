// Package revision finds the histogram definitions of the source revision that a ping names.
//
// A ping of 2012 to 2017 says from which state of the browser's source it comes: by the URL of a page, in info.revision.
// The definitions of its histograms are a file of that state. A Cache has those that were asked for last in memory, all
// others in a directory, and asks a Mercurial web server, or a mirror of one, for what it lacks:
//
//	DIR/REPO/NODE/Histograms.json
//	SERVER/REPO/raw-file/NODE/toolkit/components/telemetry/Histograms.json
//
// A Cache without a server asks nobody: what is not in the directory is ErrOffline. That is the one for jobs, of which many
// workers run at once; "mr revisions fetch" fills the directory before.
//
// What a ping says is not trusted. A URL names a host of a list, or nothing is done with it, and its path is made of plain
// names only; whatever it says, the one server is asked. An answer has a bounded size and counts if it is a JSON object. But
// each made-up revision costs a request: who gets many does without a server, and fetches what is built.
//
// A ping that names no revision may get one by its channel and build date, see Calendar.
package revision
