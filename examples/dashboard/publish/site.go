package publish

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Site is site.json: what the site is made of, and what is missing in it.
type Site struct {
	FirstDay    string           `json:"firstDay"` // of submission
	LastDay     string           `json:"lastDay"`
	MissingDays []string         `json:"missingDays"` // between these, of which there is no delta
	Records     int64            `json:"records"`
	Pings       int64            `json:"pings"`
	Skipped     map[string]int64 `json:"skipped"` // records, by reason
	Bad         int64            `json:"bad"`     // records
	Refused     map[string]int64 `json:"refused"` // histograms and simple measures of pings, by reason
	Dropped     []Dropped        `json:"dropped"` // sums of measures, by reason
	Releases    []Release        `json:"releases"`
}

// Dropped is a reason for which measures are not in the site.
type Dropped struct {
	Reason   string           `json:"reason"`
	Pings    int64            `json:"pings"`    // histograms
	Measures map[string]int64 `json:"measures"` // of these, by measure; not all if there are many
}

// Release is what site.json says of a release.
type Release struct {
	Name           string   `json:"release"`
	Folder         string   `json:"folder"`
	Pings          int64    `json:"pings"`
	Measures       int      `json:"measures"`
	FirstBuild     string   `json:"firstBuild"`
	LastBuild      string   `json:"lastBuild"`
	LastSubmission string   `json:"lastSubmission"`
	Systems        []string `json:"systems"`
}

// account.json in the folder of a release: what site.json says of it.
const accountFile = "account.json"

// An account is that of a release.
type account struct {
	Release
	Dropped []Dropped        `json:"dropped"` // by reason
	Basis   basis            `json:"basis"`
	Simple  map[string]int64 `json:"simple"` // simple measures, and how many pings have them
}

// maxDropped is how many measures are listed for a reason: names come from pings.
const maxDropped = 100

func (a *account) drop(reason, measure string, pings int64) {
	a.leftOut(reason, pings)
	for i := range a.Dropped {
		if d := &a.Dropped[i]; d.Reason == reason {
			d.list(measure, pings)
		}
	}
}

// leftOut is drop for measures of which the names are not known.
func (a *account) leftOut(reason string, pings int64) {
	if pings > 0 {
		a.Dropped = addDropped(a.Dropped, Dropped{Reason: reason, Pings: pings})
	}
}

// list lists a measure, the first ones by name.
func (d *Dropped) list(measure string, pings int64) {
	if _, listed := d.Measures[measure]; !listed && len(d.Measures) == maxDropped {
		last := slices.Max(slices.Collect(maps.Keys(d.Measures)))
		if measure > last {
			return
		}
		delete(d.Measures, last)
	}
	d.Measures[measure] += pings
}

// addDropped adds d to a list that has each reason once.
func addDropped(list []Dropped, d Dropped) []Dropped {
	i := slices.IndexFunc(list, func(old Dropped) bool { return old.Reason == d.Reason })
	if i < 0 {
		i = len(list)
		list = append(list, Dropped{Reason: d.Reason, Measures: map[string]int64{}})
	}
	list[i].Pings += d.Pings
	for _, name := range slices.Sorted(maps.Keys(d.Measures)) {
		list[i].list(name, d.Measures[name])
	}
	return list
}

// addRelease adds the account of a release.
func (s *Site) addRelease(a account) {
	s.Pings += a.Pings
	s.Releases = append(s.Releases, a.Release)
	for _, d := range a.Dropped {
		s.Dropped = addDropped(s.Dropped, d)
	}
}

// newSite returns the account of some days.
func newSite(manifests []Manifest) *Site {
	site := &Site{Skipped: map[string]int64{}, Refused: map[string]int64{}, Dropped: []Dropped{}}
	var days []string
	for _, m := range manifests {
		site.addDay(m)
		days = append(days, m.Day)
	}
	site.MissingDays = missing(days)
	return site
}

// readAccount reads the account in a folder.
func readAccount(folder string) (a account, err error) {
	name := filepath.Join(folder, accountFile)
	data, err := os.ReadFile(name)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("%s: %w: remove the folder", name, err)
	}
	return a, nil
}

// addDay adds the account of a day.
func (s *Site) addDay(m Manifest) {
	s.FirstDay = min(cmp.Or(s.FirstDay, m.Day), m.Day)
	s.LastDay = max(s.LastDay, m.Day)
	s.Records += m.Records
	s.Bad += m.Bad
	addAll(s.Skipped, m.Skipped)
	addAll(s.Refused, m.Refused)
}

func addAll(to, from map[string]int64) {
	for reason, n := range from {
		to[reason] += n
	}
}

// missing lists the days between the first and the last of days that are not among them.
func missing(days []string) []string {
	have := map[string]bool{}
	for _, d := range days {
		have[d] = true
	}
	none := []string{}
	first, err1 := time.Parse(dayLayout, slices.Min(days))
	last, err2 := time.Parse(dayLayout, slices.Max(days))
	if err1 != nil || err2 != nil {
		return none
	}
	const most = 1000 // a day in another century is no reason to list all between
	for d := first; d.Before(last) && len(none) < most; d = d.AddDate(0, 0, 1) {
		if name := d.Format(dayLayout); !have[name] {
			none = append(none, name)
		}
	}
	return none
}
