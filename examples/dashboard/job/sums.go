package job

import "bytes"

// Sums is what the pings of a leaf say of all measures. It has a binary form, or else is a total that more can be added to.
type Sums struct {
	b     []byte // the binary form, see entry.go
	total *total
}

// Clone returns a copy that borrows nothing from a record.
func (s Sums) Clone() Sums { return Sums{b: bytes.Clone(s.binary())} }

// AppendBinary appends the binary form.
func (s Sums) AppendBinary(dst []byte) ([]byte, error) {
	if s.total == nil {
		return append(dst, s.b...), nil
	}
	return s.total.appendBinary(dst), nil
}

// UnmarshalBinary sets s to the sums with the binary form b, which it copies.
func (s *Sums) UnmarshalBinary(b []byte) error { return s.UnmarshalBinaryBorrow(bytes.Clone(b)) }

// UnmarshalBinaryBorrow sets s to the sums with the binary form b, which it refers to.
func (s *Sums) UnmarshalBinaryBorrow(b []byte) error {
	if !isBinary(b) {
		return errBinary
	}
	*s = Sums{b: b}
	return nil
}

// binary returns the binary form, which may be that of s.
func (s Sums) binary() []byte {
	if s.total == nil {
		return s.b
	}
	return s.total.appendBinary(nil)
}

// add adds v to acc: the job's Combine.
func add(acc *Sums, v Sums) {
	if acc.total == nil {
		first := acc.b
		*acc = Sums{total: newTotal(first)}
	}
	acc.total.add(v.binary())
}
