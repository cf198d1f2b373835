// Package receive takes in submissions over HTTP.
//
// A Server answers requests as the server of 2013 did and appends each submission to a Log; a Log writes raw logs, as
// package rawlog describes them, in one directory:
//
//	config := receive.DefaultConfig()
//	config.LogPath = "/var/lib/telemetry"
//	log, err := receive.OpenLog(config)
//	...
//	server, err := receive.NewServer(config, log, nil)
//	...
//	listener, err := receive.Listen(config)
//	...
//	err = server.Serve(ctx, listener)
//	err = errors.Join(err, log.Close())
//
// What a sender may rely on:
//
//   - 200 means on the disk: neither a kill nor a power cut takes back a submission that was answered so. One that was not
//     answered may be there or not; whoever sends it again may make two of it.
//   - 202 means too large or too long a path: not kept, and not to be sent again. 503 and 507, too much to do and no space, are
//     worth another try after Retry-After seconds; so is 500. 400, 404, 405 and 411 are not.
//   - Whoever is answered with anything else than 200, 500, 503 or 507 has to connect again.
//   - What was posted is kept as it came: the path behind the prefix without unescaping, the body without unpacking.
//
// What the owner of the machine may rely on: nothing is written outside the directory of the log and the request log,
// whatever the paths; memory is bounded by Config whatever clients send or do not send; clients that are slow are cut off;
// a full disk is told to clients, and goes by when there is space; a file that could not be synced is written no more.
package receive
