package convert

import (
	"errors"
	"strings"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// Options say how to convert. The zero value of a field is its default.
type Options struct {
	// Definitions returns the histogram definitions of the revision that a ping names by its URL. It is called once a ping, so
	// it should remember. Without it, pings with histograms are refused. They are, too, after an error: for its reason if it is an
	// *Error, else as NoDefinitions.
	Definitions func(revision string) (*histogram.Definitions, error)

	// Fallback returns the URL of the revision for a ping that names none, by its update channel, build id and version. It is
	// stored as the info.revision of the ping, with info.revisionFrom to tell. Nil knows none.
	Fallback func(channel, buildID, version string) (revision string, ok bool)

	// Country returns the country of a client's address, "" if it does not know it. Nil knows none. It is asked about
	// FirefoxOS only: no other product's users are located.
	Country func(addr string) string

	// Strict refuses a ping of which a histogram is not what its definition says. Else it is converted, and counted.
	Strict bool
}

// A Ping is one submission.
type Ping struct {
	Text []byte // JSON
	Date string // when it was received: YYYYMMDD, UTC; UNKNOWN if there is no such day
	Addr []byte // of the client, may be a comma list; nil if it was not noted
}

// A Record is a converted ping. It is valid until its Converter converts the next one.
type Record struct {
	Value []byte   // JSON in one line of ASCII
	Dims  []string // values of the schema's dimensions, as they came

	Dropped    int // histograms without a usable definition: left out
	Mismatched int // histograms whose own bucket count, range or kind is not that of the definition: converted
	Replaced   int // bytes that were no UTF-8: U+FFFD now

	Fallback bool // the revision is that of Options.Fallback
}

// A Converter converts pings. It is for one goroutine, keeps nothing of a ping, and needs as much memory as the largest one a
// few times over, until a smaller one comes.
type Converter struct {
	schema  *storage.Schema
	options Options

	normal     normaliser
	rec        Record
	top        object
	info       object
	payload    object
	histograms []byte
	rewritten  []byte // payload
	infoText   []byte
	out        []byte
}

// keptSize is the size of a ping whose memory is kept for others, in bytes. Few are larger.
const keptSize = 512 << 10

// New returns a Converter for a store with this schema.
func New(schema *storage.Schema, o Options) *Converter {
	return &Converter{schema: schema, options: o}
}

// Convert converts one ping. The error is an *Error.
func (c *Converter) Convert(p Ping) (*Record, error) {
	if err := c.convert(p); err != nil {
		return nil, err
	}
	return &c.rec, nil
}

func (c *Converter) convert(p Ping) *Error {
	if last := len(c.normal.src); last > keptSize && last > 4*len(p.Text) {
		*c = Converter{schema: c.schema, options: c.options}
	}
	text, at := c.normal.run(p.Text)
	switch {
	case text == nil:
		return c.normal.refusal(at)
	case !isObject(text):
		return &Error{ConversionError, NotObject, ""}
	}
	c.rec = Record{Dims: c.rec.Dims[:0], Replaced: c.normal.replaced}
	c.top = c.top[:0].appendMembers(&c.normal, 0)
	top := &c.top

	var err *Error
	switch ver := top.get("ver"); {
	case ver == nil && top.get("version") == nil:
		return &Error{ConversionError, NoVersion, ""}
	case ver == nil:
		switch v := top.get("version"); string(v) {
		case "4", "5":
			err = c.unified(top)
		default:
			return failed(UnknownVersion, "version %.20s", v)
		}
	default:
		switch string(ver) {
		case "1":
			err = c.classic(top)
		case "2", "5":
		case "3":
			c.firefoxOS(top)
		default:
			return failed(UnknownVersion, "ver %.20s", ver)
		}
	}
	if err != nil {
		return err
	}
	info := top.get("info")
	if isMissing(info) {
		return failed(Incomplete, "no info")
	}
	if !isObject(info) {
		return failed(Misshapen, "info is no object")
	}
	if p.Addr != nil && is(lookup(info, "appName"), `"FirefoxOS"`) {
		info = c.locate(top, info, p.Addr)
	}
	c.dims(info, p.Date)
	c.out = top.appendTo(c.out[:0])
	c.rec.Value = c.out
	return nil
}

// classic converts a ping of version 1.
func (c *Converter) classic(top *object) *Error {
	if c.info = c.info[:0]; top.get("info") != nil {
		c.info = c.info.appendMembers(&c.normal, top.at("info"))
	}
	if err := c.pack(top, c.info); err != nil {
		return err
	}
	top.set("ver", []byte("2"))
	return nil
}

// firefoxOS converts a ping of version 3.
func (c *Converter) firefoxOS(top *object) {
	c.info = c.info[:0]
	c.info.set("reason", []byte(`"ftu"`))
	for _, s := range [...][2]string{
		{"appUpdateChannel", "deviceinfo.update_channel"},
		{"appBuildID", "deviceinfo.platform_build_id"},
		{"appVersion", "deviceinfo.platform_version"},
	} {
		value := top.get(s[1])
		if value == nil {
			value = []byte(`"` + unknown + `"`)
		}
		c.info.set(s[0], value)
	}
	c.info.set("appName", []byte(`"FirefoxOS"`))
	c.infoText = c.info.appendTo(c.infoText[:0])
	top.set("info", c.infoText)
	top.remove("pingID")
	top.set("ver", []byte("2"))
}

// revisionFrom is the member of info that says that its revision is not the ping's own. No ping has it by itself.
const revisionFrom = "revisionFrom"

// pack converts the histograms beside an info, both members of in, if there are any. about has the channel and the build.
func (c *Converter) pack(in *object, about object) *Error {
	info, text := in.get("info"), in.get("histograms")
	if isMissing(info) {
		return failed(Incomplete, "no info")
	}
	if !isObject(info) {
		return failed(Misshapen, "info is no object")
	}
	revision := lookup(info, "revision")
	switch {
	case revision == nil && text == nil:
		return nil
	case text == nil:
		return failed(Incomplete, "a revision, and no histograms")
	case revision == nil:
		if revision = c.fallback(about); revision == nil {
			return &Error{MissingRevision, "", "no info.revision"}
		}
		c.rec.Fallback = true
		marked := object(nil).appendMembers(&c.normal, in.at("info"))
		marked.set("revision", revision)
		marked.set(revisionFrom, []byte(`"calendar"`))
		in.set("info", marked.appendTo(nil))
	case lookup(info, revisionFrom) != nil:
		unmarked := object(nil).appendMembers(&c.normal, in.at("info"))
		unmarked.remove(revisionFrom)
		in.set("info", unmarked.appendTo(nil))
	}
	url := plain(revision)
	if url == "/rev/" {
		return &Error{MissingRevisionRepo, "", "info.revision names no repository"}
	}
	if !isObject(text) {
		return failed(Misshapen, "histograms are no object")
	}
	if c.options.Definitions == nil {
		return &Error{ConversionError, NoDefinitions, ""}
	}
	defs, err := c.options.Definitions(url)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			return e
		}
		return failed(NoDefinitions, "%v", err)
	}
	if e := c.packAll(defs, in.at("histograms")); e != nil {
		return e
	}
	in.set("histograms", c.histograms)
	return nil
}

// fallback returns the revision of a ping that names none, nil if there is none.
func (c *Converter) fallback(about object) []byte {
	if c.options.Fallback == nil {
		return nil
	}
	var of [3]string
	for i, name := range [...]string{"appUpdateChannel", "appBuildID", "appVersion"} {
		if value := about.get(name); !isMissing(value) {
			of[i] = plain(value)
		}
	}
	revision, ok := c.options.Fallback(of[0], of[1], of[2])
	if !ok {
		return nil
	}
	return quote(revision)
}

// refusals are the faults of histograms that are more than malformed.
var refusals = map[histogram.Fault]Error{
	histogram.FaultBucket:      {Category: BadPayload, Reason: NoBucket},
	histogram.FaultCount:       {Category: BadPayload, Reason: NoCount},
	histogram.FaultType:        {Category: Mismatch, Reason: OtherKind},
	histogram.FaultRange:       {Category: Mismatch, Reason: OtherRange},
	histogram.FaultBucketCount: {Category: Mismatch, Reason: OtherBucketCount},
}

// packAll makes c.histograms of an object of histograms, which is at this place of the ping.
func (c *Converter) packAll(defs *histogram.Definitions, at int) *Error {
	c.histograms = append(c.histograms[:0], '{')
	for m := range c.normal.object(at) {
		def, err := defs.Lookup(string(m.name))
		if err != nil {
			c.rec.Dropped++
			continue
		}
		if len(c.histograms) > 1 {
			c.histograms = append(c.histograms, ',')
		}
		c.histograms = append(appendQuoted(c.histograms, m.name), ':')
		c.histograms, err = def.Pack(c.histograms, m.value)
		if err == nil {
			continue
		}
		refusal := &Error{ConversionError, OddHistogram, err.Error()}
		if e, ok := errors.AsType[*histogram.PackError](err); ok {
			if e.Fault.Packed() && !c.options.Strict {
				c.rec.Mismatched++
				continue
			}
			if r, ok := refusals[e.Fault]; ok {
				refusal.Category, refusal.Reason = r.Category, r.Reason
			}
		}
		return refusal
	}
	c.histograms = append(c.histograms, '}')
	return nil
}

// locate adds the country of the first address that has one to info.
func (c *Converter) locate(top *object, info, addr []byte) []byte {
	country := "??"
	for one := range strings.SplitSeq(string(addr), ",") {
		if one = strings.TrimSpace(one); one == "" || c.options.Country == nil {
			continue
		}
		if found := c.options.Country(one); found != "" {
			country = found
			break
		}
	}
	c.info = c.info[:0]
	for name, value := range members(info) {
		c.info = append(c.info, member{name: name, value: value})
	}
	c.info.set("geoCountry", quote(country))
	text := c.info.appendTo(nil)
	top.set("info", text)
	return text
}

// unknown is the value of a dimension that info has not.
const unknown = "UNKNOWN"

// dims sets the values of the dimensions.
func (c *Converter) dims(info []byte, date string) {
	for _, d := range c.schema.Dimensions {
		value := unknown
		if d.Name == "submission_date" {
			value = date
		} else if text := lookup(info, d.Name); text != nil {
			value = plain(text)
		}
		c.rec.Dims = append(c.rec.Dims, value)
	}
}
