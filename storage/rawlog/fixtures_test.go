package rawlog_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// At least the records of the better reader of 2013 are read from each file, in its order, and all the damage is told of.
func TestFilesOf2013(t *testing.T) {
	type record struct {
		Path      string
		IP        string
		Timestamp int64  `json:"timestamp_ms"`
		SHA256    string `json:"data_sha256"`
		Error     string
		Fatal     string
	}
	type reader struct {
		Records []record
		Metrics struct {
			CorruptBytes int64 `json:"corrupt_bytes"`
		}
	}
	var expected struct {
		Files map[string]struct {
			Lenient reader
			Resync  *reader
		}
	}
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/rawlog/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	if len(expected.Files) < 11 {
		t.Errorf("%d files", len(expected.Files))
	}
	for name, want := range expected.Files {
		folder := "synth"
		if name == "unicode.v1.packed" {
			folder = ""
		}
		content := testkit.ReadFixture(t, path.Join("telemetry-server/rawlog", folder, name))
		must := want.Resync
		if must == nil {
			must = &want.Lenient
		}
		claimed := rawlog.FormatOf("." + strings.TrimSuffix(filepath.Ext(strings.TrimSuffix(name, ".packed"))[1:], ".") + ".")
		for _, o := range []rawlog.Options{{}, {Format: claimed}, {Format: claimed, MaxPath: 10240, MaxData: 204800}} {
			all := readAll(bytes.NewReader(content), o)
			if all.err != nil {
				t.Errorf("%s: %v", name, all.err)
			}
			covered := int64(0)
			for _, d := range all.damage {
				covered += d.Length
			}
			var inflater rawlog.Inflater
			left := must.Records
			for _, r := range all.records {
				covered += int64(r.Size)
				data, err := inflater.Payload(r.Data)
				if err != nil {
					data = r.Data
				}
				sum := sha256.Sum256(data)
				got := record{Path: string(r.Path), IP: string(r.Addr), Timestamp: r.Time, SHA256: hex.EncodeToString(sum[:])}
				if len(left) > 0 && got == left[0] {
					left = left[1:]
				} else if i := slices.IndexFunc(want.Lenient.Records, func(l record) bool {
					return l.Path == got.Path && l.SHA256 == got.SHA256 && (l.Error != "") == (err != nil)
				}); i < 0 {
					t.Errorf("%s: read %s, which is not there", name, text(r))
				}
			}
			if len(left) > 0 {
				t.Errorf("%s, %+v: %v are missing; damage %v", name, o, left, all.damage)
			}
			if covered != int64(len(content)) {
				t.Errorf("%s: records and damage make %d bytes of %d", name, covered, len(content))
			}
		}
	}
}

// Frames are those of 2013, byte for byte, and all four formats are read.
func TestFormatsOf2013(t *testing.T) {
	var format struct {
		Samples []struct {
			Version, Path, Data, IP, Hex string
			Timestamp                    int64 `json:"timestamp_ms"`
		}
	}
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/rawlog/format.json"), &format); err != nil {
		t.Fatal(err)
	}
	for _, s := range format.Samples {
		f := rawlog.FormatOf("." + s.Version + ".")
		rec := rawlog.Record{Time: s.Timestamp, Path: []byte(s.Path), Data: []byte(s.Data), Addr: []byte(s.IP)}
		want, err := hex.DecodeString(s.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if f != rawlog.V0 {
			if got := frame(t, f, rec); !bytes.Equal(got, want) {
				t.Errorf("%s: frame %x, want %x", s.Version, got, want)
			}
		}
		for n := 1; n <= 3; n++ {
			all := readAll(bytes.NewReader(bytes.Repeat(want, n)), rawlog.Options{})
			if len(all.records) != n || len(all.damage) > 0 || text(all.records[0]) != text(rec) || all.records[0].Format != f {
				t.Errorf("%s, %d times: read %q, %v", s.Version, n, texts(all.records), all.damage)
			}
		}
	}
}
