package job_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

const dims = "\n\t\t[reason=saved-session appName=Firefox appUpdateChannel=nightly appVersion=27.0a1 appBuildID=20131101030205 submission_date=20131103]\n"

func TestCells(t *testing.T) {
	mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[1,0,2,5,0.5,0.25,-1,-1],"SHUTDOWN_OK":[1,0,0,0,-1,-1,0,0]}}
		b {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[0,3,0,4,0.25,0.125,-1,-1]}}
		c {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[0,3,0,4,-1,-1,-1,-1]}}
		d {"info":{"OS":"WINNT","version":"6.1","arch":"x86"},"histograms":{"GC_MS":[0,3,4,0,0,-1,-1]}}
	`), strings.ReplaceAll(`
nightly/27		20131101	20131103	LEAF	0	4	[]
nightly/27	GC_MS	20131101	20131103	LEAF	24	1	[0,3,4,0,0,null,null]
nightly/27	GC_MS	20131101	20131103	LEAF	24	2	[1,3,2,9,0.75,0.375,null,null]
nightly/27	GC_MS	20131101	20131103	LEAF	30	1	[0,3,0,4,null,null,null,null]
nightly/27	SHUTDOWN_OK	20131101	20131103	LEAF	6	1	[1,0,0,0,null,null,0,0]
`, "LEAF", "saved_session/Firefox/WINNT/6.1/x86"))
}

func TestSimpleMeasures(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("0,", n) }
	stats := mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{},"simpleMeasurements":{"firstPaint":0,"js":{"setProto":9},"main":40000.5,"bad":-1,"text":"9","more":{"deep":{"er":1}}}}
	`), strings.NewReplacer("CELL", "20131101	20131103	saved_session/Firefox/unknown/unknown/unknown").Replace(`
nightly/27		CELL	0	1	[]
nightly/27	SIMPLE_MEASURES_FIRSTPAINT	CELL	24	1	[1,`+zeros(49)+`0,0,0,null,null]
nightly/27	SIMPLE_MEASURES_JS_SETPROTO	CELL	24	1	[`+zeros(8)+`1,`+zeros(41)+`9,2.302585092994046,5.301898110478399,null,null]
nightly/27	SIMPLE_MEASURES_MAIN	CELL	24	1	[`+zeros(49)+`1,40000.5,10.596672232392965,112.2894624007681,null,null]
`))
	want := map[string]int64{"simple measure below zero": 1, "simple measure that is no number": 2}
	if !maps.Equal(stats.Counts, want) {
		t.Errorf("counted %v, want %v", stats.Counts, want)
	}
}

func TestLeaves(t *testing.T) {
	mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{"OS":"Linux","version":"3.11.0-12-generic","arch":"x86-64"}}
		b {"info":{"OS":"Linux","version":"3.1.9","arch":"x86-64"}}
		c {"info":{"OS":"a/b!c,d\te\u0000","version":"__proto__","arch":"name"}}
		d {"info":{"OS":"<b>`+strings.Repeat("ü", 5000)+`","version":"_id","arch":" "}}
	`), strings.ReplaceAll(`
nightly/27		20131101	20131103	P/<b>`+strings.Repeat("ü", 30)+`/_id_/unknown	0	1	[]
nightly/27		20131101	20131103	P/Linux/3.1/x86-64	0	1	[]
nightly/27		20131101	20131103	P/Linux/3.11/x86-64	0	1	[]
nightly/27		20131101	20131103	P/a_b_c_d_e_/__proto___/name_	0	1	[]
`, "P/", "saved_session/Firefox/"))
}

// TestHostile: what a ping may have made up is counted, and no reason to stop.
func TestHostile(t *testing.T) {
	stats := mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+`
		a {"info":{},"histograms":{"../../x":[1,0,0,0,0,0],"A":[-1,0,0,0,0,0],"B":[1,-1,0,0,0,0],"C":{"values":{}},"D":[1e999,0,0,0,0,0],"E":"x","F":[0.5,1,1,1,1,1],"":[1],"G":[1,-7,0,0,0,0],"H":[1,1e300,0,0,0,0],"I":[9007199254740993,1,0,0,0,0]}}
		b {"histograms":{"A":[1,0,0,0,0,0]}}
		[appVersion=x.y]
		c {"info":{}}
		[appUpdateChannel=OTHER appVersion=27.0 appBuildID=20131301000000]
		d {"info":{}}
		[appUpdateChannel=nightly appVersion=27.0 appBuildID=20131101 submission_date=20130229]
		e {"info":{}}
	`), `
nightly/27		20131101	20131103	saved_session/Firefox/unknown/unknown/unknown	0	1	[]
`)
	if want := map[string]int64{
		"no info": 1, "no channel and major version": 1, "build without a day": 1, "submission without a day": 1,
	}; !maps.Equal(stats.SkippedBy, want) {
		t.Errorf("skipped %v, want %v", stats.SkippedBy, want)
	}
	if want := map[string]int64{
		"histogram with a name that none has": 2, "histogram with a number below zero, or with parts of samples": 4, "histogram with a number beyond 2^53": 2, "histogram that is no array of numbers": 3,
	}; !maps.Equal(stats.Counts, want) {
		t.Errorf("counted %v, want %v", stats.Counts, want)
	}
}

// TestLargest: the sums of the largest numbers that a ping may have keep all their digits.
func TestLargest(t *testing.T) {
	const ping = ` {"info":{},"histograms":{"A":[9007199254740992,9007199254740992,0,0,0,0]},"simpleMeasurements":{"x":9007199254740994}}`
	stats := mapreducetest.Run(t, job.Job(), mapreducetest.Records(t, dims+"\t\ta"+ping+"\n\t\tb"+ping+"\n\t"), strings.ReplaceAll(`
nightly/27		CELL	0	2	[]
nightly/27	A	CELL	0	2	[18014398509481984,18014398509481984,0,0,0,0]
`, "CELL", "20131101	20131103	saved_session/Firefox/unknown/unknown/unknown"))
	if want := map[string]int64{"simple measure beyond 2^53": 2}; !maps.Equal(stats.Counts, want) {
		t.Errorf("counted %v, want %v", stats.Counts, want)
	}
}
