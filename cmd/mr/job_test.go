package main

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// hoarded is kept from the collector.
var hoarded [][]byte

// jobMain is the job program of the scripts. It counts the values of the field "os"; its first argument, or the field "do"
// of a record, says how it goes wrong.
func jobMain() {
	how := ""
	if len(os.Args) > 1 {
		how = os.Args[1]
	}
	job := mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			what, _ := rec.Get("do").Str()
			if err := misbehave(what); err != nil {
				return err
			}
			if how == "count" {
				out.Count("seen", 1)
			}
			if reason, ok := rec.Get("skip").Str(); ok {
				out.Skip(reason)
			}
			system, ok := rec.Get("os").Str()
			if !ok {
				out.Skip("no os")
				return nil
			}
			out.Emit(system, 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
	}
	switch how {
	case "", "count":
	case "hang":
		fmt.Fprintln(os.Stderr, "loading the table of countries")
		time.Sleep(time.Minute) // Go notices a select without cases
	case "refuse":
		fmt.Fprintln(os.Stderr, "no table of countries: give --countries FILE")
		os.Exit(3)
	case "print":
		fmt.Println(strings.Repeat("x", 1<<20))
	case "overflow":
		job.Combine = func(acc *int, v int) {
			*acc += math.MaxInt - 1
			mapreduce.Sum(acc, v+v)
		}
	case "reduce":
		job.Reduce = func(key string, _ iter.Seq[int], _ *mapreduce.Rows) error {
			return fmt.Errorf("no country has %s", key)
		}
	case "hoard":
		job.Reduce = func(string, iter.Seq[int], *mapreduce.Rows) error {
			for {
				hoarded = append(hoarded, bytes.Repeat([]byte{1}, 1<<20))
			}
		}
	case "tab":
		job.Reduce = func(key string, values iter.Seq[int], rows *mapreduce.Rows) error {
			for range values {
				rows.Add(key, "a\tb")
			}
			return nil
		}
	case "nomap":
		job.Map = nil
	case "key":
		mapreduce.Serve(mapreduce.Job[*int, int]{Map: func(storage.Record, *mapreduce.Emitter[*int, int]) error { return nil }})
	case "rows":
		job.Columns = []string{"system", "records", "part"}
		job.Reduce = func(key string, values iter.Seq[int], rows *mapreduce.Rows) error {
			for n := range values {
				rows.Add(key, n, float64(n)/3e7)
			}
			return nil
		}
	case "short":
		job.Columns = []string{"system", "records"}
		job.Reduce = func(key string, _ iter.Seq[int], rows *mapreduce.Rows) error {
			rows.Add(key)
			return nil
		}
	case "value":
		mapreduce.Serve(mapreduce.Job[string, func()]{Map: func(storage.Record, *mapreduce.Emitter[string, func()]) error { return nil }})
	case "args":
		fmt.Fprintf(os.Stderr, "arguments: %q\n", os.Args[1:])
	default:
		fmt.Fprintf(os.Stderr, "there is no %q\n", how)
		os.Exit(3)
	}
	mapreduce.Serve(job)
}

func misbehave(what string) error {
	switch what {
	case "error":
		return errors.New("no such country")
	case "wild":
		return errors.New("\x1b[2J\a no such\u202e country")
	case "panic":
		panic("no such country")
	case "exit":
		fmt.Fprintln(os.Stderr, "out of countries")
		os.Exit(7)
	case "hang":
		fmt.Println("waiting for a country")
		select {}
	case "print":
		fmt.Println("seen")
	}
	return nil
}
