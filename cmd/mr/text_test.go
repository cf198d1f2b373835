package main // the words that it shows people

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain, \"quoted\" \\": "plain, \"quoted\" \\",
		"Ünïcode 漢字":           "Ünïcode 漢字",
		"a\nb\tc\r":            `a\nb\tc\r`,
		"\x1b[2Jgone\a\x7f":    `\x1b[2Jgone\a\x7f`,
		"\u202etxt.exe\u200b":  `\u202etxt.exe\u200b`,
		"\u009b2J":             `\u009b2J`,
		"\xff\xc3(":            `\xff\xc3(`,
		"\ufffd":               "\ufffd",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 10 << 10: "10 KiB", 1<<20 - 1: "1.0 MiB", 1536 << 20: "1.5 GiB", math.MaxInt64: "8.0 EiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%d) = %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0.00 s", 1234 * time.Millisecond: "1.23 s", 59949 * time.Millisecond: "59.9 s",
		100 * time.Second: "1m40s", 3599 * time.Second: "59m59s", time.Hour: "1h00m", 30 * time.Hour: "30h00m",
	} {
		if got := durationText(d); got != want {
			t.Errorf("durationText(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestProgressText(t *testing.T) {
	mapping := mapreduce.Progress{
		Phase: mapreduce.MapPhase, Elapsed: 10 * time.Second, Done: 400 << 20, Total: 1 << 30, Records: 123456, Files: 7, TotalFiles: 1204,
	}
	for columns, want := range map[int]string{
		120: "map    [=========               ]  39%  400 MiB of 1.0 GiB  16s left  12,345 records/s  7 of 1,204 files",
		79:  "map    [=====          ]  39%  400 MiB of 1.0 GiB  16s left  12,345 records/s",
		59:  "map    [====       ]  39%  400 MiB of 1.0 GiB  16s left",
		39:  "map    [==     ]  39%  16s left",
		12:  "map      39%",
		3:   "map",
		0:   "",
	} {
		if got := progressText(mapping, columns); got != want {
			t.Errorf("in %d columns:\n%s\nwant\n%s", columns, got, want)
		}
	}
	reducing := mapreduce.Progress{Phase: mapreduce.ReducePhase, Elapsed: 500 * time.Millisecond, Done: 12, Total: 100}
	if got, want := progressText(reducing, 79), "reduce [=              ]  12%  12 of 100 pairs  24 pairs/s"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := mapreduce.Progress{
			Phase:   rapid.SampledFrom([]mapreduce.Phase{mapreduce.MapPhase, mapreduce.ReducePhase, mapreduce.JoinPhase}).Draw(t, "phase"),
			Elapsed: time.Duration(rapid.Int64Min(0).Draw(t, "elapsed")),
			Done:    rapid.Int64Min(0).Draw(t, "done"), Total: rapid.Int64Min(0).Draw(t, "total"), Records: rapid.Int64Min(0).Draw(t, "records"),
		}
		columns := rapid.IntRange(-1, 200).Draw(t, "columns")
		if text := progressText(p, columns); len(text) > max(columns, 0) {
			t.Fatalf("%d columns for %d: %s", len(text), columns, text)
		}
	})
}
