//go:build race

package worker

// MemoryFactor is how many times more memory a program takes that was built, as this one, with the race detector.
const MemoryFactor = 10
