package job

import (
	"bytes"
	"slices"
)

// Sums is what the pings of a leaf say of all measures: one or more binary forms, see entry.go, that are still to be added up.
// To add many at once is faster than one by one, for what they are added to is then at hand.
type Sums struct{ forms [][]byte }

// maxForms is how many forms wait to be added up.
const maxForms = 16

// Clone returns a copy that borrows nothing from a record.
func (s Sums) Clone() Sums {
	c := Sums{slices.Clone(s.forms)}
	for i, b := range c.forms {
		c.forms[i] = bytes.Clone(b)
	}
	return c
}

// AppendBinary appends the binary form.
func (s Sums) AppendBinary(dst []byte) ([]byte, error) {
	if len(s.forms) == 1 {
		return append(dst, s.forms[0]...), nil
	}
	t := newTotal()
	defer t.release()
	for _, b := range s.forms {
		t.add(b)
	}
	return t.appendBinary(dst), nil
}

// UnmarshalBinary sets s to the sums with the binary form b, which it copies.
func (s *Sums) UnmarshalBinary(b []byte) error { return s.UnmarshalBinaryBorrow(bytes.Clone(b)) }

// UnmarshalBinaryBorrow sets s to the sums with the binary form b, which it refers to.
func (s *Sums) UnmarshalBinaryBorrow(b []byte) error {
	if !isBinary(b) {
		return errBinary
	}
	s.forms = [][]byte{b}
	return nil
}

// binary returns the binary form, which may be that of s.
func (s Sums) binary() []byte {
	if len(s.forms) == 1 {
		return s.forms[0]
	}
	b, _ := s.AppendBinary(nil) // never fails
	return b
}

// add adds v to acc: the job's Combine.
func add(acc *Sums, v Sums) {
	for _, b := range v.forms {
		acc.forms = append(acc.forms, bytes.Clone(b))
	}
	if len(acc.forms) >= maxForms {
		b := acc.binary()
		clear(acc.forms)
		acc.forms = append(acc.forms[:0], b)
	}
}
