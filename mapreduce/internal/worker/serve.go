package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// What a process finds when a runner started it; see runner.
const (
	lifeFD      = 3
	greetingFD  = 4
	markFD      = 5
	helloPrefix = "mr-job "

	// maxStack is what a goroutine's stack may be. One that grows without end is to be told by its own words, not by the memory
	// that it takes before it comes to Go's gigabyte.
	maxStack = 64 << 20

	askEnd    = 'q'
	askStacks = 'd'
)

// A Marker is a Worker that says what it is at.
type Marker interface {
	Worker
	// Mark is called before all else, if there is somebody to look at the mark.
	Mark(*Mark)
}

// Started tells whether a runner started this process. After [Serve] was called it no longer does.
func Started() bool { return os.Getenv(cookieKey) == cookieValue }

// Serve is called in a job program. It does the tasks of the runner that started this process by asking w, and returns
// when the runner wants the process to end, which should then not take longer than a second. When the runner's process
// goes away, or when no runner started this one, it does not return: the process ends, and in the second case says how it
// is meant to be run.
//
// Serve leaves os.Stdout and os.Stderr alone. They are one pipe, of which the runner shows every line.
func Serve(w Worker) {
	if !Started() {
		explain()
	}
	life, greeting, err := inherited()
	if err != nil {
		explain()
	}
	_ = os.Unsetenv(cookieKey) // what the job starts is no worker
	debug.SetMaxStack(maxStack)
	mark := inheritedMark()
	if m, ok := w.(Marker); ok {
		m.Mark(mark)
	}

	quit := make(chan struct{})
	go follow(life, quit, mark)
	_, _ = fmt.Fprintf(greeting, "%s%d\n", helloPrefix, protocolVersion) // a runner that is gone needs no hello

	address := make(chan *plugin.ReattachConfig, 1)
	go func() {
		a := <-address
		_, _ = fmt.Fprintf(greeting, "%d|%d|%s|%s|%s|\n",
			plugin.CoreProtocolVersion, a.ProtocolVersion, a.Addr.Network(), a.Addr, a.Protocol)
		_ = greeting.Close()
		warm()
	}()
	go func() {
		servePlugin(w, address)
		os.Exit(1) // it ends only when it cannot serve, and has said why
	}()
	<-quit
}

// servePlugin serves in go-plugin's test mode, which is what a worker needs: it reports the address instead of printing
// it, and leaves the standard files, the interrupt signal and the process as they are. The other mode sends what the job
// prints through gRPC, or loses it.
func servePlugin(w Worker, address chan<- *plugin.ReattachConfig) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{pluginName: &grpcPlugin{w: w}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts,
				grpc.MaxRecvMsgSize(messageBytes), grpc.MaxSendMsgSize(messageBytes),
				grpc.InitialWindowSize(windowBytes), grpc.InitialConnWindowSize(windowBytes))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Name: "worker", Level: hclog.Error, Output: os.Stderr}),
		Test:   &plugin.ServeTestConfig{ReattachConfigCh: address},
	})
}

// follow ends this process when the runner's is gone, and does what the runner asks for: it closes quit, or leaves the
// stacks of this process in its mark.
func follow(life *os.File, quit chan<- struct{}, mark *Mark) {
	var b [1]byte
	for {
		n, _ := life.Read(b[:])
		if n == 0 {
			killOwnGroup()
			os.Exit(1)
		}
		switch b[0] {
		case askEnd:
			close(quit) // the runner asks once
		case askStacks:
			mark.dump()
		}
	}
}

// explain tells a person who started a job program by hand what it is, and ends the process.
func explain() {
	name := filepath.Base(os.Args[0])
	fmt.Fprintf(os.Stderr, "%s is a job for mr: it says what to compute, mr reads the records and does the rest.\n"+
		"To run it:  mr run --data STORE ./%s\n"+
		"All flags:  mr run -h\n", name, name)
	os.Exit(1)
}
