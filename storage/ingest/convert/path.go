package convert

import (
	"bytes"
	"net/url"
	"strings"
)

// PathDims are the dimensions in the path of a submission, in their order there, which is not that of a store.
var PathDims = [...]string{"reason", "appName", "appVersion", "appUpdateChannel", "appBuildID"}

// A Path is what the path of a submission says:
//
//	ID/reason/appName/appVersion/appUpdateChannel/appBuildID
type Path struct {
	ID   []byte                // of the document: UTF-8, no control characters; fit to be the key of a record
	Dims [len(PathDims)]string // of PathDims, as they came, but for what was percent-encoded
}

// maxID is the longest id of a document, in bytes. Browsers send 36.
const maxID = 1 << 10

// ParsePath reads the path of a submission, behind the receiver's prefix. The error is an *Error.
func ParsePath(path []byte) (Path, error) {
	if isUUID(path) {
		return Path{}, &Error{UUIDOnlyPath, "", "the path is an id alone"}
	}
	if bytes.Count(path, []byte{'/'}) != len(PathDims) {
		return Path{}, &Error{InvalidPath, FewParts, ""}
	}
	id, rest, _ := bytes.Cut(path, []byte{'/'})
	if len(id) == 0 || len(id) > maxID || bytes.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Path{}, &Error{InvalidPath, BadID, ""}
	}
	p := Path{ID: bytes.ToValidUTF8(id, []byte("\ufffd"))}
	i := 0
	for part := range strings.SplitSeq(string(rest), "/") {
		p.Dims[i] = part
		if text, err := url.PathUnescape(part); err == nil {
			p.Dims[i] = text
		}
		i++
	}
	return p, nil
}

// isUUID tells whether path is an id alone: 8-4-4-4-12 hexadecimal digits in lower case.
func isUUID(path []byte) bool {
	if len(path) != 36 {
		return false
	}
	for i, c := range path {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && c-'0' > 9 && c-'a' > 5 {
			return false
		}
	}
	return true
}
