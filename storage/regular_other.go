//go:build !unix

package storage

// There are no named pipes among files elsewhere, and listing what is no directory fails by itself.
const (
	openNoWait  = 0
	openOnlyDir = 0
	openNoLink  = 0
)
