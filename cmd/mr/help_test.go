package main // the verbs' flags are known here only

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestUsages: the usage of a verb begins with its synopsis, fits a terminal, and has the flags that the verb has.
func TestUsages(t *testing.T) {
	for _, v := range verbs() {
		if !regexp.MustCompile(`^usage: mr ` + v.name + `\b`).MatchString(v.usage) {
			t.Errorf("%s: usage begins with %.40q", v.name, v.usage)
		}
		fits(t, v.usage)
		var has, described []string
		for _, o := range v.options() {
			has = append(has, o.Name)
			if o.Text == "" {
				t.Errorf("%s: nothing is said of --%s", v.name, o.Name)
			}
		}
		for _, m := range flagLine.FindAllStringSubmatch(v.usage, -1) {
			described = append(described, m[1])
		}
		slices.Sort(described)
		if !slices.Equal(has, described) {
			t.Errorf("%s has the flags\n%q, its usage describes\n%q", v.name, has, described)
		}
	}
	for _, text := range topics {
		fits(t, text)
	}
	fits(t, overview())
}

// fits checks that a text as it is printed is no wider than a terminal, and says what it said.
func fits(t *testing.T, text string) {
	t.Helper()
	got := fit(text)
	for line := range strings.Lines(got) {
		if n := len(strings.TrimRight(line, "\n")); n > columns && !verbatim.MatchString(line) {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	if !slices.Equal(strings.Fields(got), strings.Fields(text)) {
		t.Errorf("the words of\n%s\nare not those of\n%s", got, text)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"run", "ls", "gen", "completion"}
	for name, want := range map[string]string{
		"runn": "run", "rnu": "run", "lss": "ls", "l": "ls", "competion": "completion", "frobnicate": "", "": "", "x": "", "gne": "gen",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
