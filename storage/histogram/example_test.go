package histogram_test

import (
	"fmt"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func ExampleAdd() {
	records := []string{
		`{"histograms":{"GC_MS":[0,4,1,0,23,6.5,11.25,-1,-1],"IS_64":[1,0,0,0,-1,-1,0,0]}}`,
		`{"histograms":{"GC_MS":[0,1,2,0,31,7.25,14.5,-1,-1]}}`,
	}
	sums := map[string]*histogram.Array{}
	for _, text := range records {
		rec := storage.NewRecord([]byte("id"), []byte(text), storage.Dims{})
		for name, a := range histogram.All(rec.Get("histograms")) {
			if sums[name] == nil {
				sums[name] = new(histogram.Array)
			}
			histogram.Add(sums[name], a)
		}
	}
	gc := sums["GC_MS"]
	fmt.Println(gc.N(), gc)
	fmt.Println(gc.Buckets(), gc.Bucket(1))
	if s, ok := gc.Summary(); ok {
		fmt.Println(s.Sum, s.LogSum)
	}
	// Output:
	// 2 [0,5,3,0,54,13.75,25.75,-2,-2]
	// 4 5
	// 54 13.75
}
