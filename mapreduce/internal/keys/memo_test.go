package keys_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
)

// TestMemo: what is noted of a key is never of another, whatever comes in between.
func TestMemo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		memo := keys.NewMemo[fiveStrings, string]()
		for range rapid.IntRange(0, 20).Draw(t, "turns") {
			memo.Turn()
			inTurn := map[int32]fiveStrings{}
			if rapid.IntRange(0, 9).Draw(t, "forget") == 0 {
				memo.Forget()
			}
			for range rapid.IntRange(0, 160).Draw(t, "pairs") {
				k := fiveStrings{Reason: "same", Build: names[rapid.IntRange(0, len(names)-1).Draw(t, "k")]}
				i := memo.Find(&k)
				if i < 0 {
					continue
				}
				if first, ok := inTurn[i]; ok && first != k {
					t.Fatalf("%d is %v, and %v in the same turn", i, first, k)
				}
				inTurn[i] = k
				if *memo.Key(i) != k {
					t.Fatalf("the key of %v is %v", k, *memo.Key(i))
				}
				if of := memo.Of(i); *of == "" {
					*of = k.Build
				} else if *of != k.Build {
					t.Fatalf("%v is noted as %q", k, *of)
				}
			}
		}
	})
}

// names are as many strings as let some share a place.
var names = func() (s []string) {
	for i := range 3000 {
		s = append(s, fmt.Sprint("name ", i))
	}
	return s
}()

// TestMemoKnows: a key that comes again is known, in its turn and in the next.
func TestMemoKnows(t *testing.T) {
	memo := keys.NewMemo[string, int]()
	k := "Windows_NT"
	for turn := range 10 {
		memo.Turn()
		i := memo.Find(&k)
		if i < 0 || *memo.Of(i) != turn {
			t.Fatalf("turn %d: %d", turn, i)
		}
		*memo.Of(i)++
	}
	memo.Forget()
	if i := memo.Find(&k); i < 0 || *memo.Of(i) != 0 {
		t.Errorf("after Forget: %d", i)
	}
}

// TestMemoHolds: what a key's strings are part of is not held on to.
func TestMemoHolds(t *testing.T) {
	memo := keys.NewMemo[string, int]()
	var large []weak.Pointer[byte]
	for i := range 100 {
		memo.Turn()
		s := strings.Repeat(names[i], 1<<10)
		large = append(large, weak.Make(unsafe.StringData(s)))
		part := s[:8]
		if memo.Find(&part) < 0 {
			t.Fatal("no room")
		}
	}
	for range 2 { // the first lets the memo see that it has run
		runtime.GC()
		for range 20 {
			memo.Turn()
		}
	}
	for i, p := range large {
		if p.Value() != nil {
			t.Fatalf("string %d is held", i)
		}
	}
	runtime.KeepAlive(memo)
}

// TestMemoStops: it looks for nothing where no key comes again, until it forgets, and never for large keys.
func TestMemoStops(t *testing.T) {
	memo := keys.NewMemo[string, int]()
	found := 0
	for i := range 100_000 {
		memo.Turn()
		k := strings.Repeat("x", i%7+1)
		if memo.Find(&k) >= 0 {
			found++
		}
	}
	if found == 0 || found > 10_000 {
		t.Errorf("found a place %d times", found)
	}
	memo.Forget()
	k := "y"
	if memo.Find(&k) < 0 {
		t.Error("no place after Forget")
	}
	large := keys.NewMemo[[300]byte, int]()
	large.Turn()
	if i := large.Find(new([300]byte)); i != -1 {
		t.Errorf("large key: %d", i)
	}
}
