//go:build linux

package main

import "fmt"

// A suite is some programs to compare, and what is to come of it.
type suite struct {
	name       string
	about      string
	rounds     int
	contenders func(o options) []*contender // in the order of a round
	claims     []claim
}

// suites are all there are. What writes much comes last in each: what the disk still does for it is not to slow the next
// program down.
var suites = []suite{
	{
		name: "jobs", about: "the jobs against decompressing, and against programs that do the same (default)", rounds: 5,
		contenders: func(o options) []*contender {
			return []*contender{
				floor(o, std),
				mr(o, "z", std),
				mr(o, "a", std),
				{name: "go-a", job: "a", store: std, args: []string{o.bin("go-a"), data, output}},
				duckdb(o, "start"),
				duckdb(o, "a"),
				jq(o),
				mr(o, "b", std),
				duckdb(o, "b"),
				mr(o, "c", std),
				duckdb(o, "c"),
				mr(o, "d", std),
				duckdb(o, "d"),
				mr(o, "m", std),
				mr(o, "s", std),
			}
		},
		claims: []claim{
			cpuRatio("z", "floor").atMost(1.05),
			cpuRatio("a", "floor").atMost(1.15),
			cpuRatio("b", "floor").atMost(3.9),
			cpuRatio("c", "floor").atMost(1.45),
			cpuRatio("d", "floor").atMost(1.15),
			cpuRatio("s", "floor").atMost(3.75),
			cpuRatio("a", "go-a").atMost(1.05),
			cpuRatio("duckdb-a", "a").without("duckdb-start").atLeast(2.8),
			cpuRatio("duckdb-b", "b").without("duckdb-start").atLeast(8),
			cpuRatio("duckdb-c", "c").without("duckdb-start").atLeast(2.2),
			cpuRatio("duckdb-d", "d").without("duckdb-start").atLeast(1.5),
			cpuRatio("jq-a", "a").atLeast(25),
			largestMiB("a").atMost(64),
			largestMiB("d").atMost(64),
			treeMiB("b").atMost(600),
		},
	},
	{
		name: "small", about: "100,000 files of one record, as they are and after mr compact", rounds: 5,
		contenders: func(o options) []*contender {
			return []*contender{
				floor(o, small),
				mr(o, "a", small),
				floor(o, compacted).called("floor-compact"),
				mr(o, "a", compacted).called("a-compact"),
			}
		},
		claims: []claim{
			cpuRatio("a", "floor").atMost(1.25),
			cpuRatio("a-compact", "floor-compact").atMost(1.15),
		},
	},
	{
		name: "skew", about: "200 files of which one has 80 %, and the same records in 200 even ones", rounds: 9,
		contenders: func(o options) []*contender {
			return []*contender{
				floor(o, even),
				mr(o, "a", even).called("a-even"),
				mr(o, "a", skew),
			}
		},
		claims: []claim{
			wallRatio("a", "a-even").atMost(1.15),
			cpuRatio("a", "a-even").atMost(1.15),
		},
	},
	{
		name: "gz", about: "the standard store in gzip files", rounds: 5,
		contenders: func(o options) []*contender {
			return []*contender{floor(o, gz), mr(o, "z", gz), mr(o, "a", gz)}
		},
		claims: []claim{cpuRatio("z", "floor"), cpuRatio("a", "floor")},
	},
	{
		name: "scaling", about: "two workers against one", rounds: 3,
		contenders: func(o options) []*contender {
			var list []*contender
			for _, job := range []string{"floor", "z", "a", "b", "c", "d", "m", "s"} {
				for _, o.workers = range []int{1, 2} {
					c := floor(o, std)
					if job != "floor" {
						c = mr(o, job, std)
					}
					list = append(list, c.called(fmt.Sprintf("%s.%d", job, o.workers)))
				}
			}
			return list
		},
		claims: []claim{
			speedup("z").atLeast(0.95), speedup("a").atLeast(0.95), speedup("b").atLeast(0.95), speedup("c").atLeast(0.95),
			speedup("d").atLeast(0.95), speedup("m").atLeast(0.95), speedup("s").atLeast(0.95),
		},
	},
	{
		name: "start", about: "a job over a file of 1 KB, and finding the files that a filter selects", rounds: 25,
		contenders: func(o options) []*contender {
			return []*contender{
				mr(o, "a", one),
				mr(o, "z", one),
				list(o, "ls-1", one, ""),
				list(o, "ls-20", grid, "reason=idle-daily appName=app01 appUpdateChannel=beta appVersion=7.0 submission_date=20130105..20130106"),
				list(o, "ls-date", grid, "submission_date=20130105"),
				list(o, "ls-million", million, "reason=idle-daily appName=app11 appUpdateChannel=beta appVersion=7.0 appBuildID=20130104000000 submission_date=20130105"),
			}
		},
		claims: []claim{
			wallMS("a").atMost(20),
			wallMS("ls-20").without("ls-1").atMost(5),
			wallMS("ls-date").without("ls-1").atMost(40),
			wallMS("ls-million").without("ls-1").atMost(30),
		},
	},
	{
		name: "peers", about: "other engines: ClickHouse, Beam, Polars, Spark, mrjob (installs half a gigabyte, takes long)", rounds: 3,
		contenders: func(o options) []*contender {
			return []*contender{
				floor(o, std),
				mr(o, "a", std),
				clickhouse(o, "start"),
				clickhouse(o, "a"),
				{name: "beam-a", job: "a", store: std, args: []string{o.bin("beam-a"), "-store", data, "-rows", output}, needs: buildBeam},
				mr(o, "c", std),
				clickhouse(o, "c"),
				mr(o, "d", std),
				clickhouse(o, "d"),
				// These read no zstd, or not that of files that begin with a skippable frame.
				mr(o, "a", plain).called("a-plain"),
				python(o, "polars-a", "polars==2.1.0", "polars/a.py", data, output),
				python(o, "pyspark-a", "pyspark==4.3.0", "pyspark/a.py", data, output),
				python(o, "mrjob-a", "mrjob==0.7.4 setuptools==65.5.0", "mrjob/run.py", data, output),
			}
		},
		claims: []claim{
			cpuRatio("clickhouse-a", "a").atLeast(1.5),
			cpuRatio("clickhouse-a", "a").without("clickhouse-start").atLeast(1.5),
			cpuRatio("clickhouse-c", "c").without("clickhouse-start"),
			cpuRatio("clickhouse-d", "d").without("clickhouse-start"),
			cpuRatio("beam-a", "a").atLeast(2.5),
			cpuRatio("polars-a", "a-plain"),
			cpuRatio("pyspark-a", "a-plain"),
			cpuRatio("mrjob-a", "a-plain"),
		},
	},
	{
		name: "big", about: "exact medians of values of 20 times the memory, and with memory to spare", rounds: 1,
		contenders: func(o options) []*contender {
			if o.memory == "" {
				o.memory = "128MiB"
			}
			tight := mr(o, "m", big)
			tight.proof = always
			o.memory = ""
			return []*contender{mr(o, "m", big).called("m-spare"), tight}
		},
		claims: []claim{
			wallRatio("m", "m-spare").atMost(2),
			treeMiB("m").atMost(128),
		},
	},
}
