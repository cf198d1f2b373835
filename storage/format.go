package storage

import "strings"

// A Format says how a file is stored, and what goes unnoticed when it is read. Inspect knows what the first bytes of the file
// tell, and further members may be of another kind; a Reader that has read them knows.
type Format struct {
	Codec     string // plain, zstd, gzip, xz, lzma, bzip2, lz4, snappy or s2
	Checksums bool   // a change is noticed
	Cuts      Cuts   // which cuts are noticed

	// Verified says that a record is given only after its bytes have been compared with a checksum. Else damage may first
	// look like a bad record.
	Verified bool
}

// Cuts say which of the files that end too early are noticed.
type Cuts int

// From the worst to the best.
const (
	CutsNone   Cuts = iota // no cut is noticed
	CutsInside             // all but those at the end of a member, frame or chunk of the file
	CutsAll                // every cut is noticed
)

// String is the codec and, in brackets, what goes unnoticed: "zstd", "gzip (unnoticed: a cut between members)".
func (f Format) String() string {
	var unnoticed []string
	if !f.Checksums {
		unnoticed = append(unnoticed, "changes")
	}
	switch f.Cuts {
	case CutsNone:
		unnoticed = append(unnoticed, "cuts")
	case CutsInside:
		unnoticed = append(unnoticed, "a cut between members")
	}
	if unnoticed == nil {
		return f.Codec
	}
	return f.Codec + " (unnoticed: " + strings.Join(unnoticed, ", ") + ")"
}

// Inspect tells the format of the file by its first bytes. A file whose first bytes are not what its name claims, or are of a
// kind that is not read, is a *DamagedError.
func (f File) Inspect() (Format, error) {
	r, err := f.Open(ReadOptions{})
	if err != nil {
		return Format{}, err
	}
	defer r.Close() // reading only: there is nothing to lose
	if r.opened != nil {
		return r.format, r.damaged(r.opened)
	}
	return r.format, nil
}

// Format tells how the file is stored: by its first bytes, and by what has been read since. Once Records has come to the end, it
// holds for the whole file.
func (r *Reader) Format() Format {
	if r.ws != nil {
		r.format.Checksums = r.format.Checksums && !r.ws.unchecked
		r.format.Verified = r.format.Verified && !r.ws.unchecked && !r.ws.unverified
	}
	return r.format
}
