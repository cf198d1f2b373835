package convert

import "fmt"

// A Category says what is wrong with a submission, as the statistics of 2013 count it.
type Category string

// The categories of an Error.
const (
	BadPayload          Category = "bad_payload"           // a histogram's counts are no integers, or in no bucket
	ConversionError     Category = "conversion_error"      // anything that has no category of its own
	InvalidControlChar  Category = "invalid_control_char"  // a control character in a string
	MissingRevision     Category = "missing_revision"      // histograms, and no info.revision
	MissingRevisionRepo Category = "missing_revision_repo" // the revision is "/rev/"
	Mismatch            Category = "histogram_mismatch"    // with Options.Strict
	UUIDOnlyPath        Category = "uuid_only_path"        // the path is an id alone
	InvalidPath         Category = "invalid_path"          // the path is neither that nor complete
)

// A Reason says more closely what is wrong, where a category has several. There are these and no others, whatever a ping says, so
// that they can be counted.
type Reason string

// The reasons of a ConversionError.
const (
	NoDefinitions    Reason = "no definitions of the revision"
	BadRevision      Reason = "malformed revision"
	ForeignRevision  Reason = "revision of another host"
	NotJSON          Reason = "not JSON"
	NotObject        Reason = "not a JSON object"
	TooDeep          Reason = "nested too deeply"
	TooManyMembers   Reason = "too many members"
	TooLarge         Reason = "larger than allowed"
	NoVersion        Reason = "no version"
	UnknownVersion   Reason = "unknown version"
	Incomplete       Reason = "a part is missing"
	Misshapen        Reason = "a part is of the wrong kind"
	OddHistogram     Reason = "malformed histogram"
	NoBucket         Reason = "count in no bucket" // of BadPayload, as is the next
	NoCount          Reason = "count that is no integer"
	OtherKind        Reason = "another kind" // of Mismatch, as are the next two
	OtherRange       Reason = "another range"
	OtherBucketCount Reason = "another bucket count"
	FewParts         Reason = "not an id and five dimensions" // of InvalidPath, as is the next
	BadID            Reason = "no id that can be a key"
)

// An Error says why a submission was refused.
type Error struct {
	Category Category
	Reason   Reason // empty if the category says it all
	Detail   string // about this one, empty if the others say it all; it may hold text of the ping, as it came
}

func (e *Error) Error() string {
	return string(e.Category) + ": " + e.Cause()
}

// Cause is the error without its category: what an operator is told.
func (e *Error) Cause() string {
	switch {
	case e.Reason == "":
		return e.Detail
	case e.Detail == "":
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Detail
}

func failed(reason Reason, format string, args ...any) *Error {
	return &Error{ConversionError, reason, fmt.Sprintf(format, args...)}
}
