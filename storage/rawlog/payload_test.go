package rawlog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

func zip(t testing.TB, text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPayload(t *testing.T) {
	zipped := zip(t, []byte(`{"a":8}`))
	wrongSum := bytes.Clone(zipped)
	wrongSum[len(wrongSum)-6] ^= 1
	wrongSize := bytes.Clone(zipped)
	wrongSize[len(wrongSize)-4]++
	var named bytes.Buffer
	w := gzip.NewWriter(&named)
	w.Name = "a.json"
	_, _ = w.Write([]byte(`{"a":8}`)) // to memory
	_ = w.Close()
	d := rawlog.Inflater{Max: 1000}
	for _, c := range []struct {
		name     string
		data     []byte
		want     string
		tooLarge bool
		bad      bool
	}{
		{name: "plain", data: []byte(`{"a":8}`), want: `{"a":8}`},
		{name: "gzip", data: zipped, want: `{"a":8}`},
		{name: "empty", data: nil, want: ""},
		{name: "empty gzip", data: zip(t, nil), want: ""},
		{name: "two members", data: append(bytes.Clone(zipped), zipped...), want: `{"a":8}{"a":8}`},
		{name: "one byte of gzip", data: zipped[:1], want: "\x1f"},
		{name: "cut header", data: zipped[:5], bad: true},
		{name: "cut", data: zipped[:len(zipped)-1], bad: true},
		{name: "wrong checksum", data: wrongSum, bad: true},
		{name: "wrong size", data: wrongSize, bad: true},
		{name: "gzip of a file", data: named.Bytes(), want: `{"a":8}`},
		{name: "trailing bytes", data: append(bytes.Clone(zipped), "xx"...), bad: true},
		{name: "at the limit", data: zip(t, make([]byte, 1000)), want: string(make([]byte, 1000))},
		{name: "over the limit", data: zip(t, make([]byte, 1001)), tooLarge: true},
		{name: "plain over the limit", data: make([]byte, 1001), tooLarge: true},
		{name: "good after bad", data: zipped, want: `{"a":8}`},
	} {
		got, err := d.Payload(c.data)
		if string(got) != c.want || errors.Is(err, rawlog.ErrTooLarge) != c.tooLarge || (err != nil) != (c.bad || c.tooLarge) {
			t.Errorf("%s: Payload = %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// What wants to be 32 times as large as allowed stays small, whatever it says.
func TestBomb(t *testing.T) {
	bomb := zip(t, make([]byte, 32<<20))
	for _, size := range []uint32{32 << 20, 1 << 20, 0} {
		binary.LittleEndian.PutUint32(bomb[len(bomb)-4:], size)
		n := allocated(func() {
			d := rawlog.Inflater{Max: 1 << 20}
			if _, err := d.Payload(bomb); !errors.Is(err, rawlog.ErrTooLarge) {
				t.Errorf("error %v, want ErrTooLarge", err)
			}
		})
		if n > 16<<20 {
			t.Errorf("%d bytes of gzip that say they are %d allocate %d", len(bomb), size, n)
		}
	}
}
