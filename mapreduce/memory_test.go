package mapreduce_test

import (
	"testing"
	"testing/fstest"

	"github.com/telemetry-mr/mr/mapreduce"
)

func TestAvailableMemory(t *testing.T) {
	const meminfo = "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    4000000 kB\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing known", nil, 1 << 30},
		{"no groups", map[string]string{"proc/meminfo": meminfo}, 4000000 << 10},
		{"version 2", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "0::/user.slice/job\n",
			"sys/fs/cgroup/user.slice/job/memory.max":     "1000000000\n",
			"sys/fs/cgroup/user.slice/job/memory.current": "300000000\n",
			"sys/fs/cgroup/user.slice/job/memory.stat":    "anon 1\ninactive_file 100000000\n",
			"sys/fs/cgroup/user.slice/memory.max":         "max\n",
		}, 800000000},
		{"the group above", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "0::/user.slice/job\n",
			"sys/fs/cgroup/user.slice/job/memory.max": "1000000000\n",
			"sys/fs/cgroup/user.slice/memory.max":     "max\n",
			"sys/fs/cgroup/user.slice/memory.high":    "600000000\n",
			"sys/fs/cgroup/user.slice/memory.current": "100000000\n",
		}, 500000000},
		{"a container, which sees its own group as the topmost", map[string]string{
			"proc/meminfo":             meminfo,
			"proc/self/cgroup":         "0::/docker/0123\n",
			"sys/fs/cgroup/memory.max": "500000000\n",
		}, 500000000},
		{"all is used", map[string]string{
			"proc/meminfo":                 meminfo,
			"proc/self/cgroup":             "0::/\n",
			"sys/fs/cgroup/memory.max":     "500000000\n",
			"sys/fs/cgroup/memory.current": "600000000\n",
		}, 0},
		{"version 1", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "5:cpu:/x\n4:hugetlb,memory:/job\n0::/\n",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": "700000000\n",
			"sys/fs/cgroup/memory/job/memory.usage_in_bytes": "400000000\n",
			"sys/fs/cgroup/memory/job/memory.stat":           "total_inactive_file 50000000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
		}, 350000000},
		{"version 1 without a limit", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "400000000\n",
		}, 4000000 << 10},
		{"nonsense", map[string]string{
			"proc/meminfo":             "MemAvailable: much\n",
			"proc/self/cgroup":         "what\n0::/../../x\n\n",
			"sys/fs/cgroup/memory.max": "\n",
		}, 1 << 30},
	} {
		root := fstest.MapFS{}
		for name, text := range test.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := mapreduce.Available(root); got != test.want {
			t.Errorf("%s: %d bytes, want %d", test.name, got, test.want)
		}
	}
}
