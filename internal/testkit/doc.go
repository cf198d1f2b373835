// Package testkit is what tests of several packages need. It is at the root of the module because all of them use it, filter,
// storage, mapreduce and cmd: an internal package below one of these could not be imported by the others, and one that is not
// internal would be part of what the module offers.
package testkit
