package storage

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// A layout says where in a path the values of the dimensions stand. It is the only place that knows. A template, which
// parseLayout reads, is its written form.
type layout struct {
	dirs  []slot  // one for each directory
	name  []slot  // at the beginning of the file name
	tail  string  // of the file name, behind its last value, as Schema.Path writes it
	limit int     // bytes of a value in the file name
	place []place // of each dimension
}

// A slot is where one value stands: behind a text.
type slot struct {
	text string // of a directory: empty, or key=
	dim  int
}

// A place tells how the value of a dimension is spelled.
type place int

const (
	inDir  place = iota // a directory VALUE
	inKey               // a directory KEY=VALUE, as other systems make and read them
	inName              // between dots in the file name
)

// maxNameDims is the number of dimensions in a file name, unless there are fewer or a template says otherwise.
const maxNameDims = 2

// nameSuffix ends the file name of Schema.Path. What is written now is version 2 of the records.
const nameSuffix = ".v2.log"

// defaultLayout is the one without a template: the last two dimensions are in the file name.
func defaultLayout(dims int) layout {
	slots := make([]slot, dims)
	for i := range slots {
		slots[i].dim = i
	}
	n := max(0, dims-maxNameDims)
	for i := n + 1; i < dims; i++ {
		slots[i].text = "."
	}
	l := layout{dirs: slots[:n], name: slots[n:], tail: nameSuffix, limit: maxNamePartBytes}
	l.setPlaces()
	return l
}

// setPlaces fills in the places when dirs and name are known.
func (l *layout) setPlaces() {
	l.place = make([]place, len(l.dirs)+len(l.name))
	for _, s := range l.dirs {
		if s.text != "" {
			l.place[s.dim] = inKey
		}
	}
	for _, s := range l.name {
		l.place[s.dim] = inName
	}
}

// noValue is how other systems spell a value that is missing, in a directory KEY=VALUE.
const noValue = "__HIVE_DEFAULT_PARTITION__"

// clean returns the value of a dimension as it is spelled in a path.
func (l layout) clean(dim int, value string) string {
	if l.place[dim] == inName {
		return sanitiseNamePart(value, l.limit)
	}
	clean := Sanitise(value)
	if clean == noValue && l.place[dim] == inKey {
		return other
	}
	return clean
}

// path returns the path for clean values.
func (l layout) path(clean []string) string {
	var b strings.Builder
	for _, s := range l.dirs {
		b.WriteString(s.text)
		b.WriteString(clean[s.dim])
		b.WriteByte('/')
	}
	for _, s := range l.name {
		b.WriteString(s.text)
		b.WriteString(clean[s.dim])
	}
	b.WriteString(l.tail)
	return b.String()
}

// dir returns the value in the name of a directory, or why it has none.
func (l layout) dir(s slot, name string) (value, reason string) {
	switch {
	case name == "":
		return "", "empty directory name"
	case name[0] == '.':
		return "", reasonTemporary
	case !isPrintable(name):
		return "", reasonUnprintable
	case s.text == "":
		return name, ""
	}
	value, ok := strings.CutPrefix(name, s.text)
	if !ok {
		return "", "the directory name does not begin with " + s.text
	}
	if value = unescape(value); !isPrintable(value) {
		return "", reasonUnprintable
	}
	if value == noValue {
		value = other
	}
	return cmp.Or(value, other), ""
}

// file puts the values in a file name into values, or says why it has none. The values are parts of name.
func (l layout) file(name string, values []string) (reason string) {
	switch {
	case isTemporary(name):
		return reasonTemporary
	case !isPrintable(name):
		return reasonUnprintable
	case len(l.name) == 0 && name[0] == '_': // _SUCCESS and the like, which other systems do not read either
		return "name that begins with _"
	}
	rest := name
	for _, s := range l.name {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, s.text); !ok {
			return "the file name has no " + s.text + " where the layout has it"
		}
		dot := strings.IndexByte(rest, '.')
		if dot < 0 || dot == len(rest)-1 {
			return "too few parts between dots in the file name"
		}
		if dot == 0 {
			return "empty part in the file name"
		}
		values[s.dim], rest = rest[:dot], rest[dot:]
	}
	return ""
}

const (
	reasonTemporary   = "temporary name"
	reasonUnprintable = "control characters in the name, or no UTF-8"
	reasonTooDeep     = "wrong depth: a directory where files are expected"
	reasonTooShallow  = "wrong depth: a file where directories are expected"
	reasonSymlink     = "symbolic link"
	reasonIrregular   = "not a regular file"
)

// isTemporary reports whether name is that of a file which is still being written, or left over from that, or a copy that an
// editor has made.
func isTemporary(name string) bool {
	if name == "" || name[0] == '.' || name[len(name)-1] == '~' || name[0] == '#' && name[len(name)-1] == '#' {
		return true
	}
	dot := strings.LastIndexByte(name, '.')
	switch name[dot+1:] {
	case "tmp", "part", "swp", "bak", "compressing":
		return dot >= 0
	}
	return false
}

// isPrintable reports whether name can stand in a line of text.
func isPrintable(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c < ' ' || c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
				return r < ' ' || 0x7f <= r && r < 0xa0 || r == '\u2028' || r == '\u2029'
			})
		}
	}
	return true
}

// unescape returns value with %XX replaced by the byte XX. What is no such escape stays.
func unescape(value string) string {
	if strings.IndexByte(value, '%') < 0 {
		return value
	}
	b := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) {
			high, low := unhex(value[i+1]), unhex(value[i+2])
			if high >= 0 && low >= 0 {
				b = append(b, byte(high<<4|low))
				i += 2
				continue
			}
		}
		b = append(b, value[i])
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// parse is the inverse of path, for any file name with enough parts.
func (l layout) parse(path string) (values []string, reason string) {
	if n := strings.Count(path, "/"); n < len(l.dirs) {
		return nil, reasonTooShallow
	} else if n > len(l.dirs) {
		return nil, "wrong depth: too many directories"
	}
	values = make([]string, len(l.place))
	rest := path
	for _, s := range l.dirs {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		if values[s.dim], reason = l.dir(s, name); reason != "" {
			return nil, reason
		}
	}
	return values, l.file(rest, values)
}
