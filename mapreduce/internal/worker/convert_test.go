package worker // each conversion and its inverse

import (
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// TestConvert sends values of every type over the wire. Text is any bytes.
func TestConvert(t *testing.T) {
	t.Run("Setup", func(t *testing.T) {
		roundTrip(t, Setup.proto, setupOf, new(workerpb.SetupRequest))
	})
	t.Run("Description", func(t *testing.T) {
		roundTrip(t, Description.proto, descriptionOf, new(workerpb.Description))
	})
	t.Run("MapTask", func(t *testing.T) {
		roundTrip(t, MapTask.proto, mapTaskOf, new(workerpb.MapTask))
	})
	t.Run("ReduceTask", func(t *testing.T) {
		roundTrip(t, ReduceTask.proto, reduceTaskOf, new(workerpb.ReduceTask))
	})
	t.Run("MapResult", func(t *testing.T) {
		roundTrip(t, MapResult.proto, mapResultOf, new(workerpb.MapResult))
	})
	t.Run("ReduceResult", func(t *testing.T) {
		roundTrip(t, ReduceResult.proto, reduceResultOf, new(workerpb.ReduceResult))
	})
	t.Run("Progress", func(t *testing.T) {
		roundTrip(t, Progress.proto, progressOf, new(workerpb.Progress))
	})
	t.Run("TaskError", func(t *testing.T) {
		roundTrip(t,
			func(e TaskError) *workerpb.Failure { return failureOf(&e) },
			func(f *workerpb.Failure) TaskError { return *errorOf(f).(*TaskError) },
			new(workerpb.Failure))
	})
	t.Run("JobError", func(t *testing.T) {
		roundTrip(t,
			func(e JobError) *workerpb.Failure { return failureOf(&e) },
			func(f *workerpb.Failure) JobError { return *errorOf(f).(*JobError) },
			new(workerpb.Failure))
	})
}

func roundTrip[T any, M proto.Message](t *testing.T, to func(T) M, from func(M) T, m M) {
	rapid.Check(t, func(t *rapid.T) {
		var want T
		fill(t, reflect.ValueOf(&want).Elem())
		if task, ok := any(&want).(*ReduceTask); ok {
			for i := range task.Runs {
				task.Runs[i].Samples = nil // not sent
			}
		}
		wire, err := proto.Marshal(to(want))
		if err != nil {
			t.Fatal(err)
		}
		proto.Reset(m)
		if err := proto.Unmarshal(wire, m); err != nil {
			t.Fatal(err)
		}
		if got := from(m); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
	})
}

// fill draws a value for v. Slices and maps have elements or are nil.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "text")))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint") >> (64 - v.Type().Bits()))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "present") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "len")
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
			if e := v.Index(i); e.Kind() == reflect.Slice && e.IsNil() {
				e.Set(reflect.MakeSlice(e.Type(), 0, 0)) // an element is not nil
			}
		}
	case reflect.Map:
		n := rapid.IntRange(0, 3).Draw(t, "len")
		if n == 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key)
			fill(t, elem)
			v.SetMapIndex(key, elem)
		}
	default:
		t.Fatalf("no values of %v", v.Type())
	}
}
