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
// # What a ping says
//
// What a ping says is not trusted. A URL names a host of a list, or nothing is done with it, and its path is made of plain
// names only; whatever it says, the one server is asked. An answer has a bounded size and counts if it is a JSON object. But
// each made-up revision costs a request: who gets many does without a server, and fetches what is built.
//
// Nor does it hold up others. In the directory, a path that leads through a plain file, or by a link out of the directory, is
// one that is not there. Of the server's answers,
//
//   - a status 4xx, a redirect that is not followed, what is no JSON object or too long are about this revision: it is
//     ErrNotFound, for Options.Refused;
//   - no answer, one that is cut short, a status 5xx, 407, 408, 425 or 429 are trouble, and the server is asked again, after a
//     while that doubles. If the trouble stays, the server is asked for another file: the last that it gave. If that is
//     trouble, too, the server is down: all that it is asked for is a *ServerError, for Options.Down. If it is not, nor does
//     one more request help, the trouble is with this revision: it is ErrNotFound, for Options.Down.
//
// A file of the directory that is damaged, or may not be read, is an error of another kind: somebody has to mend it, for its
// pings are good.
//
// # Pings without a revision
//
// A ping that names no revision may get one by its channel and build date, see Calendar.
package revision
