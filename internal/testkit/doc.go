// Package testkit is what tests of several packages need.
package testkit
