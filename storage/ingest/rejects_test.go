package ingest_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/ingest"
)

// TestRejectsOfTwoStores ingests raw logs into two stores, by different rules: what the first one refused is still there.
func TestRejectsOfTwoStores(t *testing.T) {
	p := newPlace(t, t.TempDir())
	other := submission("strict", firefox, strings.Replace(string(classic("").Data), `"sum":0`, `"sum":0,"bucket_count":9`, 1))
	p.log(t, "a.1", submission("bad", firefox, "{"), other)
	c := p.config(t)
	c.After, c.Strict = ingest.Keep, true
	run(t, c)
	c.Strict = false
	tree, err := storage.Init(filepath.Join(p.dir, "second"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	c.Store = tree
	run(t, c)
	bad := []string{"bad" + firefox}
	want := map[string][]string{"conversion_error": append(bad, bad...), "histogram_mismatch": {"strict" + firefox}}
	if got := refused(t, filepath.Join(p.raw, "rejects")); !reflect.DeepEqual(got, want) {
		t.Errorf("refused: %v, want %v", got, want)
	}
}

// half makes a place where a batch is committed, and its refused records are not in their place yet.
func half(t *testing.T) (p place, inTheWay string) {
	t.Helper()
	p = newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("x"), submission("y", firefox, "{"))
	inTheWay = filepath.Join(p.raw, "rejects", "conversion_error")
	if err := errors.Join(os.MkdirAll(filepath.Dir(inTheWay), 0o777), os.WriteFile(inTheWay, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(t.Context(), p.config(t)); err == nil {
		t.Fatal("no error")
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	return p, inTheWay
}

// TestRejectsBetween has another store refuse records while those of a batch that was killed wait for its next run.
func TestRejectsBetween(t *testing.T) {
	p, _ := half(t)
	c := p.config(t)
	tree, err := storage.Init(filepath.Join(p.dir, "second"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	c.Store, c.After = tree, ingest.Keep
	run(t, c)
	run(t, p.config(t))
	if got := refused(t, filepath.Join(p.raw, "rejects"))["conversion_error"]; len(got) != 2 {
		t.Errorf("refused: %v", got)
	}
}

// TestRejectsGone has the directory of refused records vanish before they are in their place. The error says how to go on.
func TestRejectsGone(t *testing.T) {
	p, category := half(t)
	dir := filepath.Dir(category)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err := ingest.Run(t.Context(), p.config(t))
	if err == nil || !strings.Contains(err.Error(), "are gone from "+dir+": put back what was there") {
		t.Fatalf("error %v", err)
	}
	_, files, _ := strings.Cut(err.Error(), "to do without them: ")
	if err := os.WriteFile(files, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if counts := run(t, p.config(t)); counts.Written != 1 || len(p.records(t)) != 1 {
		t.Errorf("%v, the store has %q", &counts, p.records(t))
	}
}

// TestLedgerDamage names the file, and says what to do.
func TestLedgerDamage(t *testing.T) {
	p := newPlace(t, t.TempDir())
	name := filepath.Join(p.store, ".ingest", "consumed")
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte("damage\n"), 0o666)); err != nil {
		t.Fatal(err)
	}
	_, err := ingest.Run(t.Context(), p.config(t))
	if err == nil || !strings.Contains(err.Error(), name+" is damaged at byte 0") || !strings.Contains(err.Error(), "a line may be removed") {
		t.Errorf("error %v", err)
	}
}
