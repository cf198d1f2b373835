package publish

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// levelNames are those of the filter tree, from the root.
var levelNames = []string{"reason", "appName", "OS", "osVersion", "arch"}

const levels = 5

// leaves are the leaves of a release's filter tree, with ids. The id of a node is a hash of its path, so that leaves keep
// theirs when others come, or the next number that is free if another node has it; they depend on the set of leaves alone.
type leaves struct {
	names []string // sorted level by level
	ids   map[string]int
	nodes map[string]int // ids of all nodes, by path
}

// maxID is the largest id of a node; the root has 0.
const maxID = 1<<24 - 1

func newLeaves(set map[string]bool) *leaves {
	l := &leaves{ids: map[string]int{}, nodes: map[string]int{}}
	paths := make([][]string, 0, len(set))
	for name := range set {
		paths = append(paths, strings.Split(name, "/"))
	}
	slices.SortFunc(paths, slices.Compare)
	taken := map[int]bool{0: true}
	for _, path := range paths {
		for depth := range path {
			node := strings.Join(path[:depth+1], "/")
			if l.nodes[node] > 0 {
				continue
			}
			h := fnv.New32a()
			_, _ = h.Write([]byte(node)) // never fails
			id := int(h.Sum32() & maxID)
			for taken[id] {
				id = (id + 1) & maxID
			}
			taken[id], l.nodes[node] = true, id
		}
		name := strings.Join(path, "/")
		l.names = append(l.names, name)
		l.ids[name] = l.nodes[name]
	}
	return l
}

// tree is the text of filter-tree.json.
func (l *leaves) tree() []byte {
	var b bytes.Buffer
	b.WriteString(`{"_id":0,"name":"reason"`)
	depth := 0
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
			b.WriteByte(',')
			b.Write(quoted(path[depth]))
			b.WriteString(`:{"_id":` + strconv.Itoa(l.nodes[strings.Join(path[:depth+1], "/")]))
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
