package job

import (
	"strings"
	"testing"
)

// TestRemember: what is long is not remembered, for pings may say anything.
func TestRemember(t *testing.T) {
	short, long := leaf{os: "BeOS"}, leaf{os: strings.Repeat("x", 1<<20)}
	for _, l := range []leaf{short, long} {
		if first, again := l.text(), l.text(); first != again {
			t.Errorf("%.80q, then %.80q", first, again)
		}
	}
	simpleName(long.os)
	if _, ok := leaves.get(short); !ok {
		t.Error("a short leaf is not remembered")
	}
	if _, ok := leaves.get(long); ok {
		t.Error("a long leaf is remembered")
	}
	if _, ok := simpleNames.get(long.os); ok {
		t.Error("a long name is remembered")
	}
}
