package publish

import (
	"cmp"
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

// maxDropped is how many measures are listed for a reason: names come from pings.
const maxDropped = 100

func (s *Site) drop(reason, measure string, pings int64) {
	i := slices.IndexFunc(s.Dropped, func(d Dropped) bool { return d.Reason == reason })
	if i < 0 {
		i = len(s.Dropped)
		s.Dropped = append(s.Dropped, Dropped{Reason: reason, Measures: map[string]int64{}})
	}
	d := &s.Dropped[i]
	d.Pings += pings
	if _, listed := d.Measures[measure]; listed || len(d.Measures) < maxDropped {
		d.Measures[measure] += pings
	}
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
