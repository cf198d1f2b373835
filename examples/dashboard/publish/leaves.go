package publish

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// levelNames are those of the filter tree, from the root.
var levelNames = []string{"reason", "appName", "OS", "osVersion", "arch"}

const levels = 5

// leaves are the leaves of a release's filter tree and their ids. Ids count the nodes of the tree in order, from 0 at the root, so
// they depend on the set of leaves alone.
type leaves struct {
	names []string // sorted level by level
	ids   map[string]int
}

func newLeaves(set map[string]int64) *leaves {
	l := &leaves{ids: map[string]int{}}
	paths := make([][]string, 0, len(set))
	for name := range maps.Keys(set) {
		paths = append(paths, strings.Split(name, "/"))
	}
	slices.SortFunc(paths, slices.Compare)
	id := 0
	var last []string
	for _, path := range paths {
		same := 0
		for same < len(last) && path[same] == last[same] {
			same++
		}
		id += levels - same // a node for each level that is new
		last = path
		name := strings.Join(path, "/")
		l.names = append(l.names, name)
		l.ids[name] = id
	}
	return l
}

// tree is the text of filter-tree.json.
func (l *leaves) tree() []byte {
	var b bytes.Buffer
	b.WriteString(`{"_id":0,"name":"reason"`)
	id, depth := 0, 0
	var last []string
	for _, name := range l.names {
		path := strings.Split(name, "/")
		same := 0
		for same < len(last) && path[same] == last[same] {
			same++
		}
		for ; depth > same; depth-- {
			b.WriteByte('}')
		}
		for ; depth < levels; depth++ {
			id++
			b.WriteByte(',')
			b.Write(quoted(path[depth]))
			b.WriteString(`:{"_id":` + strconv.Itoa(id))
			if depth+1 < levels {
				b.WriteString(`,"name":"` + levelNames[depth+1] + `"`)
			}
		}
		last = path
	}
	for ; depth > 0; depth-- {
		b.WriteByte('}')
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// table is the text of leaves.json: a row for each leaf, its id first.
func (l *leaves) table() []byte {
	rows := [][]any{}
	for _, name := range l.names {
		cells := []any{l.ids[name]}
		for _, value := range strings.Split(name, "/") {
			cells = append(cells, value)
		}
		rows = append(rows, cells)
	}
	return encoded(map[string]any{"columns": append([]string{"id"}, levelNames...), "leaves": rows})
}

// quoted is a JSON string that no page can take for markup.
func quoted(s string) []byte {
	b, _ := json.Marshal(s) // never fails for a string
	return b
}

// encoded is v as a line of JSON. v is made of maps, slices, structs, strings and numbers.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // NaN and such are refused before
	}
	return append(b, '\n')
}
