//go:build !linux

package worker

// pin does nothing here: a process executes the file that has the program's name when it starts.
func (p *Program) pin() error { return nil }
