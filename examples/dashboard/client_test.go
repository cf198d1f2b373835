package main_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A client reads a site as the dashboards of 2013 did. It shares no code with the program, and repeats the formulas of that
// time with their quirks.
type client struct {
	t        *testing.T
	site     string
	versions map[string]string
}

func openSite(t *testing.T, site string) *client {
	c := &client{t: t, site: site}
	c.read("versions.json", &c.versions)
	return c
}

func (c *client) read(name string, v any) {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.site, name))
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
}

// A clientDefinition is an entry of histograms.json.
type clientDefinition struct {
	Kind        string
	Description *string
	Low, High   float64
	Buckets     int `json:"n_buckets"`
	Values      int `json:"n_values"`
}

func (d clientDefinition) bounds() []float64 {
	switch low := max(d.Low, 1); d.Kind {
	case "linear":
		return linearBounds(low, d.High, d.Buckets)
	case "exponential":
		return exponentialBounds(low, d.High, d.Buckets)
	case "enumerated":
		return linearBounds(1, float64(d.Values), d.Values+1)
	case "boolean", "flag":
		return linearBounds(1, 2, 3)
	}
	return nil
}

func linearBounds(low, high float64, n int) []float64 {
	b := make([]float64, n)
	for i := 1; i < n; i++ {
		b[i] = math.Floor((low*float64(n-1-i)+high*float64(i-1))/float64(n-2) + 0.5)
	}
	return b
}

func exponentialBounds(low, high float64, n int) []float64 {
	b := make([]float64, n)
	b[1] = low
	for i := 2; i < n; i++ {
		log := math.Log(b[i-1])
		b[i] = max(b[i-1]+1, math.Floor(math.Exp(log+(math.Log(high)-log)/float64(n-i))+0.5))
	}
	return b
}

func (c *client) measures(version string) map[string]clientDefinition {
	var defs map[string]clientDefinition
	c.read(filepath.Join(c.versions[version], "histograms.json"), &defs)
	return defs
}

// An evolution is one of the two files of a measure, seen through a node of the filter tree.
type evolution struct {
	definition clientDefinition
	data       map[string][][]float64
	node       map[string]any
}

func (c *client) load(version, measure, family string) evolution {
	c.t.Helper()
	e := evolution{definition: c.measures(version)[measure]}
	c.read(filepath.Join(c.versions[version], measure+"-by-"+family+"-date.json"), &e.data)
	c.read(filepath.Join(c.versions[version], "filter-tree.json"), &e.node)
	return e
}

// options are the names of the node's children, sorted.
func options(node map[string]any) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(node)), func(key string) bool { return key == "_id" || key == "name" })
}

func (e evolution) filter(option string) evolution {
	e.node = e.node[option].(map[string]any)
	return e
}

func (e evolution) dates() []string { return slices.Sorted(maps.Keys(e.data)) }

// between returns one histogram over days, the first and the last included.
func (e evolution) between(first, last string) clientHistogram {
	h := clientHistogram{evolution: e}
	ids := map[float64]bool{}
	collectIDs(e.node, ids)
	for _, day := range e.dates() {
		for _, a := range e.data[day] {
			if first <= day && day <= last && ids[a[len(a)-1]] {
				h.arrays = append(h.arrays, a)
			}
		}
	}
	return h
}

func (e evolution) all() clientHistogram { return e.between("", "9") }

func collectIDs(node map[string]any, ids map[float64]bool) {
	ids[node["_id"].(float64)] = true
	for _, name := range options(node) {
		collectIDs(node[name].(map[string]any), ids)
	}
}

// A clientHistogram adds up some arrays of an evolution.
type clientHistogram struct {
	evolution
	arrays [][]float64
}

// tail adds up the elements that are i from the end, of which the last is 1.
func (h clientHistogram) tail(i int) float64 {
	var sum float64
	for _, a := range h.arrays {
		sum += a[len(a)-i]
	}
	return sum
}

func (h clientHistogram) submissions() float64 { return h.tail(2) }

func (h clientHistogram) counts() []float64 {
	counts := make([]float64, len(h.definition.bounds()))
	for _, a := range h.arrays {
		for i := range counts {
			counts[i] += a[i]
		}
	}
	return counts
}

func (h clientHistogram) count() float64 {
	var n float64
	for _, c := range h.counts() {
		n += c
	}
	return n
}

func (h clientHistogram) mean() float64 { return h.tail(7) / h.count() }

// lastEnd is the estimated end of the last bucket, which may lie below its start.
func (h clientHistogram) lastEnd() float64 {
	counts, bounds := h.counts(), h.definition.bounds()
	last := len(bounds) - 1
	rest := h.tail(7)
	for i := range last {
		rest -= counts[i] * (bounds[i] + (bounds[i+1]-bounds[i])/2)
	}
	return bounds[last] + 2*(rest/counts[last]-bounds[last])
}

func (h clientHistogram) percentile(p float64) float64 {
	counts, bounds := h.counts(), h.definition.bounds()
	left, i := h.count()*p/100, 0
	for i < len(counts)-1 && left-counts[i] > 0 {
		left -= counts[i]
		i++
	}
	end := h.lastEnd()
	if i+1 < len(bounds) {
		end = bounds[i+1]
	}
	f := left / (counts[i] + 1)
	if h.definition.Kind == "exponential" {
		return bounds[i] + math.Exp(math.Log(end-bounds[i])*f)
	}
	return bounds[i] + (end-bounds[i])*f
}

func (h clientHistogram) median() float64 { return h.percentile(50) }

// standardDeviation is n times the variance: it was called so.
func (h clientHistogram) standardDeviation() float64 {
	n, sum := h.count(), h.tail(7)
	return (n*(h.tail(4)+h.tail(3)*(1<<32)) - sum*sum) / n
}

func (h clientHistogram) geometricMean() float64 { return h.tail(6) / h.count() }

// check looks for all that a client of that time would have stumbled over.
func (c *client) check() {
	c.t.Helper()
	for version, folder := range c.versions {
		var tree map[string]any
		c.read(filepath.Join(folder, "filter-tree.json"), &tree)
		ids, leaves := map[float64]bool{}, map[float64]bool{}
		c.checkTree(tree, []string{"reason", "appName", "OS", "osVersion", "arch"}, ids, leaves)
		for measure, def := range c.measures(version) {
			if def.Description == nil || def.bounds() == nil {
				c.t.Errorf("%s: the definition of %s is %+v", version, measure, def)
			}
			for _, family := range []string{"build", "submission"} {
				c.checkData(c.load(version, measure, family), version+" "+measure, leaves)
			}
		}
	}
}

func (c *client) checkTree(node map[string]any, levels []string, ids, leaves map[float64]bool) {
	c.t.Helper()
	id, ok := node["_id"].(float64)
	if !ok || ids[id] || id != math.Trunc(id) {
		c.t.Errorf("id %v is not the only one, or no integer", node["_id"])
	}
	ids[id] = true
	if len(levels) == 0 {
		leaves[id] = true
		if len(node) != 1 {
			c.t.Errorf("leaf %v has more than an id", node)
		}
		return
	}
	if node["name"] != levels[0] || len(options(node)) == 0 {
		c.t.Errorf("node %v has the name %v, want %s and children", id, node["name"], levels[0])
	}
	for _, name := range options(node) {
		child, ok := node[name].(map[string]any)
		if !ok || strings.Contains(name, "/") {
			c.t.Fatalf("%q of node %v is no node", name, id)
		}
		c.checkTree(child, levels[1:], ids, leaves)
	}
}

func (c *client) checkData(e evolution, what string, leaves map[float64]bool) {
	c.t.Helper()
	for day, arrays := range e.data {
		if _, err := time.Parse("20060102", day); err != nil {
			c.t.Errorf("%s has a day %q", what, day)
		}
		seen := map[float64]bool{}
		for _, a := range arrays {
			id := a[len(a)-1]
			if len(a) != len(e.definition.bounds())+7 || !leaves[id] || seen[id] || a[len(a)-2] < 1 || slices.Min(a) < -1 {
				c.t.Errorf("%s, %s: array %v", what, day, a)
			}
			seen[id] = true
		}
	}
}

// checkSums: days add up to the range, and the options of a filter to what is filtered, at each level.
func (c *client) checkSums() {
	c.t.Helper()
	for version := range c.versions {
		for measure := range c.measures(version) {
			for _, family := range []string{"build", "submission"} {
				c.checkNode(c.load(version, measure, family), version+" "+measure+" by "+family)
			}
		}
	}
}

func (c *client) checkNode(e evolution, what string) {
	c.t.Helper()
	whole := e.all()
	var days, filtered []clientHistogram
	for _, day := range e.dates() {
		days = append(days, e.between(day, day))
	}
	for _, option := range options(e.node) {
		filtered = append(filtered, e.filter(option).all())
		c.checkNode(e.filter(option), what+"/"+option)
	}
	if !sameTotals(whole, days) || len(filtered) > 0 && !sameTotals(whole, filtered) {
		c.t.Errorf("%s: the parts do not add up to the whole", what)
	}
}

func sameTotals(whole clientHistogram, parts []clientHistogram) bool {
	counts := whole.counts()
	var submissions, sum float64
	for _, p := range parts {
		submissions += p.submissions()
		sum += p.tail(7)
		for i, n := range p.counts() {
			counts[i] -= n
		}
	}
	return submissions == whole.submissions() && sum == whole.tail(7) && slices.Min(counts) == 0 && slices.Max(counts) == 0
}
