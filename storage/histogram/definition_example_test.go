package histogram_test

import (
	"fmt"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

const exampleDefinitions = `{
	"GC_MS": {"kind": "exponential", "high": "3 * 1000", "n_buckets": 10, "description": "Time of a garbage collection"},
	"GC_KIND": {"kind": "enumerated", "n_values": "js::UNHEARD_OF", "description": "Its kind"}
}`

func ExampleDefinition_Pack() {
	defs, err := histogram.ParseDefinitions([]byte(exampleDefinitions), histogram.DefinitionOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	gc, err := defs.Lookup("STARTUP_GC_MS") // has the definition of GC_MS
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(gc.Ranges())
	sent := `{"range":[1,3000],"bucket_count":10,"histogram_type":0,"values":{"0":0,"1":1232,"3":7,"8":0},"sum":1253,"log_sum":863.6}`
	stored, err := gc.Pack(nil, []byte(sent))
	fmt.Println(string(stored), err)

	_, err = defs.Lookup("GC_KIND")
	fmt.Println(err)
	// Output:
	// [0 1 3 8 21 57 154 414 1114 3000]
	// [0,1232,7,0,0,0,0,0,0,0,1253,863.6,-1,-1,-1] <nil>
	// definition of GC_KIND: n_values: "js::UNHEARD_OF" is no number: the constant js::UNHEARD_OF is not known
}

func ExampleDefinition_Distribution() {
	defs, err := histogram.ParseDefinitions([]byte(exampleDefinitions), histogram.DefinitionOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec := storage.NewRecord([]byte("id"), []byte(`{"histograms":{"GC_MS":[0,12,30,8,0,0,1,0,0,0,374,90.5,280.25,-1,-1]}}`), storage.Dims{})
	for name, a := range histogram.All(rec.Get("histograms")) {
		d, err := defs.Lookup(name)
		if err != nil {
			continue
		}
		h, err := d.Distribution(a)
		if err != nil {
			fmt.Println(err)
			return
		}
		mean, _ := h.Mean()
		median, _ := h.Percentile(50)
		fmt.Printf("%s: %d samples, mean %.2f, median %.2f\n", name, h.Count(), mean, median)
		for low, n := range h.Buckets() {
			if n > 0 {
				fmt.Printf("from %d: %d\n", low, n)
			}
		}
	}
	// Output:
	// GC_MS: 51 samples, mean 7.33, median 4.66
	// from 1: 12
	// from 3: 30
	// from 8: 8
	// from 154: 1
}
