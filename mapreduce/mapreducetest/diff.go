package mapreducetest

import (
	"fmt"
	"slices"
	"strings"
)

// diff lists the lines in which got differs from want, with a few around them, under a legend for - and +. It is empty if they
// are the same.
func diff(legend, want, got string) string {
	if want == got {
		return ""
	}
	a, b := slices.Collect(strings.Lines(want)), slices.Collect(strings.Lines(got))
	var out []string
	for _, e := range edits(a, b) {
		line := e.line
		if !strings.HasSuffix(line, "\n") {
			line += " (without a line end)\n"
		}
		out = append(out, string(e.op)+" "+line)
	}
	const around, most = 2, 60
	near := make([]bool, len(out))
	for i, line := range out {
		if line[0] != ' ' {
			for k := max(0, i-around); k < min(len(out), i+around+1); k++ {
				near[k] = true
			}
		}
	}
	var text strings.Builder
	text.WriteString(legend + "\n")
	shown, gap := 0, false
	for i, line := range out {
		switch {
		case !near[i]:
			gap = true
			continue
		case shown == most:
			text.WriteString("  ...\n")
			return text.String()
		case gap:
			text.WriteString("  ...\n")
		}
		shown, gap = shown+1, false
		text.WriteString(line)
	}
	if gap {
		text.WriteString("  ...\n")
	}
	if strings.Join(strings.Fields(want), " ") == strings.Join(strings.Fields(got), " ") {
		fmt.Fprintf(&text, "They differ in blanks, TABs or line ends only: cells are separated by one TAB each.\n")
	}
	return text.String()
}

// An edit is a line of both (' '), of the first alone ('-') or of the second alone ('+').
type edit struct {
	op   byte
	line string
}

// edits turn a into b with few changes.
func edits(a, b []string) []edit {
	var list []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		list = append(list, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	if len(a)*len(b) > 1<<22 { // too many for a table
		a, b = a[:min(len(a), 1000)], b[:min(len(b), 1000)]
	}
	// common[i][k] is the length of what a[i:] and b[k:] have in common.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			if a[i] == b[k] {
				common[i][k] = common[i+1][k+1] + 1
			} else {
				common[i][k] = max(common[i+1][k], common[i][k+1])
			}
		}
	}
	i, k := 0, 0
	for i < len(a) || k < len(b) {
		switch {
		case i < len(a) && k < len(b) && a[i] == b[k]:
			list = append(list, edit{' ', a[i]})
			i, k = i+1, k+1
		case k == len(b) || i < len(a) && common[i+1][k] >= common[i][k+1]:
			list = append(list, edit{'-', a[i]})
			i++
		default:
			list = append(list, edit{'+', b[k]})
			k++
		}
	}
	return list
}
