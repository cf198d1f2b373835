package rawlog_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// FuzzFrame reads a segment of V3 whose checksums are right, whatever they are of.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x07\x00\x00\x00\x04\x00\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00"), []byte(`::1abcd{"a":8}`), []byte("\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00"), uint32(7))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x00\x01\x00\x00\x00\x00\x00\x00\x00"), []byte("x"), []byte("\x00\x00\x00\x00\x00\x00\x00\x02"), uint32(0))
	f.Fuzz(func(t *testing.T, head, body, next []byte, seed uint32) {
		sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)) }
		content := sum(binary.LittleEndian.AppendUint32([]byte("\x8emrlog\r\n"), seed))
		frame := func(fields, body []byte) {
			fields = append(bytes.Clone(fields), make([]byte, 16)...)[:16]
			fields = binary.LittleEndian.AppendUint32(fields, crc32.Checksum(body, castagnoli))
			content = append(content, "\x1emr\x03"...)
			content = binary.LittleEndian.AppendUint32(content, crc32.Checksum(fields, castagnoli)^seed)
			content = append(append(content, fields...), body...)
		}
		frame(head, body)
		frame(next, nil)
		at, ended := int64(16), false
		for rec, err := range rawlog.NewReader(bytes.NewReader(content), rawlog.Options{MaxData: 1 << 16}).Records() {
			offset, size := rec.Offset, int64(rec.Size)
			if damage, ok := errors.AsType[*rawlog.DamageError](err); ok {
				offset, size = damage.Offset, damage.Length
			} else if err != nil {
				t.Fatal(err)
			}
			if !ended && offset == at+28 { // the end frame is neither
				ended, at = true, offset
			}
			if offset != at {
				t.Fatalf("byte %d follows %d", offset, at)
			}
			at += size
		}
		if at > int64(len(content)) {
			t.Fatalf("read up to %d of %d bytes", at, len(content))
		}
	})
}

// FuzzRecover finishes a segment of any bytes: what is then there has the records that Recover has counted, and ends with one.
func FuzzRecover(f *testing.F) {
	some := []rawlog.Record{{Time: 1, Path: []byte("abcd"), Data: []byte(`{"a":8}`)}, {Path: []byte("b"), Data: []byte("{}")}}
	for _, format := range []rawlog.Format{rawlog.V1, rawlog.V2, rawlog.V3} {
		content := file(f, format, some)
		f.Add(content, uint8(format))
		f.Add(content[:len(content)-30], uint8(format))
	}
	// The head is lost, and a frame without its body ends where the end frame will end that Recover adds.
	f.Add([]byte("0\x1emr\x03\xeb.j\x1dB\x00\x00\x00\x04\x00\x00\x00"+strings.Repeat("0", 23)+
		"\x1emr\x030000\x02\x00\x00\x00\x01\x00\x00\x00"+"000000\x00\x00\xc2-0\xd1b{}"), uint8(2))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte, format uint8) {
		place, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(place)
		root, err := os.OpenRoot(place)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		name := "log." + []string{"v1", "v2", "v3"}[format%3] + ".host.1.1"
		if err := os.WriteFile(filepath.Join(place, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
		done, err := rawlog.Recover(root, "log", rawlog.Options{})
		if err != nil || len(done) != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
		if done[0].Name == "" {
			if left, _ := os.ReadDir(place); len(left) > 0 || done[0].Records > 0 {
				t.Fatalf("%+v left %v", done[0], left)
			}
			return
		}
		finished, err := os.Open(filepath.Join(place, done[0].Name))
		if err != nil {
			t.Fatal(err)
		}
		defer finished.Close()
		records, last := int64(0), error(nil)
		for _, err := range rawlog.NewReader(finished, rawlog.Options{Format: rawlog.FormatOf(done[0].Name)}).Records() {
			if last = err; err == nil {
				records++
			}
		}
		if records != done[0].Records || last != nil {
			t.Fatalf("%d records, at the end %v, but %+v", records, last, done[0])
		}
	})
}

// FuzzPayload: no more comes out of a payload than the limit.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"a":8}`))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x02\x00\xfd\xff{}\x43\xbf\xa6\xa3\x02\x00\x00\x00"))
	d := rawlog.Inflater{Max: 1000}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := d.Payload(data)
		if len(text) > 1000 || err != nil && text != nil {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
	})
}
