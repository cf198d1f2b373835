// Package mapreducetest tests jobs.
//
// A test has records, and the rows that are to come of them:
//
//	func TestOSDistribution(t *testing.T) {
//		mapreducetest.Run(t, job, mapreducetest.Records(t, `
//			[appUpdateChannel=nightly]
//			id-1 {"info": {"OS": "Linux"}}
//			id-2 {"info": {"OS": "WINNT"}}
//			id-3 {"info": {"OS": "Linux"}}
//		`), `
//	Linux	2
//	WINNT	1
//	`)
//	}
//
// [Run] puts the records into a store and runs the job for real. What comes out has to be the same however the engine does it,
// so Run does it in all the ways that there are, and more than once, and names what goes wrong in any of them:
//
//   - a Map that remembers other records: each record is mapped again, in another order;
//   - a Combine that is not commutative or not associative: values of each key are combined in other orders and groupings,
//     and the message has the values that give two answers;
//   - a Combine that keeps memory of a value that was only lent to it;
//   - a Reduce that depends on the order of its values, unless the job is Ordered: then they come in the order of the input,
//     always;
//   - a job that asks a clock or a random number, or ranges over a map while it writes rows.
//
// Two combined values are the same if Reduce makes the same rows of them, or if their cells are the same when there is no
// Reduce. So a Combine may collect values in a slice in any order, if Reduce sorts them.
//
// What is tried is chosen at random, by a seed that is 1 unless the flag -mapreducetest.seed has another, so a test does the
// same each time. [Golden] keeps the rows in a file, which the flag -update writes; so a package of tests that import this one
// cannot have a flag of that name. [Check] is for all that a test does differently.
//
// The job's functions are called by one goroutine, as in a worker process. So they may use variables of the package; what is
// found is if that shows in the rows.
package mapreducetest
