package main

import (
	"regexp"
	"strings"
)

// columns is what a terminal has at least.
const columns = 80

var (
	verbatim = regexp.MustCompile(`^ *(\$ |\{)`) // commands and JSON
	item     = regexp.MustCompile(`^ +\S+ {2,}`) // a word in a list, before what is said of it
)

// fit breaks the lines of a text that are too long for a terminal, and fills up the next with what did not fit. A line goes on
// below where its text begins: in a list that is not where the line does. Blank lines, commands and JSON stay as they are.
func fit(text string) string {
	var b strings.Builder
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if len(line) <= columns || verbatim.MatchString(line) {
			b.WriteString(line)
			if i < len(lines)-1 {
				b.WriteByte('\n')
			}
			continue
		}
		next := ""
		if i+1 < len(lines) {
			next = lines[i+1]
		}
		hang := indent(line)
		if strings.HasPrefix(line, "    --") {
			hang = len("    --output FILE     ")
		} else if item := item.FindString(line); item != "" {
			hang = len(item)
		}
		cut := strings.LastIndexByte(line[:columns+1], ' ')
		if cut <= hang { // one long word
			b.WriteString(line + "\n")
			continue
		}
		b.WriteString(strings.TrimRight(line[:cut], " ") + "\n")
		rest := strings.Repeat(" ", hang) + line[cut+1:]
		if next != "" && indent(next) == hang && !strings.HasPrefix(next[hang:], "-") {
			lines[i+1] = rest + " " + next[hang:]
		} else {
			lines[i] = rest
			i--
		}
	}
	return b.String()
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
