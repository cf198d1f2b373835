package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/filter"
)

// A Schema names the dimensions of a store, in the order in which they stand in its paths, and the values that each
// may have. It must not change while a Tree uses it.
type Schema struct {
	Version    int // 1
	Dimensions []Dimension

	// Layout says where in a path the values stand: directories and the beginning of the file name, with {NAME} for the
	// value of a dimension, as in "reason={reason}/{appName}/{appVersion}.{submission_date}". A directory is one
	// dimension, {NAME} or KEY={NAME}; in the file name, text behind a dimension begins with a dot. Empty means a
	// directory for each dimension but the last two, and these two in the file name.
	Layout string
}

// maxDimensions keeps paths within what systems allow.
const maxDimensions = 32

// A Dimension is one dimension of a Schema. Ranges in Allowed compare by the Type if ParseSchema has made them; those of
// filter.Range compare as text.
type Dimension struct {
	Name    string
	Allowed filter.Set // other values are stored as OTHER
	Type    string     // string, number, version or date, see package filter; empty: none, values are text
}

// DefaultSchema returns the schema of a store that has no schema.json: reason, appName, appUpdateChannel, appVersion,
// appBuildID, submission_date, with the values that telemetry stores of 2013 had. Each call returns a new one.
func DefaultSchema() *Schema {
	return &Schema{Version: 1, Dimensions: []Dimension{
		{Name: "reason", Allowed: filter.OneOf(
			"idle-daily", "saved-session", "android-anr-report", "ftu", "loop", "flash-video", "appusage", "main")},
		{Name: "appName", Allowed: filter.OneOf("Firefox", "Fennec", "Thunderbird", "FirefoxOS", "B2G")},
		{Name: "appUpdateChannel", Allowed: filter.OneOf("release", "beta", "nightly", "aurora")},
		{Name: "appVersion", Type: "version"},
		{Name: "appBuildID", Type: "date"},
		{Name: "submission_date", Type: "date"},
	}}
}

// ParseSchema reads the JSON form of a schema, which has the grammar of filter.Document. An error of the grammar is a
// *filter.DocumentError.
func ParseSchema(data []byte) (*Schema, error) {
	doc, err := filter.ParseDocument(data)
	if err != nil {
		return nil, err
	}
	s := &Schema{Version: doc.Version, Layout: doc.Layout}
	for _, d := range doc.Dimensions {
		s.Dimensions = append(s.Dimensions, Dimension(d))
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	return s, nil
}

// validate checks what a schema needs to be one, however it was made.
func (s *Schema) validate() error {
	if s.Version != 1 {
		return fmt.Errorf("schema version %d is not known; the one known is 1", s.Version)
	}
	if len(s.Dimensions) == 0 {
		return errors.New("a schema needs at least one dimension")
	}
	if n := len(s.Dimensions); n > maxDimensions {
		return fmt.Errorf("%d dimensions; a schema has %d at most", n, maxDimensions)
	}
	for i, d := range s.Dimensions {
		if !isDimensionName(d.Name) {
			return fmt.Errorf("dimension name %q: use letters, digits, _ - . and begin with a letter, digit or _", d.Name)
		}
		if slices.Contains(s.names()[:i], d.Name) {
			return fmt.Errorf("dimension %q comes twice", d.Name)
		}
		switch d.Type {
		case "", "string", "number", "version", "date":
		default:
			return fmt.Errorf("dimension %q has the unknown type %q; the types are string, number, version, date", d.Name, d.Type)
		}
		if _, err := d.Allowed.MarshalJSON(); err != nil {
			return fmt.Errorf("dimension %q: %w", d.Name, err)
		}
	}
	if s.Layout != "" {
		_, err := parseLayout(s.Layout, s.names())
		return err
	}
	return nil
}

// isDimensionName keeps names to what an expression, a column header and a directory can hold.
func isDimensionName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isPlain(c) && c != '-' || i == 0 && (c == '.' || c == '-') {
			return false
		}
	}
	return name != ""
}

// names returns the names of the dimensions, in order.
func (s *Schema) names() []string {
	names := make([]string, len(s.Dimensions))
	for i, d := range s.Dimensions {
		names[i] = d.Name
	}
	return names
}

// layout panics if the schema is not valid.
func (s *Schema) layout() layout {
	if s.Layout == "" {
		return defaultLayout(len(s.Dimensions))
	}
	l, err := parseLayout(s.Layout, s.names())
	if err != nil {
		panic("storage: " + err.Error())
	}
	return l
}

// JSON returns the schema as ParseSchema reads it, indented, with a line feed at the end. It panics if the schema is
// not valid: made by hand, with an unknown type, say.
func (s *Schema) JSON() []byte {
	if err := s.validate(); err != nil {
		panic("storage: " + err.Error())
	}
	type dimension struct {
		Name    string     `json:"field_name"`
		Allowed filter.Set `json:"allowed_values"`
		Type    string     `json:"type,omitempty"`
	}
	doc := struct {
		Version    int         `json:"version"`
		Dimensions []dimension `json:"dimensions"`
		Layout     string      `json:"layout,omitempty"`
	}{Version: s.Version, Layout: s.Layout}
	for _, d := range s.Dimensions {
		doc.Dimensions = append(doc.Dimensions, dimension(d))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		panic("storage: " + err.Error()) // a valid schema is encodable
	}
	return b.Bytes()
}

// MarshalJSON returns the schema as ParseSchema reads it.
func (s *Schema) MarshalJSON() ([]byte, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	return s.JSON(), nil
}

// UnmarshalJSON is ParseSchema.
func (s *Schema) UnmarshalJSON(data []byte) error {
	parsed, err := ParseSchema(data)
	if err != nil {
		return err
	}
	*s = *parsed
	return nil
}

// Clean returns one value for each dimension as it is spelled in a path: OTHER for one that is missing or that the
// schema does not allow, which is decided by the value as it came; else the value through Sanitise, in the file name
// with _ for dots and at most 80 bytes. Values beyond the last dimension are ignored.
func (s *Schema) Clean(values []string) []string {
	l := s.layout()
	clean := make([]string, len(s.Dimensions))
	for i := range s.Dimensions {
		clean[i] = other
		if i < len(values) && s.Dimensions[i].Allowed.Contains(values[i]) {
			clean[i] = l.clean(i, values[i])
		}
	}
	return clean
}

// Path returns the slash path of the file for these values, after Clean, without what a writer adds to it:
// saved_session/Firefox/nightly/30.0a1/20140301030203.20140308.v2.log.
func (s *Schema) Path(values []string) string {
	return s.layout().path(s.Clean(values))
}

// ParsePath returns the values in the slash path of a file, whatever follows them in its name. For any values,
// ParsePath(Path(values)) is Clean(values). An error is a *StrayError.
func (s *Schema) ParsePath(path string) (values []string, err error) {
	values, reason := s.layout().parse(path)
	if reason != "" {
		return nil, &StrayError{Path: path, Reason: reason}
	}
	return values, nil
}

// FilterOptions returns what a filter for a store of this schema is parsed with. Relative dates count from now.
func (s *Schema) FilterOptions(now time.Time) filter.Options {
	o := filter.Options{Dimensions: []filter.Dimension{}, Now: now}
	l := s.layout()
	stored := map[string]func(value string) bool{}
	for i, d := range s.Dimensions {
		o.Dimensions = append(o.Dimensions, filter.Dimension(d))
		clean := func(value string) string { return l.clean(i, value) }
		allowed := d.Allowed.Map(clean)
		stored[d.Name] = func(value string) bool {
			return d.Allowed.Contains(value) || allowed.Contains(clean(value)) || clean(value) == other
		}
	}
	o.Stores = func(dim, value string) bool { return stored[dim] != nil && stored[dim](value) }
	return o
}

// checkFilter returns an error that names the known dimensions if f names another.
func (s *Schema) checkFilter(f filter.Filter) error {
	names := s.names()
	for _, dim := range f.Dims() {
		if !slices.Contains(names, dim) {
			return fmt.Errorf("unknown dimension %q in the filter; the store has %s", dim, strings.Join(names, ", "))
		}
	}
	return nil
}
