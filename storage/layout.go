package storage

import (
	"strings"
)

// A layout says where in a path the values of the dimensions stand. It is the only place that knows: the last two
// dimensions are the first parts of the file name, those before are directories.
type layout struct {
	dims int // all dimensions
	dirs int // the first of them, which are directories
}

// maxNameDims is the number of dimensions in a file name, unless there are fewer.
const maxNameDims = 2

// nameSuffix ends the file name of Schema.Path. What is written now is version 2 of the records.
const nameSuffix = ".v2.log"

func newLayout(dims int) layout {
	return layout{dims: dims, dirs: max(0, dims-maxNameDims)}
}

// clean returns the value of dimension i as it is spelled in a path.
func (l layout) clean(i int, value string) string {
	if i < l.dirs {
		return Sanitise(value)
	}
	return sanitiseNamePart(value)
}

// path returns the path for clean values.
func (l layout) path(clean []string) string {
	var b strings.Builder
	for i, v := range clean {
		b.WriteString(v)
		switch {
		case i < l.dirs:
			b.WriteByte('/')
		case i < l.dims-1:
			b.WriteByte('.')
		}
	}
	b.WriteString(nameSuffix)
	return b.String()
}

// dir returns the value of dimension i in the name of a directory, or why it has none.
func (l layout) dir(_ int, name string) (value, reason string) {
	switch {
	case name == "":
		return "", "empty directory name"
	case name[0] == '.':
		return "", reasonTemporary
	}
	return name, ""
}

// file puts the values in a file name into values[l.dirs:], or says why it has none. The values are parts of name.
func (l layout) file(name string, values []string) (reason string) {
	if isTemporary(name) {
		return reasonTemporary
	}
	rest := name
	for i := l.dirs; i < l.dims; i++ {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 || dot == len(rest)-1 {
			return "too few parts between dots in the file name"
		}
		if dot == 0 {
			return "empty part in the file name"
		}
		values[i], rest = rest[:dot], rest[dot+1:]
	}
	return ""
}

const (
	reasonTemporary  = "temporary name"
	reasonTooDeep    = "wrong depth: a directory where files are expected"
	reasonTooShallow = "wrong depth: a file where directories are expected"
	reasonSymlink    = "symbolic link"
	reasonIrregular  = "not a regular file"
)

// isTemporary reports whether name is that of a file which is still being written, or left over from that.
func isTemporary(name string) bool {
	if name == "" || name[0] == '.' || name[len(name)-1] == '~' {
		return true
	}
	dot := strings.LastIndexByte(name, '.')
	switch name[dot+1:] {
	case "tmp", "part", "swp", "compressing":
		return dot >= 0
	}
	return false
}

// parse is the inverse of path, for any file name with enough parts.
func (l layout) parse(path string) (values []string, reason string) {
	if n := strings.Count(path, "/"); n < l.dirs {
		return nil, reasonTooShallow
	} else if n > l.dirs {
		return nil, "wrong depth: too many directories"
	}
	values = make([]string, l.dims)
	rest := path
	for i := range l.dirs {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		if values[i], reason = l.dir(i, name); reason != "" {
			return nil, reason
		}
	}
	return values, l.file(rest, values)
}
