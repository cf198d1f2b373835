package keys_test

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
)

type fiveStrings struct {
	Reason, App, Channel, Version, Build string
}

var (
	fiveKey   = fiveStrings{"saved-session", "Firefox", "nightly", "29.0a1", "20140101030203"}
	intKey    = struct{ A, B int }{1, 2}
	keySink   fiveStrings
	bytesSink []byte
)

func BenchmarkAppend(b *testing.B) {
	b.Run("key=5strings", func(b *testing.B) { benchAppend(b, fiveKey) })
	b.Run("key=string", func(b *testing.B) { benchAppend(b, "Windows_NT") })
	b.Run("key=2ints", func(b *testing.B) { benchAppend(b, intKey) })
}

func benchAppend[K comparable](b *testing.B, k K) {
	c, err := keys.For[K]()
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst = c.Append(dst[:0], &k)
	}
	bytesSink = dst
}

// BenchmarkMemo finds a key that is known, which is to beat Append and a look in a table.
func BenchmarkMemo(b *testing.B) {
	memo := keys.NewMemo[fiveStrings, uint32]()
	memo.Turn()
	for b.Loop() {
		if memo.Find(&fiveKey) < 0 {
			b.Fatal("not found")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	c, err := keys.For[fiveStrings]()
	if err != nil {
		b.Fatal(err)
	}
	enc := c.Append(nil, &fiveKey)
	b.ReportAllocs()
	for b.Loop() {
		keySink, err = c.Decode(enc)
		if err != nil {
			b.Fatal(err)
		}
	}
}
