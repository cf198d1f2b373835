package mapreduce

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// available is the memory that this process and its workers can have without swapping or being killed: what the kernel says
// there is, or less, where a control group that the process is in leaves less. root is the root of the file system. Where
// nothing says, it is a small machine's.
func available(root fs.FS) int64 {
	n := min(systemMemory(root), groupMemory(root))
	if n == math.MaxInt64 {
		return 1 << 30
	}
	return n
}

func systemMemory(root fs.FS) int64 {
	kb, ok := field(root, "proc/meminfo", "MemAvailable:")
	if !ok {
		return math.MaxInt64
	}
	return kb << 10
}

// groupMemory is what the control groups of this process leave, up to the topmost: the least of their limits, less what is in
// use. Pages of files that have not been used lately count as free.
func groupMemory(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return math.MaxInt64
	}
	least := int64(math.MaxInt64)
	for line := range strings.Lines(string(text)) {
		// number:controllers:path, and 0::path in version 2
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		g := groupFiles{"sys/fs/cgroup", []string{"memory.max", "memory.high"}, "memory.current", "inactive_file"}
		if parts[0] != "0" || parts[1] != "" {
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
			g = groupFiles{"sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file"}
		}
		for dir := path.Clean("/" + parts[2]); ; dir = path.Dir(dir) { // in a container, often only "/" is there
			least = min(least, g.left(root, dir))
			if dir == "/" {
				break
			}
		}
	}
	return least
}

// groupFiles are the files of a control group, below the folder where the groups are mounted.
type groupFiles struct {
	mount  string
	limits []string
	usage  string
	idle   string // in memory.stat
}

// left is how much of its limit a group leaves; without a limit, everything.
func (g groupFiles) left(root fs.FS, dir string) int64 {
	limit := int64(math.MaxInt64)
	for _, name := range g.limits {
		if n, ok := number(root, path.Join(g.mount, dir, name)); ok { // else there is none, or it is "max"
			limit = min(limit, n)
		}
	}
	if limit >= 1<<60 { // how version 1 says that there is none
		return math.MaxInt64
	}
	used, _ := number(root, path.Join(g.mount, dir, g.usage))
	idle, _ := field(root, path.Join(g.mount, dir, "memory.stat"), g.idle)
	return max(limit-max(used-idle, 0), 0)
}

func number(root fs.FS, name string) (int64, bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

// field returns the number behind a name at the beginning of a line.
func field(root fs.FS, file, name string) (int64, bool) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) >= 2 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
