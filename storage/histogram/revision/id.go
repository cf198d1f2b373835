package revision

import (
	"fmt"
	"path"
	"strings"
)

// An ID names a state of a browser's source, as a ping does by the URL of a web page:
//
//	https://HOST/REPO/rev/NODE
type ID struct {
	Host string // not looked at to tell IDs apart
	Repo string // a slash path, such as releases/mozilla-beta
	Node string // lower-case hexadecimal digits
}

// A URLError says why a text does not name a revision, or none that a Cache may ask for.
type URLError struct {
	URL    string // cut off if it is long
	Reason string
}

func (e *URLError) Error() string {
	return fmt.Sprintf("revision URL %q: %s", e.URL, e.Reason)
}

// Bounds of an ID. Those of Mozilla's sources come nowhere near.
const (
	maxURL       = 400 // bytes
	maxComponent = 64
	maxNode      = 40
)

// ParseID reads the URL of a revision: http or https, a path of which each part is of letters, digits, _ - and dots that are
// not the first, then /rev/ and up to 40 digits. A slash may follow. The error is a *URLError. Pings of private builds have
// nothing but /rev/.
func ParseID(url string) (ID, error) {
	if len(url) > maxURL {
		return ID{}, badURL(url, fmt.Sprintf("longer than %d bytes", maxURL))
	}
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(url, "http://"); !ok {
			return ID{}, badURL(url, "it begins with neither https:// nor http://")
		}
	}
	host, rest, _ := strings.Cut(rest, "/")
	at := strings.LastIndex(rest, "/rev/")
	if at < 0 {
		return ID{}, badURL(url, "it has no repository and /rev/")
	}
	id := ID{Host: host, Repo: rest[:at], Node: strings.TrimSuffix(rest[at+len("/rev/"):], "/")}
	if !isHost(host) {
		return ID{}, badURL(url, "it has no plain host name")
	}
	for part := range strings.SplitSeq(id.Repo, "/") {
		if !isComponent(part) {
			return ID{}, badURL(url, fmt.Sprintf("%.80q is no part of a repository's path", part))
		}
	}
	if !isNode(id.Node) {
		return ID{}, badURL(url, fmt.Sprintf("after /rev/ come 1 to %d lower-case hexadecimal digits", maxNode))
	}
	return id, nil
}

func badURL(url, reason string) error {
	return &URLError{URL: url[:min(len(url), maxURL)], Reason: reason}
}

func isHost(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isPlain(c) && c != ':' {
			return false
		}
	}
	return s != "" && len(s) <= maxComponent && s[0] != '.' && s[0] != ':'
}

// isComponent keeps parts to what can be the name of a directory, and is not that of a file beside it.
func isComponent(s string) bool {
	for i := range len(s) {
		if !isPlain(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= maxComponent && s[0] != '.' && !strings.EqualFold(s, fileName)
}

func isPlain(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' < 10 || c == '.' || c == '_' || c == '-'
}

func isNode(s string) bool {
	for i := range len(s) {
		if c := s[i]; c-'0' >= 10 && c-'a' >= 6 {
			return false
		}
	}
	return s != "" && len(s) <= maxNode
}

// String returns the URL, with https.
func (id ID) String() string { return "https://" + id.Host + "/" + id.Repo + "/rev/" + id.Node }

// fileName is that of definitions, in the source and in a cache.
const fileName = "Histograms.json"

// File returns the slash path of the definitions below the directory of a cache. It is the one of 2013.
func (id ID) File() string { return path.Join(id.Repo, id.Node, fileName) }

// page returns the path of the definitions on a server.
func (id ID) page() string {
	return "/" + id.Repo + "/raw-file/" + id.Node + "/toolkit/components/telemetry/" + fileName
}
