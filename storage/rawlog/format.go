package rawlog

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// A Format is one of the four layouts of a raw log. The zero Format means that the content tells.
type Format uint8

const (
	V0 Format = iota + 1 // June to September 2013: no mark between records
	V1                   // 2013: no client address
	V2                   // 2014: with client address
	V3                   // ours: checksums and an end
)

var formats = []Format{V0, V1, V2, V3}

// String is the format's part of a file name: "v1".
func (f Format) String() string {
	if f < V0 || f > V3 {
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
	return fmt.Sprintf("v%d", f-V0)
}

// FormatOf is the format that the name of a raw log claims, 0 if none. It is for Options.Claimed: names are given by people,
// too.
func FormatOf(name string) Format {
	best, at := Format(0), len(name)
	for _, f := range formats {
		if i := strings.Index(name, "."+f.String()+"."); i >= 0 && i < at {
			best, at = f, i
		}
	}
	return best
}

// Largest lengths that the fields of V1, V2 and V3 hold.
const (
	MaxAddr = 1<<8 - 1
	MaxPath = 1<<16 - 1
	MaxData = 1<<32 - 1
)

const separator = 0x1e

// maxTime is the first time that no server can have written: they were doubles in 2013.
const maxTime = 1 << 53

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }
