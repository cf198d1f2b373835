package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// explain tells what a run with this filter would do: a level of the tree at a time, then what is read, and how. With names
// it lists directories, and the files that there is something to say about, too.
func explain(ctx context.Context, env env, tree *storage.Tree, f filter.Filter, names bool) error {
	w := bufio.NewWriter(env.stdout) // its errors stick
	sel := newSelection(tree, f)
	if names {
		sel.walk.OnDir = func(dir string, read bool) {
			verb := "pruned"
			if read {
				verb = "read"
			}
			fmt.Fprintf(w, "%s\t%s\n", verb, cmp.Or(dir, "./"))
		}
	}
	var files inspection
	for file, err := range sel.files() {
		if err == nil {
			err = files.add(file)
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if names {
		for _, s := range sel.strays {
			fmt.Fprintf(w, "stray\t%v\n", &storage.StrayError{Path: s.Path, Reason: s.Reason})
		}
		files.list(w)
		fmt.Fprintln(w)
	}
	writeLevels(w, sel.walk.Levels(), f)
	files.write(w)
	if err := w.Flush(); err != nil {
		return written(err)
	}
	sel.warn(env)
	if sel.count == 0 {
		return mapreduce.ErrNoInput
	}
	return files.damaged()
}

// writeLevels writes a row for each dimension, then how many directories were read.
func writeLevels(w io.Writer, levels []storage.Level, f filter.Filter) {
	rows := [][]string{{"dimension", "filter", "names", "pruned", "stray", "selected", ""}}
	read, pruned := 0, 0
	for i, l := range levels {
		what := "directories"
		read += l.Dirs
		if i < len(levels)-1 {
			pruned += l.Pruned
		} else {
			what = "files, " + bytesText(l.Bytes)
		}
		for _, dim := range l.Dims {
			rows = append(rows, []string{dim, abridged(f[dim].String()), "", "", "", "", ""})
		}
		if l.Dims == nil {
			rows = append(rows, []string{"(file name)", "", "", "", "", "", ""})
		}
		copy(rows[len(rows)-1][2:], []string{
			strconv.Itoa(l.Names), strconv.Itoa(l.Pruned), strconv.Itoa(l.Stray), strconv.Itoa(l.Selected), what,
		})
	}
	writeTable(w, "llrrrrl", rows)
	fmt.Fprintf(w, "\n%d directories read, %d pruned\n", read, pruned)
}

// abridged is text for a column.
func abridged(text string) string {
	const most = 40
	if r := []rune(text); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return text
}

// An inspection tells how files are stored.
type inspection struct {
	kinds []kind
	weak  []string // lines about files in which not all damage would be noticed
	bad   []error
}

// A kind is the files of one format.
type kind struct {
	format storage.Format
	files  int
	bytes  int64
}

// add looks at the first bytes of a file.
func (n *inspection) add(file storage.File) error {
	format, err := file.Inspect()
	if _, ok := errors.AsType[*storage.DamagedError](err); ok {
		n.bad = append(n.bad, err)
		return nil
	}
	if err != nil {
		return err
	}
	i := slices.IndexFunc(n.kinds, func(k kind) bool { return k.format == format })
	if i < 0 {
		i = len(n.kinds)
		n.kinds = append(n.kinds, kind{format: format})
	}
	n.kinds[i].files++
	n.kinds[i].bytes += file.Size
	if unnoticed(format) != "" {
		n.weak = append(n.weak, fmt.Sprintf("%s\t%v", file.Path, format))
	}
	return nil
}

// list writes a line for each file that is damaged, or in which not all damage would be noticed.
func (n *inspection) list(w io.Writer) {
	for _, line := range n.weak {
		fmt.Fprintf(w, "file\t%s\n", line)
	}
	for _, err := range n.bad {
		fmt.Fprintf(w, "damaged\t%v\n", err)
	}
}

// write writes a row for each format.
func (n *inspection) write(w io.Writer) {
	rows := [][]string{{"codec", "files", "bytes", "damage that goes unnoticed"}}
	slices.SortFunc(n.kinds, func(a, b kind) int { return cmp.Compare(a.format.String(), b.format.String()) })
	for _, k := range n.kinds {
		rows = append(rows, []string{k.format.Codec, strconv.Itoa(k.files), bytesText(k.bytes), cmp.Or(unnoticed(k.format), "none")})
	}
	if len(n.bad) > 0 {
		rows = append(rows, []string{"damaged", strconv.Itoa(len(n.bad)), "", ""})
	}
	if len(rows) > 1 {
		fmt.Fprintln(w)
		writeTable(w, "lrrl", rows)
	}
}

// unnoticed is what Format says in brackets.
func unnoticed(f storage.Format) string {
	_, text, _ := strings.Cut(f.String(), "(unnoticed: ")
	return strings.TrimSuffix(text, ")")
}

// damaged is what would end the run, if anything would for certain.
func (n *inspection) damaged() error {
	if len(n.bad) == 0 {
		return nil
	}
	return n.bad[0]
}

// writeTable writes rows in columns, each to the left or to the right, as l and r say.
func writeTable(w io.Writer, sides string, rows [][]string) {
	width := make([]int, len(sides))
	for _, row := range rows {
		for c, cell := range row {
			width[c] = max(width[c], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			pad := strings.Repeat(" ", width[c]-utf8.RuneCountInString(cell))
			if sides[c] == 'l' {
				line.WriteString(cell + pad + "  ")
			} else {
				line.WriteString(pad + cell + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
