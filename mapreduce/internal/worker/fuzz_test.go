package worker

import (
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// through makes a value of a message that has any content, a message of that, and the same value again.
func through[T any, M proto.Message](to func(T) M, from func(M) T, m, again M) func(*testing.T, []byte) {
	return func(t *testing.T, wire []byte) {
		if proto.Unmarshal(wire, m) != nil {
			return
		}
		v := from(m)
		wire, err := proto.Marshal(to(v))
		if err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(wire, again); err != nil {
			t.Fatal(err)
		}
		if got := from(again); !reflect.DeepEqual(got, v) {
			t.Fatalf("%#v became %#v", v, got)
		}
	}
}

// FuzzMessages reads any bytes as each of the messages between a runner and its workers.
func FuzzMessages(f *testing.F) {
	messages := []func(*testing.T, []byte){
		through(Setup.proto, setupOf, new(workerpb.SetupRequest), new(workerpb.SetupRequest)),
		through(Description.proto, descriptionOf, new(workerpb.Description), new(workerpb.Description)),
		through(MapTask.proto, mapTaskOf, new(workerpb.MapTask), new(workerpb.MapTask)),
		through(ReduceTask.proto, func(m *workerpb.ReduceTask) ReduceTask {
			t := reduceTaskOf(m)
			for i := range t.Runs {
				t.Runs[i].Samples = nil // not sent
			}
			return t
		}, new(workerpb.ReduceTask), new(workerpb.ReduceTask)),
		through(MapResult.proto, mapResultOf, new(workerpb.MapResult), new(workerpb.MapResult)),
		through(ReduceResult.proto, reduceResultOf, new(workerpb.ReduceResult), new(workerpb.ReduceResult)),
		through(Progress.proto, progressOf, new(workerpb.Progress), new(workerpb.Progress)),
		through(failureOf, errorOf, new(workerpb.Failure), new(workerpb.Failure)),
	}
	for i, m := range []proto.Message{
		Setup{Data: "d", Schema: []byte("s"), MemoryBytes: 1, Checksums: true}.proto(),
		Description{Key: "int", Columns: []string{"a", ""}}.proto(),
		MapTask{ID: 1, Prefix: "d", Files: []File{{Path: "p", Size: 2, Part: Part{Offset: 3, Length: 4}}}, MaxBad: -1}.proto(),
		ReduceTask{Runs: []Run{{Path: "r", Bytes: 1}}, Low: []byte("a")}.proto(),
		MapResult{Rows: &Rows{Path: "r"}, Counters: Counters{"a": 1}, Checksums: []uint32{1}}.proto(),
		ReduceResult{Rows: Rows{Checksum: 1}}.proto(),
		Progress{Steps: 1}.proto(),
		failureOf(&TaskError{Path: "p", Line: 1, Msg: "m"}),
		failureOf(&JobError{Msg: "m", Hint: "h"}),
	} {
		wire, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(min(i, len(messages)-1)), wire)
	}
	f.Fuzz(func(t *testing.T, kind uint8, wire []byte) {
		messages[int(kind)%len(messages)](t, wire)
	})
}
