package storage_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

// countByPartition is SQL that counts and sums the records of a store of key=value directories, by partition.
const countByPartition = `SELECT reason, version, date, count(*), sum(CAST(json_extract(value, '$.n') AS BIGINT))
	FROM read_csv('%s/*/*/*/*', hive_partitioning = true, hive_types_autocast = false, auto_detect = false, header = false,
		delim = '\t', quote = '', escape = '', columns = {'key': 'VARCHAR', 'value': 'VARCHAR'}, compression = '%s')
	WHERE reason %s GROUP BY ALL ORDER BY ALL`

// TestDuckDB reads a store of key=value directories with DuckDB: what this package writes, and what DuckDB writes for both.
func TestDuckDB(t *testing.T) {
	if err := exec.Command("python3", "-c", "import duckdb").Run(); err != nil {
		t.Skip("python3 has no module duckdb")
	}
	s := layoutSchema("reason={reason}/version={version}/date={date}/part", "reason version date")
	s.Dimensions[0].Allowed = filter.OneOf("saved-session", "main", "a/b", "__HIVE_DEFAULT_PARTITION__")
	tree, err := storage.Init(t.TempDir(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	w := storage.NewWriter(tree, storage.WriterOptions{})
	defer w.Close()
	reasons := []string{"saved-session", "main", "a/b", "other", "__HIVE_DEFAULT_PARTITION__"}
	for i := range 3000 {
		values := []string{reasons[i%5], fmt.Sprintf("%d.0a1", 28+i%2), fmt.Sprint(20140301 + i%3)}
		text := fmt.Sprintf(`{"n": %d, "text": "a \"quoted\", text;\ttabs\n and lines ü"}`, i)
		if err := w.Append(values, fmt.Appendf(nil, "k%d", i), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	query := fmt.Sprintf(countByPartition, tree.Dir(), "zstd", "LIKE '%'")
	if got, want := duckdb(t, query), countedByPartition(t, tree, nil); got != want || strings.Count(got, "\n") != 24 {
		t.Errorf("DuckDB counts\n%swant\n%s", got, want)
	}
	query = fmt.Sprintf(countByPartition, tree.Dir(), "zstd", "= 'saved_session'")
	if got, want := duckdb(t, query), countedByPartition(t, tree, filter.Filter{"reason": filter.OneOf("saved-session")}); got != want || strings.Count(got, "\n") != 6 {
		t.Errorf("DuckDB counts of one reason\n%swant\n%s", got, want)
	}

	// The other way round, values with all kinds of characters.
	dir := t.TempDir()
	duckdb(t, fmt.Sprintf(`COPY (SELECT 'k' || i AS key, '{"n": ' || i || '}' AS value, v AS reason, '28.0' AS version, '20140301' AS date
		FROM (SELECT unnest(['saved-session', 'my channel', 'a/b', 'a=b', '50%%', '100%%25', 'münchen', NULL]) AS v, unnest(range(8)) AS i))
		TO '%s' (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', PARTITION_BY (reason, version, date), OVERWRITE_OR_IGNORE)`, dir))
	theirs, err := storage.OpenWith(dir, layoutSchema(s.Layout, "reason version date"))
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	const want = "100%25 0:5\n50% 0:4\nOTHER 0:7\na/b 0:2\na=b 0:3\nmy channel 0:1\nmünchen 0:6\nsaved-session 0:0\n"
	var lines []string
	for file, err := range theirs.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			n, _ := rec.Get("n").Int()
			lines = append(lines, fmt.Sprintf("%s 0:%d\n", file.Dims.Get("reason"), n))
		}
	}
	slices.Sort(lines)
	if got := strings.Join(lines, ""); got != want {
		t.Errorf("of DuckDB's files\n%swant\n%s", got, want)
	}
}

// duckdb runs a query and returns the rows, a line each.
func duckdb(t *testing.T, query string) string {
	t.Helper()
	const program = `
import sys, duckdb
for row in duckdb.sql(sys.argv[1]).fetchall() if sys.argv[1].startswith("SELECT") else [duckdb.execute(sys.argv[1])][:0]:
    print(*row)`
	cmd := exec.Command("python3", "-c", program, query)
	cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", query, err, &stderr)
	}
	return string(out)
}

// countedByPartition is the answer to countByPartition.
func countedByPartition(t *testing.T, tree *storage.Tree, f filter.Filter) string {
	t.Helper()
	type total struct{ n, sum int64 }
	totals := map[string]total{}
	for file, err := range tree.Files(f) {
		if err != nil {
			t.Fatal(err)
		}
		partition := strings.ReplaceAll(file.Dims.String(), "/", " ")
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			n, _ := rec.Get("n").Int()
			totals[partition] = total{totals[partition].n + 1, totals[partition].sum + n}
		}
	}
	var b strings.Builder
	for _, partition := range slices.Sorted(maps.Keys(totals)) {
		fmt.Fprintf(&b, "%s %d %d\n", partition, totals[partition].n, totals[partition].sum)
	}
	return b.String()
}
