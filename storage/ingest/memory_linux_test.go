package ingest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// TestMemory ingests, with two workers, payloads that are some kilobytes as they come and many megabytes as they are.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short goes with the race detector, which takes memory of its own")
	}
	p := newPlace(t, t.TempDir())
	var packed [][]byte
	for _, text := range []string{strings.Repeat("{},", 4_000_000), strings.Repeat(`"é",`, 1_700_000)} {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		fmt.Fprintf(zip, `{"ver":2,"info":{},"a":[%s1]}`, text)
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		packed = append(packed, b.Bytes())
	}
	for i := range 4 {
		var records []rawlog.Record
		for k := range 4 {
			rec := submission(fmt.Sprintf("%d-%d", i, k), firefox, "")
			rec.Data = packed[k%2]
			records = append(records, rec)
		}
		p.log(t, fmt.Sprintf("telemetry.log.v2.host.1.%d", 1000+i), records...)
	}
	cmd := testkit.Process("ingest", p.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := len(p.records(t)); n != 16 {
		t.Errorf("%d records in the store, want 16", n)
	}
	const most = 256 << 10
	if kb := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; kb > most {
		t.Errorf("%d KiB of memory, want %d at most", kb, most)
	}
}
