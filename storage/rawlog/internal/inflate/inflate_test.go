package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog/internal/inflate"
)

func zip(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// texts are such that all kinds of blocks, codes and copies come up.
func texts() [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 300_000) // long codes
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * r.ExpFloat64() * 9)
	}
	far := append(append(bytes.Clone(noise[:32768]), noise[:300]...), noise[:1000]...)
	var list [][]byte
	for _, text := range [][]byte{
		nil, []byte("a"), []byte("{}"), noise, skewed, far, bytes.Repeat([]byte("abc"), 5000), make([]byte, 70_000),
		[]byte(strings.Repeat(`{"values":{"0":1,"1":20,"3":0},"sum":77},`, 1000)),
	} {
		list = append(list, text)
		for n := 1; n <= 17 && n < len(text); n++ {
			list = append(list, text[:n], bytes.Repeat(text[:n], 50))
		}
	}
	return list
}

func TestGunzip(t *testing.T) {
	var d inflate.Decoder
	var buf []byte
	for _, text := range texts() {
		for _, level := range []int{gzip.NoCompression, gzip.HuffmanOnly, 1, 6, 9} {
			data := zip(t, text, level)
			got, ok := d.Gunzip(buf, data, len(text))
			if ok && !bytes.Equal(got, text) || !ok {
				t.Fatalf("level %d, %d bytes, %.20q: %d bytes, %v", level, len(text), text, len(got), ok)
			}
			buf = got
			if len(text) == 0 {
				continue
			}
			if _, ok := d.Gunzip(buf, data, len(text)-1); ok {
				t.Fatalf("level %d: %d bytes where there should be less", level, len(text))
			}
			for _, size := range []int{0, len(text) / 2, len(text) - 1, len(text) + 1} { // what the tail says is not so
				binary.LittleEndian.PutUint32(data[len(data)-4:], uint32(size))
				if got, ok := d.Gunzip(buf, data, len(text)+1); ok || len(got) > len(text)+1 {
					t.Fatalf("level %d, %d bytes that should be %d: ok", level, len(text), size)
				}
			}
		}
	}
}

// FuzzGunzip compares it with compress/flate: what begins data, compressed, and with a gzip header and tail that fit.
func FuzzGunzip(f *testing.F) {
	for _, text := range texts() {
		for _, level := range []int{gzip.NoCompression, gzip.HuffmanOnly, 6} {
			if data := zip(f, text, level); len(data) < 10_000 {
				f.Add(data[10 : len(data)-8])
			}
		}
	}
	f.Add([]byte("\x03\x00"))
	var d inflate.Decoder
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 20
		from := bytes.NewReader(data)
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(from), most+1))
		data = data[:len(data)-from.Len()]
		member := append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), data...)
		member = binary.LittleEndian.AppendUint32(member, crc32.ChecksumIEEE(want))
		member = binary.LittleEndian.AppendUint32(member, uint32(len(want)))
		got, ok := d.Gunzip(nil, member, most)
		if ok != (err == nil && len(want) <= most) || ok && !bytes.Equal(got, want) {
			t.Fatalf("%x: %q, %v, want %q, %v", data, got, ok, want, err)
		}
	})
}
