package job

import "bytes"

// Sums is what the pings of a place say of all measures: a binary form, see entry.go, or a sum of many.
type Sums struct {
	form []byte
	sum  *sum
}

// A sum is a total until its binary form is asked for, and then that, for totals are large: others use the memory.
type sum struct {
	total *total
	form  []byte
}

// Clone returns a copy that borrows nothing from a record.
func (s Sums) Clone() Sums {
	c := Sums{sum: new(sum)}
	c.sum.add(s.binary())
	return c
}

// AppendBinary appends the binary form.
func (s Sums) AppendBinary(dst []byte) ([]byte, error) { return append(dst, s.binary()...), nil }

// UnmarshalBinary sets s to the sums with the binary form b, which it copies.
func (s *Sums) UnmarshalBinary(b []byte) error { return s.UnmarshalBinaryBorrow(bytes.Clone(b)) }

// UnmarshalBinaryBorrow sets s to the sums with the binary form b, which it refers to.
func (s *Sums) UnmarshalBinaryBorrow(b []byte) error {
	if !isBinary(b) {
		return errBinary
	}
	*s = Sums{form: b}
	return nil
}

// binary returns the binary form, which is still that of s.
func (s Sums) binary() []byte {
	if s.sum != nil {
		return s.sum.binary()
	}
	return s.form
}

// add adds v to acc: the job's Combine.
func add(acc *Sums, v Sums) {
	if acc.sum == nil {
		*acc = acc.Clone()
	}
	acc.sum.add(v.binary())
}

func (s *sum) add(form []byte) {
	if s.total == nil {
		s.total = newTotal()
		if s.form != nil {
			s.total.add(s.form)
		}
	}
	s.total.add(form)
}

func (s *sum) binary() []byte {
	if s.total != nil {
		s.form = s.total.binary()
		s.total.release()
		s.total = nil
	}
	return s.form
}
