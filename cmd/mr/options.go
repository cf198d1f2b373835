package main

import (
	"context"
	"flag"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// An option is a flag of a verb as its usage describes it.
type option struct {
	Name    string
	Operand string // what follows it, as DIR or a|b|c; "" for a switch
	Text    string // what it means, in few words
}

// options returns the flags that a verb has, in alphabetic order. Their names are those that the verb registers, what is said
// of them is in the usage.
func (v verb) options() []option {
	var all []option
	// A verb that gives its flags away does nothing else.
	_ = v.run(context.Background(), env{flags: func(fs *flag.FlagSet) {
		fs.VisitAll(func(f *flag.Flag) {
			o := option{Name: f.Name}
			o.Operand, o.Text = v.described(f.Name)
			if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
				o.Text = strings.TrimSpace(o.Operand + " " + o.Text)
				o.Operand = ""
			}
			all = append(all, o)
		})
	}}, nil)
	return all
}

var flagLine = regexp.MustCompile(`(?m)^ +--([a-z][a-z0-9-]*)(?: (\S+))?(?:\s+(\S.*))?$`)

// brief is where the few words end with which a description begins.
var brief = regexp.MustCompile(`[(;:]|$`)

// described finds the line of a flag in the usage: --name, one blank and its operand, and what it means, in the next line if
// there is no room.
func (v verb) described(name string) (operand, text string) {
	for _, m := range flagLine.FindAllStringSubmatch(v.usage, -1) {
		if m[1] == name {
			return m[2], strings.TrimSpace(m[3][:brief.FindStringIndex(m[3])[0]])
		}
	}
	return "", ""
}

// operands are the verb's arguments besides flags, as its synopsis names them.
func (v verb) operands() []string {
	line, _, _ := strings.Cut(v.usage, "\n")
	_, rest, _ := strings.Cut(line, "mr "+v.name)
	return strings.Fields(strings.NewReplacer("[flags]", "", "[", "", "]", "", "...", "").Replace(rest))
}

var alternatives = regexp.MustCompile(`^[a-z0-9]+(\|[a-z0-9]+)*$`)

// choices are the words that an operand may be, nil if it may be others.
func choices(operand string) []string {
	switch {
	case operand == "VERB":
		var names []string
		for _, v := range verbs() {
			names = append(names, v.name)
		}
		return append(names, slices.Sorted(maps.Keys(topics))...)
	case alternatives.MatchString(operand):
		return strings.Split(operand, "|")
	}
	return nil
}

// What an operand that is no choice is completed with.
const (
	noName   = ""      // nothing: a number, a new name
	dirName  = "dirs"  // directories
	fileName = "files" // files and directories
)

func nameKind(operand string) string {
	switch {
	case strings.HasPrefix(operand, "DIR"):
		return dirName
	case operand == "FILE", operand == "FILTER", operand == "JOB", operand == "ARGS", operand == "RAWLOG", operand == "PATH":
		return fileName
	}
	return noName
}
