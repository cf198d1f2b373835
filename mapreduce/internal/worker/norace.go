//go:build !race

package worker

// MemoryFactor is how many times more memory a program takes that was built, as this one, without the race detector.
const MemoryFactor = 1
