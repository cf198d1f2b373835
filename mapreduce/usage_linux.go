package mapreduce

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// treeMemory is the resident memory of this process and of workers, all of one program: what is their own, and once what they
// share, which is the program's file.
func treeMemory(workers []int) int64 {
	own, shared := residentPages("self")
	var most int64
	for _, pid := range workers {
		o, s := residentPages(strconv.Itoa(pid))
		own += o
		most = max(most, s)
	}
	return (own + shared + most) * int64(os.Getpagesize())
}

// residentPages returns the anonymous pages of a process and those of files; none if it has gone.
func residentPages(pid string) (own, shared int64) {
	text, err := os.ReadFile("/proc/" + pid + "/statm")
	if err != nil {
		return 0, 0
	}
	var size, resident int64
	if _, err := fmt.Fscan(bytes.NewReader(text), &size, &resident, &shared); err != nil {
		return 0, 0
	}
	return resident - shared, shared
}
