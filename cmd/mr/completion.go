package main

import (
	"context"
	"embed"
	"strings"
	"text/template"
)

const completionUsage = `usage: mr completion bash|zsh|fish

Prints a script that makes the shell complete verbs, flags and their values when the
TAB key is pressed. To load it, put this line into the file that your shell reads when
it starts:

    bash    source <(mr completion bash)
    zsh     source <(mr completion zsh)       (behind compinit)
    fish    mr completion fish | source
`

//go:embed completion/*
var completionFiles embed.FS

func completion(_ context.Context, env env, args []string) error {
	fs := newFlags("completion")
	if done, err := parse(env, fs, completionUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return usagef("completion takes one argument, the name of a shell").hint("mr completion bash, zsh or fish")
	}
	t, err := template.New("").Funcs(template.FuncMap{
		"choices": choices,
		"kind":    nameKind,
		"join":    strings.Join,
		"quote":   func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
		"zsh":     strings.NewReplacer(`[`, `\[`, `]`, `\]`, `:`, `\:`).Replace,
	}).ParseFS(completionFiles, "completion/*")
	if err != nil {
		return err
	}
	script := t.Lookup(fs.Arg(0) + ".tmpl")
	if script == nil {
		return usagef("there is no completion for %q", fs.Arg(0)).hint("mr completion bash, zsh or fish")
	}
	type words struct {
		Name, Summary string
		Options       []option
		Operands      []string
	}
	var all []words
	for _, v := range verbs() {
		all = append(all, words{v.name, v.summary, v.options(), v.operands()})
	}
	var text strings.Builder
	if err := script.Execute(&text, all); err != nil {
		return err
	}
	return write(env.stdout, text.String())
}
