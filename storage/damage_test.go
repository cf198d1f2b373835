package storage_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

var (
	places = flag.Int("places", 8, "at how many places TestDamage cuts and changes each file; with 200, it compares DAMAGE.md with what it finds")
	update = flag.Bool("update", false, "with -places 200, TestDamage writes the table of DAMAGE.md")
)

const (
	damagePage   = "DAMAGE.md"
	damagePlaces = 200 // of the table in it
)

// damageRows are the rows of the table, in order: names in tools, or an extension that is written here.
var damageRows = []string{
	".zst", "zstd", "pzstd", "zstd-nosum", ".gz", "gzip", "xz", "xz-nosum", "lzma", "bzip2", "lz4", "lz4-nosum", "s2", "snappy", "",
}

// A damageRow is what becomes of the damaged files of one kind.
type damageRow struct {
	format  storage.Format
	by      string // the command that made the files
	version string // of the program; empty if it is a part of this one

	cutNoticed, cutTaken            int
	changeNoticed, same, otherTaken int
	end                             string // what becomes of a cut where a member ends
}

func (r damageRow) String() string {
	unnoticed := "none"
	if _, text, ok := strings.Cut(r.format.String(), "(unnoticed: "); ok {
		unnoticed = strings.TrimSuffix(text, ")")
	}
	by := strings.TrimSpace(r.by + " " + r.version)
	return fmt.Sprintf("| %s | %s | %d | %d | %s | %d | %d | %d | %s |", r.format.Codec, by,
		r.cutNoticed, r.cutTaken, r.end, r.changeNoticed, r.same, r.otherTaken, unnoticed)
}

// TestDamage cuts files of every kind, and flips single bits of them, and reads what is left as a job does. What a kind's format
// says is noticed must be; the rest is counted.
func TestDamage(t *testing.T) {
	var rows []damageRow
	for _, name := range damageRows {
		row, ok := measureDamage(t, name)
		if !ok {
			continue // said so
		}
		rows = append(rows, row)
		if row.format.Checksums && row.otherTaken > 0 {
			t.Errorf("%s: %d changed files gave other records, although content is checked", row.by, row.otherTaken)
		}
		if row.format.Cuts != storage.CutsNone && row.cutTaken > 0 {
			t.Errorf("%s: %d cut files were taken for whole", row.by, row.cutTaken)
		}
		if want := row.format.Cuts == storage.CutsAll; row.end == "noticed" && !want || row.end == "unnoticed" && want {
			t.Errorf("%s: a cut where a member ends is %s, Cuts = %d", row.by, row.end, row.format.Cuts)
		}
	}
	if *places == damagePlaces {
		compareDamage(t, rows)
	}
}

// measureDamage makes files of one kind and damages them.
func measureDamage(t *testing.T, name string) (row damageRow, ok bool) {
	size, places := 200<<10, *places
	if places != damagePlaces {
		size = 60 << 10
	}
	if testing.Short() {
		places = min(places, 4)
	}
	content := pings(size)
	ext, data, joined, end := name, []byte(nil), []byte(nil), 0
	if tool, foreign := tools[name]; foreign {
		ext, data = tool.ext, tool.run(t, content)
		if data == nil {
			return row, false
		}
		row.by, row.version = "`"+strings.Join(tool.args, " ")+"`", toolVersion(tool)
		if tool.args == nil {
			row.by = "klauspost/compress"
		}
		joined, end = slices.Concat(data, data), len(data)
	} else {
		data = pack(t, ext, content)
		row.by = "`mr`"
		switch ext {
		case ".zst":
			joined = pack(t, ext, pings(5<<18)) // of more than one frame
			end = frameEnds(t, joined)[1]
		case ".gz":
			joined, end = slices.Concat(data, data), len(data)
		default:
			row.by = "`cat`"
		}
	}
	tree, file := testTree(t, ext, data)
	var err error
	if row.format, err = file.Inspect(); err != nil {
		t.Fatal(err)
	}
	want, _, err := read(file, storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range places {
		if isDamaged(t, rewrite(t, tree, file, data[:i*len(data)/places])) {
			row.cutNoticed++
		} else {
			row.cutTaken++
		}
	}
	rnd := rand.New(rand.NewPCG(uint64(len(data)), 1))
	for i := range places {
		changed := bytes.Clone(data)
		changed[i*len(data)/places] ^= 1 << rnd.IntN(8)
		got, _, err := read(rewrite(t, tree, file, changed), storage.ReadOptions{})
		switch {
		case err != nil:
			row.changeNoticed++
		case slices.Equal(got, want):
			row.same++
		default:
			row.otherTaken++
		}
	}
	switch {
	case joined == nil || isDamaged(t, rewrite(t, tree, file, joined)):
		row.end = "-" // there are no members
	case isDamaged(t, rewrite(t, tree, file, joined[:end])):
		row.end = "noticed"
	default:
		row.end = "unnoticed"
	}
	return row, true
}

var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)*`)

// toolVersion is the version that a program tells of itself, to wherever.
func toolVersion(tool tool) string {
	if tool.args == nil {
		return ""
	}
	out, _ := exec.Command(tool.args[0], "--version").CombinedOutput() // bzip2 then goes on to compress nothing
	return versionNumber.FindString(string(out))
}

// compareDamage compares the table in DAMAGE.md with these rows, those of programs of the same version.
func compareDamage(t *testing.T, rows []damageRow) {
	page, err := os.ReadFile(damagePage)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), "|---|---|--:|--:|---|--:|--:|--:|---|\n")
	if !ok {
		t.Fatalf("%s has no table", damagePage)
	}
	table, _, _ := strings.Cut(rest, "\n\n")
	if *update {
		var lines []string
		for _, r := range rows {
			lines = append(lines, r.String())
		}
		page := head + strings.TrimSuffix(string(page)[len(head):], rest) + strings.Join(lines, "\n") + strings.TrimPrefix(rest, table)
		if err := os.WriteFile(damagePage, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, r := range rows {
		if !strings.Contains(table, r.by+" "+r.version) {
			t.Logf("%s %s: another version made the table of %s", r.by, r.version, damagePage)
			continue
		}
		if !slices.Contains(strings.Split(table, "\n"), r.String()) {
			t.Errorf("%s does not have the row\n%s\nIf it is right: go test -run TestDamage -args -places %d -update", damagePage, r, damagePlaces)
		}
	}
}

// TestFormatOfAll: a later member that has no check of its content, or gives it before the check, counts for the whole file.
func TestFormatOfAll(t *testing.T) {
	content := []byte("a\t1\n")
	for _, tt := range []struct {
		members []string
		before  storage.Format // by the first
		want    storage.Format
	}{
		{
			[]string{"zstd", "zstd-nosum"},
			storage.Format{Codec: "zstd", Checksums: true, Cuts: storage.CutsInside},
			storage.Format{Codec: "zstd", Cuts: storage.CutsInside},
		},
		{
			[]string{"xz", "xz-nosum"},
			storage.Format{Codec: "xz", Checksums: true, Cuts: storage.CutsInside},
			storage.Format{Codec: "xz", Cuts: storage.CutsInside},
		},
		{
			[]string{"lz4", "lz4-nosum"},
			storage.Format{Codec: "lz4", Checksums: true, Cuts: storage.CutsInside},
			storage.Format{Codec: "lz4", Cuts: storage.CutsInside},
		},
	} {
		var data []byte
		for _, name := range tt.members {
			data = append(data, tools[name].run(t, content)...)
		}
		if len(data) == 0 {
			continue // said so
		}
		_, file := testTree(t, "", data)
		r, err := file.Open(storage.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if f := r.Format(); f != tt.before {
			t.Errorf("%q: before reading %+v, want %+v", tt.members, f, tt.before)
		}
		for _, err := range r.Records() {
			if err != nil {
				t.Error(err)
			}
		}
		r.Close()
		if f := r.Format(); f != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.members, f, tt.want)
		}
	}
}
