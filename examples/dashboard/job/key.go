package job

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

// keyOf returns the key of a ping with this info, or why it has none; then the day of submission is there if that is known.
func keyOf(rec storage.Record, info storage.Value) (k Key, reason string) {
	k.Submitted = dayOf(rec.Dims.Get("submission_date"))
	if !info.Exists() {
		return k, "no info"
	}
	major, _, _ := strings.Cut(rec.Dims.Get("appVersion"), ".")
	channel := rec.Dims.Get("appUpdateChannel")
	if !isNumber(major) || !isWord(channel) {
		return k, "no channel and major version"
	}
	k.Release = channel + "/" + major
	if k.Built = dayOf(rec.Dims.Get("appBuildID")); k.Built == "" {
		return k, "build without a day"
	}
	if k.Submitted == "" {
		return k, "submission without a day"
	}
	l := leaf{reason: rec.Dims.Get("reason"), product: rec.Dims.Get("appName")}
	l.os, _ = info.Get("OS").Str()
	l.version, _ = info.Get("version").Str()
	l.arch, _ = info.Get("arch").Str()
	k.Leaf = l.text()
	return k, ""
}

// days are what day has returned.
var days memo[string, string]

// dayOf is day for what comes again.
func dayOf(text string) string {
	d, ok := days.get(text)
	if !ok {
		d = day(text)
		days.put(text, d)
	}
	return d
}

// A leaf has what pings and their place in the store say of where they come from.
type leaf struct{ reason, product, os, version, arch string }

// leaves are what text has returned.
var leaves memo[leaf, string]

// text returns the leaf as a key has it.
func (l leaf) text() string {
	if text, ok := leaves.get(l); ok {
		return text
	}
	version := l.version
	if l.os == "Linux" {
		version = majorMinor(version)
	}
	text := strings.Join([]string{clean(l.reason), clean(l.product), clean(l.os), clean(version), clean(l.arch)}, "/")
	if len(l.os)+len(l.version)+len(l.arch) <= maxArgument {
		l.os, l.version, l.arch = strings.Clone(l.os), strings.Clone(l.version), strings.Clone(l.arch)
		leaves.put(l, text)
	}
	return text
}

// revisions are the URLs of what revision.ParseID has returned, "" for an error.
var revisions memo[string, string]

// revisionOf returns the build of a ping with this info and, behind a blank, the URL of the revision of its source, "" if it
// names none. Newer ones are greater.
func revisionOf(rec storage.Record, info storage.Value) string {
	url, _ := info.Get("revision").Str()
	build := rec.Dims.Get("appBuildID")
	if len(url) > 200 || len(build) > 14 {
		return ""
	}
	id, ok := revisions.get(url)
	if !ok {
		if parsed, err := revision.ParseID(url); err == nil {
			id = parsed.String()
		}
		revisions.put(strings.Clone(url), id)
	}
	if id == "" {
		return ""
	}
	return build + " " + id
}

// day returns the day that text begins with, as YYYYMMDD, or "".
func day(text string) string {
	const layout = "20060102"
	if len(text) < len(layout) {
		return ""
	}
	text = text[:len(layout)]
	if _, err := time.Parse(layout, text); err != nil {
		return ""
	}
	return text
}

// majorMinor is the version of a Linux without what follows its second number: 3.11.0-12 is 3.11.
func majorMinor(version string) string {
	dots := 0
	for i, c := range version {
		if c == '.' {
			dots++
		}
		if dots == 2 || c != '.' && !unicode.IsDigit(c) {
			return version[:i]
		}
	}
	return version
}

// clean makes a name for a filter of a value that a ping may have chosen: a part of a path, and a member of a JSON object that
// also has members of its own.
func clean(value string) string {
	const most = 64
	if len(value) > most {
		value = value[:most]
		for len(value) > 0 && !utf8.ValidString(value) {
			value = value[:len(value)-1]
		}
	}
	value = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`/!,`, r) || unicode.Is(unicode.C, r) {
			return '_'
		}
		return r
	}, value)
	switch strings.TrimSpace(value) {
	case "":
		return "unknown"
	case "_id", "name", "__proto__":
		return value + "_"
	}
	return value
}

func isNumber(s string) bool {
	return s != "" && len(s) < 5 && strings.Trim(s, "0123456789") == ""
}

// isWord reports whether s is a name as channels have it, and not so long that it is none.
func isWord(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// isMeasure reports whether name can be that of a measure, and of a file.
func isMeasure(name string) bool {
	if name == "" || len(name) > 100 {
		return false
	}
	for i := range len(name) {
		if !inMeasure[name[i]] {
			return false
		}
	}
	return name[0] != '-' && name[0] != '.'
}

// inMeasure are the bytes that the name of a measure may have.
var inMeasure = func() (in [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") {
		in[c] = true
	}
	return in
}()
