package job_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

const dims = "\n\t\t[reason=saved-session appName=Firefox appUpdateChannel=nightly appVersion=27.0a1 appBuildID=20131101030205 submission_date=20131103]\n"

// rows are those of the day and the release of dims. In groups, LEAF/ begins a leaf of Firefox.
func rows(groups string, measures ...string) string {
	text := "\n20131103\tnightly/27\t\t" + groups + "\n"
	for _, m := range measures {
		text += "20131103\tnightly/27\t" + m + "\n"
	}
	return strings.ReplaceAll(text, "LEAF/", `"built":"20131101","leaf":"saved_session/Firefox/`)
}

func TestCells(t *testing.T) {
	mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[1,0,2,5,0.5,0.25,-1,-1],"SHUTDOWN_OK":[1,0,0,0,-1,-1,0,0]}}
		b {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[0,3,0,4,0.25,0.125,-1,-1]}}
		c {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[0,3,0,4,-1,-1,-1,-1]}}
		d {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[0,3,4,0,0,-1,-1]}}
		e {"info":{"OS":"WINNT","version":"6.2","arch":"x86"},"histograms":{"GC_MS":[0,3,0,4,0.1,0.3,-1,-1]}}
	`), rows(
		`{"groups":[{LEAF/WINNT/6.1/x86","pings":4},{LEAF/WINNT/6.2/x86","pings":1}]}`,
		"GC_MS\t[[0,1,[0,3,4,0,0,-1,-1]],[0,2,[1,3,2,9,0.75,0.375,-1,-1]],[0,1,[0,3,0,4,-1,-1,-1,-1]],[1,1,[0,3,0,4,0.1,0.3,-1,-1]]]",
		"SHUTDOWN_OK\t[[0,1,[1,-2,0,-1,-1,0,0]]]",
	))
}

// TestForms: a histogram says the same in whatever form JSON allows for it.
func TestForms(t *testing.T) {
	mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{},"histograms":{"A":[1,0,0,0,0,0,0,17,1234567,2.5,0.125,-1,-1]}}
		b {"info":{},"histograms":{"A":[ 1, 0,0,0,0,0,0 ,17,1234567,25e-1,1.25E-1,-1,-1 ]}}
		c {"info":{},"histograms":{"A":[1.0,0,0,0.0,0,null,0,17,1234567.0,2.50,0.1250,-1,-1]}}
		d {"info":{},"histograms":{"\u0041":[1,-0,0,0,0,0,0,17,1234567,2.5,0.125,-1,-1],"B":[],"B":[1,2]}}
	`), rows(
		`{"groups":[{LEAF/unknown/unknown/unknown","pings":4}]}`,
		"A\t[[0,4,[4,-6,68,4938268,10,0.5,-1,-1]]]",
		"B\t[[0,1,[]],[0,1,[1,2]]]",
	))
}

func TestSimpleMeasures(t *testing.T) {
	stats := mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{},"simpleMeasurements":{"firstPaint":0,"js":{"setProto":9},"main":40000.5,"bad":-1,"text":"9","more":{"deep":{"er":1}}}}
	`), rows(
		`{"groups":[{LEAF/unknown/unknown/unknown","pings":1}],"simple":{"SIMPLE_MEASURES_FIRSTPAINT":1,"SIMPLE_MEASURES_JS_SETPROTO":1,"SIMPLE_MEASURES_MAIN":1}}`,
		"SIMPLE_MEASURES_FIRSTPAINT\t[[0,1,[1,-49,0,0,0,-1,-1]]]",
		"SIMPLE_MEASURES_JS_SETPROTO\t[[0,1,[-8,1,-41,9,2.302585092994046,5.301898110478399,-1,-1]]]",
		"SIMPLE_MEASURES_MAIN\t[[0,1,[-49,1,40000.5,10.596672232392965,112.2894624007681,-1,-1]]]",
	))
	want := map[string]int64{"20131103 pings": 1, "20131103 refused simple measure below zero": 1, "20131103 refused simple measure that is no number": 2}
	if !maps.Equal(stats.Counts, want) {
		t.Errorf("counted %v, want %v", stats.Counts, want)
	}
}

// TestManyNames: a ping may make up names of simple measures. Those that most pings have are kept.
func TestManyNames(t *testing.T) {
	const often = `"z":0,"y":0`
	var many strings.Builder
	simple, zero := map[string]int64{"SIMPLE_MEASURES_Y": 2, "SIMPLE_MEASURES_Z": 2}, "1,-49,0,0,0,-1,-1"
	var measures []string
	for i := range job.MaxSimple + 10 {
		fmt.Fprintf(&many, `"n%04d":0,`, i)
		if len(simple) < job.MaxSimple {
			name := fmt.Sprintf("SIMPLE_MEASURES_N%04d", i)
			simple[name] = 1
			measures = append(measures, name+"\t[[0,1,["+zero+"]]]")
		}
	}
	measures = append(measures, "SIMPLE_MEASURES_Y\t[[0,2,["+strings.Replace(zero, "1", "2", 1)+"]]]", "SIMPLE_MEASURES_Z\t[[0,2,["+strings.Replace(zero, "1", "2", 1)+"]]]")
	kept, err := json.Marshal(simple)
	if err != nil {
		t.Fatal(err)
	}
	mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{},"simpleMeasurements":{`+many.String()+often+`}}
		b {"info":{},"simpleMeasurements":{`+often+`}}
	`), rows(`{"groups":[{LEAF/unknown/unknown/unknown","pings":2}],"simple":`+string(kept)+`,"left":12}`, measures...))
}

func TestLeaves(t *testing.T) {
	mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{"OS":"Linux","version":"3.11.0-12-generic","arch":"x86-64"}}
		b {"info":{"OS":"Linux","version":"3.1.9","arch":"x86-64"}}
		c {"info":{"OS":"a/b!c,d\te\u0000","version":"__proto__","arch":"name"}}
		d {"info":{"OS":"<b>`+strings.Repeat("ü", 5000)+`","version":"_id","arch":" "}}
	`), rows(`{"groups":[{LEAF/\u003cb\u003e`+strings.Repeat("ü", 30)+`/_id_/unknown","pings":1},`+
		`{LEAF/Linux/3.1/x86-64","pings":1},{LEAF/Linux/3.11/x86-64","pings":1},{LEAF/a_b_c_d_e_/__proto___/name_","pings":1}]}`))
}

// TestHostile: what a ping may have made up is counted, and no reason to stop.
func TestHostile(t *testing.T) {
	stats := mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{},"histograms":{"../../x":[1,0,0,0,0,0],"A":[-1,0,0,0,0,0],"B":[1,-1,0,0,0,0],"C":{"values":{}},"D":[1e999,0,0,0,0,0],"E":"x","F":[0.5,1,1,1,1,1],"":[1],"G":[1,-7,0,0,0,0],"H":[1,1e300,0,0,0,0],"I":[9007199254740993,1,0,0,0,0],"J":[`+strings.Repeat("0,", 20_000)+`0]}}
		b {"histograms":{"A":[1,0,0,0,0,0]}}
		[appVersion=x.y]
		c {"info":{}}
		[appUpdateChannel=OTHER appVersion=27.0 appBuildID=20131301000000]
		d {"info":{}}
		[appUpdateChannel=nightly appVersion=27.0 appBuildID=20131101 submission_date=20130229]
		e {"info":{}}
	`), rows(`{"groups":[{LEAF/unknown/unknown/unknown","pings":1}]}`))
	if want := map[string]int64{
		"no info": 1, "no channel and major version": 1, "build without a day": 1, "submission without a day": 1,
	}; !maps.Equal(stats.SkippedBy, want) {
		t.Errorf("skipped %v, want %v", stats.SkippedBy, want)
	}
	if want := map[string]int64{
		"20131103 pings": 1, "20131103 skipped no info": 1,
		"20131103 refused histogram with a name that none has": 2, "20131103 refused histogram with a number below zero, or with parts of samples": 4,
		"20131103 refused histogram with a number beyond 2^53": 2, "20131103 refused histogram that is no array of numbers": 3,
		"20131103 refused histogram with more than 10000 numbers": 1,
	}; !maps.Equal(stats.Counts, want) {
		t.Errorf("counted %v, want %v", stats.Counts, want)
	}
}

// TestLargest: the sums of the largest numbers that a ping may have keep all their digits.
func TestLargest(t *testing.T) {
	const ping = ` {"info":{},"histograms":{"A":[9007199254740992,9007199254740992,0,0,0,0]},"simpleMeasurements":{"x":9007199254740994}}`
	stats := mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+"\t\ta"+ping+"\n\t\tb"+ping+"\n\t"), rows(
		`{"groups":[{LEAF/unknown/unknown/unknown","pings":2}]}`,
		"A\t[[0,2,[18014398509481984,18014398509481984,0,0,0,0]]]",
	))
	if want := map[string]int64{"20131103 pings": 2, "20131103 refused simple measure beyond 2^53": 2}; !maps.Equal(stats.Counts, want) {
		t.Errorf("counted %v, want %v", stats.Counts, want)
	}
}
