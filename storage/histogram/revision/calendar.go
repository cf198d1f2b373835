package revision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/telemetry-mr/mr/filter"
)

// A Calendar says of which revision a browser was built, for pings that do not. It may be used by several goroutines. What
// it says is a guess of those who wrote it: package convert marks the records whose definitions come from it.
type Calendar struct {
	byChannel map[string][]period
}

// A period is an entry of a Calendar.
type period struct {
	from, to string // build IDs of 14 digits, or empty
	version  string // or empty
	revision string
}

// ParseCalendar reads a JSON document like this one:
//
//	{"revisions": [
//		{"channel": "nightly", "from": "20130601", "to": "20130607", "revision": "https://hg.mozilla.org/mozilla-central/rev/26cb30a532a1"},
//		{"channel": "release", "version": "22.0", "revision": "https://hg.mozilla.org/releases/mozilla-release/rev/e55e45536133"}
//	]}
//
// An entry holds for one channel, and for the build IDs of a range, or one version, or a range of builds of one version. The
// bounds of a range are 8 to 14 digits of a build ID and belong to it; one may be missing. The error is a
// *filter.DocumentError.
func ParseCalendar(data []byte) (*Calendar, error) {
	p := calendarParser{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	c := &Calendar{byChannel: map[string][]period{}}
	var text json.RawMessage
	err := json.Unmarshal(data, &text)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		p.at = max(0, int(syntax.Offset)-1)
	}
	if err == nil {
		err = p.document(c)
	}
	if err != nil {
		before := data[:min(p.at, len(data))]
		line := bytes.Count(before, []byte{'\n'}) + 1
		return nil, &filter.DocumentError{Line: line, Column: len(before) - bytes.LastIndexByte(before, '\n'), Msg: err.Error()}
	}
	return c, nil
}

// Resolve returns the URL of the revision for a browser, of which build ID and version may be empty: that of the first entry
// that holds.
func (c *Calendar) Resolve(channel, buildID, version string) (revision string, ok bool) {
	build, isBuild := padBuild(buildID, '0')
	for _, p := range c.byChannel[channel] {
		if p.version != "" && p.version != version {
			continue
		}
		if p.from != "" && (!isBuild || build < p.from) || p.to != "" && (!isBuild || build > p.to) {
			continue
		}
		return p.revision, true
	}
	return "", false
}

const buildDigits = 14 // YYYYMMDDhhmmss

// padBuild returns a build ID, or as much of it as a bound has, with all its digits.
func padBuild(s string, with byte) (string, bool) {
	if len(s) < 8 || len(s) > buildDigits || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	return s + strings.Repeat(string(with), buildDigits-len(s)), true
}

// A calendarParser reads well-formed JSON by its tokens, so that it can tell the place of what is wrong.
type calendarParser struct {
	data []byte
	dec  *json.Decoder
	at   int // where the token began that was read last
}

func (p *calendarParser) token() json.Token {
	p.at = int(p.dec.InputOffset())
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[p.at]) >= 0 {
		p.at++
	}
	token, _ := p.dec.Token() // which is there: the text is well-formed
	return token
}

func (p *calendarParser) document(c *Calendar) error {
	if p.token() != json.Delim('{') {
		return errors.New("a calendar is an object")
	}
	found := false
	for ; p.dec.More(); p.token() {
		if name := p.token(); name != "revisions" || found {
			return fmt.Errorf("a calendar has one member, revisions, not %q", name)
		}
		found = true
		if p.token() != json.Delim('[') {
			return errors.New("revisions is a list")
		}
		for p.dec.More() {
			if err := p.period(c); err != nil {
				return err
			}
		}
	}
	if !found {
		return errors.New("a calendar has a member revisions")
	}
	return nil
}

func (p *calendarParser) period(c *Calendar) error {
	if p.token() != json.Delim('{') {
		return errors.New("an entry is an object")
	}
	start := p.at
	var e period
	var channel string
	seen := map[string]bool{}
	for p.dec.More() {
		key, _ := p.token().(string)
		if seen[key] {
			return fmt.Errorf("%s comes twice", key)
		}
		seen[key] = true
		var err error
		switch key {
		case "channel":
			channel, err = p.text(key)
		case "version":
			e.version, err = p.text(key)
		case "from":
			e.from, err = p.build(key, '0')
		case "to":
			e.to, err = p.build(key, '9')
		case "revision":
			if e.revision, err = p.text(key); err == nil {
				_, err = ParseID(e.revision)
			}
		default:
			return fmt.Errorf("the key %q is not known; known are channel, from, to, version, revision", key)
		}
		if err != nil {
			return err
		}
	}
	p.token()
	p.at = start
	switch {
	case channel == "" || e.revision == "":
		return errors.New("an entry has a channel and a revision")
	case e.from == "" && e.to == "" && e.version == "":
		return errors.New("an entry has from, to or version")
	case e.to != "" && e.from > e.to:
		return errors.New("from is later than to")
	}
	c.byChannel[channel] = append(c.byChannel[channel], e)
	return nil
}

func (p *calendarParser) text(key string) (string, error) {
	s, ok := p.token().(string)
	if !ok || s == "" {
		return "", fmt.Errorf("%s is a string that is not empty", key)
	}
	return s, nil
}

func (p *calendarParser) build(key string, pad byte) (string, error) {
	s, err := p.text(key)
	if err != nil {
		return "", err
	}
	s, ok := padBuild(s, pad)
	if !ok {
		return "", fmt.Errorf("%s has 8 to %d digits, of a build ID", key, buildDigits)
	}
	return s, nil
}
