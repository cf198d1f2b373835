package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxKeyBytes is the longest key of a directory key=value, so that the longest value fits behind it.
	maxKeyBytes = 50

	// maxFileBytes is the longest file name of file systems, of which a Writer needs the last bytes for itself.
	maxFileBytes = 255
	ownFileBytes = len(nameSuffix) + len(".0c55f9e61dbb4a0f9a3bb1f0b6e2d7c4.zst")

	// minNamePartBytes is what a value in a file name needs: some of its characters and a hash of all.
	minNamePartBytes = 32
)

// parseLayout reads a template: directories and a file name with slashes between them, in which {NAME} stands for the
// value of a dimension. Each dimension comes once. A directory is {NAME} or KEY={NAME}. In the file name, text behind a
// dimension begins with a dot. No path for any values can lead out of the tree, or look like a temporary name.
func parseLayout(template string, names []string) (layout, error) {
	var l layout
	seen := make([]bool, len(names))
	components := strings.Split(template, "/")
	for i, component := range components {
		slots, text, err := parseComponent(component, names, seen)
		if err == nil {
			err = checkComponent(component, slots)
		}
		if err == nil && i < len(components)-1 {
			err = checkDir(slots, text)
			l.dirs = append(l.dirs, slots...)
		} else if err == nil {
			l.name, l.tail = slots, text+nameSuffix
			l.limit, err = checkName(slots, text)
		}
		if err != nil {
			return layout{}, fmt.Errorf("layout %q: %w", template, err)
		}
	}
	for i, name := range names {
		if !seen[i] {
			return layout{}, fmt.Errorf("layout %q: the dimension %q is missing", template, name)
		}
	}
	l.setPlaces()
	return l, nil
}

// parseComponent reads one directory or the file name: its dimensions, each with the text before it, and the text behind.
func parseComponent(component string, names []string, seen []bool) (slots []slot, text string, err error) {
	rest := component
	for {
		before, behind, found := strings.Cut(rest, "{")
		for i := range len(before) {
			if c := before[i]; !isPlain(c) && c != '-' && c != '=' {
				return nil, "", fmt.Errorf("%q: use letters, digits, _ - . = and {DIMENSION}", component)
			}
		}
		if !found {
			return slots, before, nil
		}
		name, behind, closed := strings.Cut(behind, "}")
		dim := slices.Index(names, name)
		switch {
		case !closed:
			return nil, "", fmt.Errorf("%q has a { without a }", component)
		case dim < 0:
			return nil, "", fmt.Errorf("unknown dimension %q; the schema has %s", name, strings.Join(names, ", "))
		case seen[dim]:
			return nil, "", fmt.Errorf("the dimension %q comes twice", name)
		}
		seen[dim] = true
		slots = append(slots, slot{text: before, dim: dim})
		rest = behind
	}
}

// checkComponent checks what holds for directories and for the file name.
func checkComponent(component string, slots []slot) error {
	switch {
	case component == "":
		return errors.New("there is nothing before, behind or between slashes")
	case component[0] == '.', component[0] == '-', component[len(component)-1] == '.':
		return fmt.Errorf("%q: a name cannot begin with a dot or -, or end with a dot", component)
	case len(slots) == 0 && deviceName(component) != "":
		return fmt.Errorf("%q is a name that Windows keeps for itself", component)
	}
	return nil
}

func checkDir(slots []slot, text string) error {
	if len(slots) != 1 || text != "" {
		return errors.New("a directory is one dimension, {NAME} or KEY={NAME}")
	}
	key := slots[0].text
	switch {
	case key != "" && strings.IndexByte(key, '=') != len(key)-1, key == "=":
		return errors.New("a directory is one dimension, {NAME} or KEY={NAME}")
	case len(key) > maxKeyBytes+1:
		return fmt.Errorf("the key %q is longer than %d bytes", key[:len(key)-1], maxKeyBytes)
	}
	return nil
}

// checkName checks the file name and returns how long a value in it may be.
func checkName(slots []slot, tail string) (limit int, err error) {
	room := maxFileBytes - ownFileBytes - len(tail)
	if len(slots) == 0 {
		if room < 0 || strings.HasPrefix(tail, "_") {
			return 0, fmt.Errorf("the file name %q is too long or begins with _", tail)
		}
		return 0, nil
	}
	for i, s := range slots {
		room -= len(s.text)
		switch {
		case i > 0 && !strings.HasPrefix(s.text, "."):
			return 0, errors.New("in the file name, text behind a dimension begins with a dot")
		case s.text != "" && strings.IndexByte(".-=", s.text[len(s.text)-1]) < 0:
			return 0, fmt.Errorf("in the file name, %q before a dimension: end it with . - or =", s.text)
		case i == 0 && deviceName(s.text) != "":
			return 0, fmt.Errorf("%q is a name that Windows keeps for itself", s.text)
		}
	}
	if tail != "" && tail[0] != '.' {
		return 0, errors.New("in the file name, text behind a dimension begins with a dot")
	}
	if limit = min(room/len(slots), maxNamePartBytes); limit < minNamePartBytes {
		return 0, errors.New("the file name has too many dimensions or too much text: make some of them directories")
	}
	return limit, nil
}
