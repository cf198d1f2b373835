package convert

// A Category says what is wrong with a submission, as the statistics count it.
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

// An Error says why a submission was refused.
type Error struct {
	Category Category
	Reason   string
}

func (e *Error) Error() string { return string(e.Category) + ": " + e.Reason }

func failed(reason string) *Error { return &Error{ConversionError, reason} }
