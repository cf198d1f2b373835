package histogram_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// texts makes arrays of 50 buckets, three quarters of them 0, as pings have them:
// a bulge of counts, then the summary.
func texts(count int, separator string) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	var all [][]byte
	for range count {
		var elements []string
		first := r.IntN(38)
		for i := range 50 {
			n := 0
			if d := i - first; d >= 0 && d < 13 {
				n = 1 + r.IntN([]int{3, 9, 30, 120, 300}[min(d, 12-d)*4/6])
			}
			elements = append(elements, fmt.Sprint(n))
		}
		elements = append(elements, fmt.Sprint(r.IntN(3000000)))
		if r.IntN(2) == 0 {
			elements = append(elements, fmt.Sprint(873.474196434021+r.Float64()), fmt.Sprint(5571.45072811897+r.Float64()), "-1", "-1")
		} else {
			elements = append(elements, "-1", "-1", fmt.Sprint(r.IntN(1<<30)), "0")
		}
		all = append(all, []byte("["+strings.Join(elements, separator)+"]"))
	}
	return all
}

func variants(b *testing.B, bench func(b *testing.B, all [][]byte)) {
	for _, count := range []int{1, 1024} { // one is easy to foresee for the processor
		for name, separator := range map[string]string{"compact": ",", "spaced": ", "} {
			b.Run(fmt.Sprintf("texts=%d/form=%s", count, name), func(b *testing.B) {
				b.ReportAllocs()
				bench(b, texts(count, separator))
			})
		}
	}
}

// BenchmarkAll reads the histograms of records, and their elements or not.
func BenchmarkAll(b *testing.B) {
	const records, measures = 64, 123
	var lines []byte
	for i, text := range texts(records*measures, ",") {
		if i%measures == 0 {
			lines = fmt.Appendf(lines, "id-%d\t{\"histograms\":{", i)
		}
		lines = fmt.Appendf(lines, "\"MEASURE_%d\":%s", i%measures, text)
		if i%measures == measures-1 {
			lines = append(lines, "}}\n"...)
		} else {
			lines = append(lines, ',')
		}
	}
	name := filepath.Join(b.TempDir(), "records")
	if err := os.WriteFile(name, lines, 0o666); err != nil {
		b.Fatal(err)
	}
	for _, elements := range []bool{false, true} {
		b.Run(fmt.Sprintf("records=%d/elements=%v", records, elements), func(b *testing.B) {
			b.SetBytes(int64(len(lines)))
			b.ReportAllocs()
			for b.Loop() {
				if n := countAll(b, name, elements); n != records*measures {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records/measures, "ns/histogram")
		})
	}
}

// countAll returns the number of histograms in a file.
func countAll(b *testing.B, name string, elements bool) (n int) {
	r, err := storage.OpenRecords(name, storage.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for rec, err := range r.Records() {
		if err != nil {
			b.Fatal(err)
		}
		for _, a := range histogram.All(rec.Get("histograms")) {
			n++
			if !elements {
				continue
			}
			for _, x := range a.Elements() {
				number += x
			}
		}
	}
	return n
}

var number float64 // what is computed for nothing

func BenchmarkParse(b *testing.B) {
	variants(b, func(b *testing.B, all [][]byte) {
		var buf []byte
		i := 0
		for b.Loop() {
			var size int
			if sink, buf, size = histogram.ParseText(buf[:0], all[i]); size < 0 {
				b.Fatal("not parsed")
			}
			i = (i + 1) % len(all)
		}
	})
}

func arrays(b *testing.B, all [][]byte) []histogram.Array {
	var as []histogram.Array
	for _, text := range all {
		a, _, size := histogram.ParseText(nil, text)
		if size < 0 {
			b.Fatal("not parsed")
		}
		as = append(as, a)
	}
	return as
}

func BenchmarkAdd(b *testing.B) {
	variants(b, func(b *testing.B, all [][]byte) {
		as := arrays(b, all)
		var sum histogram.Array
		for _, a := range as {
			histogram.Add(&sum, a)
		}
		i := 0
		for b.Loop() {
			histogram.Add(&sum, as[i])
			i = (i + 1) % len(as)
		}
	})
}

func BenchmarkClone(b *testing.B) {
	variants(b, func(b *testing.B, all [][]byte) {
		as := arrays(b, all)
		i := 0
		for b.Loop() {
			sink = as[i].Clone()
			i = (i + 1) % len(as)
		}
	})
}

var sink histogram.Array

func BenchmarkBinary(b *testing.B) {
	as := arrays(b, texts(1024, ","))
	var encoded [][]byte
	size := 0
	sums := make([]histogram.Array, len(as))
	for i := range as {
		for j := range 1 + i%5 {
			histogram.Add(&sums[i], as[(i+j*7)%len(as)])
		}
		enc, _ := sums[i].AppendBinary(nil)
		encoded = append(encoded, enc)
		size += len(enc)
	}
	var total histogram.Array
	histogram.Add(&total, as[0])
	histogram.Add(&total, as[1])
	loop := func(b *testing.B, f func(i int)) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			f(i)
			i = (i + 1) % len(as)
		}
	}
	dst := make([]byte, 0, 1024)
	b.Run("op=append-one", func(b *testing.B) { loop(b, func(i int) { dst, _ = as[i].AppendBinary(dst[:0]) }) })
	b.Run("op=append-sums", func(b *testing.B) {
		loop(b, func(i int) { dst, _ = sums[i].AppendBinary(dst[:0]) })
		b.ReportMetric(float64(size)/float64(len(encoded)), "bytes/array")
	})
	b.Run("op=unmarshal", func(b *testing.B) { loop(b, func(i int) { _ = sink.UnmarshalBinary(encoded[i]) }) })
	b.Run("op=borrow", func(b *testing.B) { loop(b, func(i int) { _ = sink.UnmarshalBinaryBorrow(encoded[i]) }) })
	b.Run("op=borrow+add", func(b *testing.B) {
		loop(b, func(i int) {
			_ = sink.UnmarshalBinaryBorrow(encoded[i])
			histogram.Add(&total, sink)
		})
	})
	decoded := make([]histogram.Array, len(as))
	for i := range decoded {
		if err := decoded[i].UnmarshalBinary(encoded[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("op=json-binary", func(b *testing.B) { loop(b, func(i int) { dst, _ = decoded[i].AppendText(dst[:0]) }) })
	b.Run("op=json-sums", func(b *testing.B) { loop(b, func(i int) { dst, _ = sums[i].AppendText(dst[:0]) }) })
}
