// Distribution gives the joint distribution of a few small histograms: how many records have which counts in all of their
// buckets together. The histograms, of booleans and enumerations, are the job's arguments, each with its number of buckets:
//
//	mr run --data STORE ./distribution NEWTAB_PAGE_SHOWN=2 NEWTAB_PAGE_SITE_CLICKED=9
//
// A row has the counts of all buckets, then the number of records. A histogram that a record lacks counts as zeros; one with
// another number of buckets makes the record bad.
package main

import (
	"fmt"
	"iter"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

type measure struct {
	name    string
	buckets int
}

// Behind its buckets, a stored histogram has one for overflow, and five summary values.
const behind = 1 + 5

func jobFor(measures []measure) mapreduce.Job[string, int] {
	return mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			var counts []string
			for _, m := range measures {
				v := rec.Get("histograms", m.name)
				h, ok := histogram.Parse(v)
				if v.Exists() && (!ok || h.Len() != m.buckets+behind) {
					return fmt.Errorf("%s has not %d buckets: %s", m.name, m.buckets, v.Raw())
				}
				for i := range m.buckets {
					n := int64(0)
					if v.Exists() {
						n = h.Bucket(i)
					}
					counts = append(counts, strconv.FormatInt(n, 10))
				}
			}
			out.Emit(strings.Join(counts, " "), 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
		Reduce: func(counts string, totals iter.Seq[int], rows *mapreduce.Rows) error {
			for n := range totals {
				var cells []any
				for c := range strings.FieldsSeq(counts) {
					cells = append(cells, c)
				}
				rows.Add(append(cells, n)...)
			}
			return nil
		},
	}
}

func parse(args []string) ([]measure, error) {
	var measures []measure
	for _, arg := range args {
		name, n, ok := strings.Cut(arg, "=")
		buckets, err := strconv.Atoi(n)
		if !ok || err != nil || buckets < 1 {
			return nil, fmt.Errorf("argument %q is not of the form HISTOGRAM=BUCKETS", arg)
		}
		measures = append(measures, measure{name, buckets})
	}
	return measures, nil
}

func main() {
	measures, err := parse(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	mapreduce.Serve(jobFor(measures))
}
