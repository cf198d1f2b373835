//go:build race

package worker

// memoryFactor is how many times more memory a program takes that was built, as this one, with the race detector.
const memoryFactor = 10
