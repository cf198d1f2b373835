package worker

import (
	"sync"

	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// warm has protobuf make its tables for the messages of this package. It makes them at the first use of each, which takes a
// millisecond in all, in both processes and one after the other; here, while the other process is not ready yet.
var warm = sync.OnceFunc(func() {
	messages := workerpb.File_worker_proto.Messages()
	for i := range messages.Len() {
		if t, err := protoregistry.GlobalTypes.FindMessageByName(messages.Get(i).FullName()); err == nil { // it is linked in
			t.New().ProtoMethods()
		}
	}
})
