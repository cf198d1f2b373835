package ingest_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
)

// TestFixtures ingests raw logs of 2013 to 2015, a real one among them.
func TestFixtures(t *testing.T) {
	var session struct {
		Definitions json.RawMessage
		Revision    string `json:"revision_url"`
		Dimensions  []string
	}
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/convert/unified-saved-session.expected.json"), &session); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		written int64
		bad     map[string]int64
	}{
		{"synth/paths.v1", 0, map[string]int64{"uuid_only_path": 1, "invalid_path": 3, "conversion_error": 1}},
		{"synth/gzip-corrupt.v1", 0, map[string]int64{"corrupted_data": 1, "invalid_path": 1}},
		{"synth/gzip.v1", 0, map[string]int64{"conversion_error": 1}},
		{"synth/two-good.v2", 0, map[string]int64{"invalid_path": 2}},
		{"synth/empty.v1", 0, nil},
		{"unicode.v1.packed", 2, nil},
	} {
		p := newPlace(t, t.TempDir())
		id := strings.Replace(strings.TrimPrefix(session.Revision, "https://hg.mozilla.org/"), "/rev/", "/", 1)
		defs := filepath.Join(p.revisions, filepath.FromSlash(id))
		err := errors.Join(os.MkdirAll(defs, 0o777),
			os.WriteFile(filepath.Join(defs, "Histograms.json"), session.Definitions, 0o666),
			os.WriteFile(filepath.Join(p.raw, "telemetry.log.finished"), testkit.ReadFixture(t, "telemetry-server/rawlog/"+test.name), 0o666))
		if err != nil {
			t.Fatal(err)
		}
		counts := run(t, p.config(t))
		if counts.Written != test.written || !maps.Equal(counts.Bad, test.bad) {
			t.Errorf("%s: %v, want %d written, %v", test.name, &counts, test.written, test.bad)
		}
		for _, rec := range p.records(t) {
			if want := strings.Join(session.Dimensions, "/"); !strings.HasPrefix(rec, strings.NewReplacer("-", "_").Replace(want)) {
				t.Errorf("%s: %.100s, want %s", test.name, rec, want)
			}
		}
	}
}
