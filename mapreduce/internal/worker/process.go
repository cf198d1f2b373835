package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	goplugin "github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Options say how to start a worker process and when to give it up. SocketDir and one of Program and Path are required.
type Options struct {
	Program   *Program // see [Open]
	Path      string   // the job program; never looked up in PATH
	Args      []string // its arguments, without its name
	Env       []string // KEY=VALUE, beside the few variables that a worker gets from this process; these win
	SocketDir string   // see [NewSocketDir]

	// MemoryBytes is what the process is to get along with, 0 is no limit. The Go runtime keeps its heap below that as long as
	// it can (GOMEMLIMIT). On Linux, a worker is lost that has more resident memory of its own by a quarter and 32 MiB.
	MemoryBytes int64
	MaxProcs    int // its GOMAXPROCS; 0 is this process's own variable, or 1

	StartTimeout   time.Duration // until the program has called Serve, and for the answer to Setup; 0 is 30 s
	SilenceTimeout time.Duration // a worker is lost when it has sent nothing for so long during a task; 0 is 15 s
	StallTimeout   time.Duration // a worker is lost when Progress.Steps has stood still for so long; 0 is never

	// Stderr gets what the program prints to its standard output and error, in whole lines; nil discards them. Processes
	// that share it write concurrently. A slow writer slows the program.
	Stderr io.Writer
}

func (o Options) startTimeout() time.Duration   { return cmp.Or(o.StartTimeout, 30*time.Second) }
func (o Options) silenceTimeout() time.Duration { return cmp.Or(o.SilenceTimeout, 15*time.Second) }

// memoryLimit is what a process may use that is to get along with so much: it is more by what goes beyond the heap (the
// program, stacks, buffers of the kernel's) and by what the heap may need until the collector has made room, or for one large
// record.
func memoryLimit(share int64) int64 { return (share + share/4 + 32<<20) * MemoryFactor }

const (
	quitTime  = 1500 * time.Millisecond // for a process that was asked to end, before it is killed
	killTime  = 400 * time.Millisecond  // for a killed process to be gone
	closeTime = 100 * time.Millisecond  // for go-plugin to notice
)

// A Process is a job program running in a process of its own, which answers as a Worker. It is lost for good when it dies,
// when it gives no sign of life, when its task stands still, or when the context of a call ends; calls then return a
// *LostError or the context's error. Besides, they return a *TaskError as the program's Worker returned it, and other
// errors by their text.
//
// When a Process ends, the processes that it has started are killed, but for those that have left its process group. When
// this process dies, its workers die at once (elsewhere than on Linux: unless they are stopped or have not called Serve
// yet); what they have started may then live on.
//
// A Process needs a Stop, however it ended. Stop and Pid may be called at any time.
type Process struct {
	o      Options
	run    *runner
	plugin *plugin.Client
	client *client
	quit   sync.Once
	stop   sync.Once

	mu     sync.Mutex
	class  Class  // why the process was given up, if it was; guarded by mu
	reason string // likewise
}

var _ Worker = (*Process)(nil)

// Start starts a worker process and returns when it has called [Serve]. An error is a *ProgramError when another try would
// end the same way, a *LostError with Start set when it might not, or the context's. ctx does not bind the process later.
func Start(ctx context.Context, o Options) (*Process, error) {
	pinned := o.Program
	if pinned == nil {
		path, err := program(o.Path)
		if err != nil {
			return nil, err
		}
		pinned = &Program{name: o.Path, path: path, exec: path}
	}
	o.Path = pinned.name // for messages
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd := exec.Command(pinned.path, o.Args...)
	cmd.Path = pinned.exec
	p := &Process{o: o, run: newRunner(cmd, o.Stderr, o.SocketDir)}
	if o.MemoryBytes > 0 {
		p.run.limit, p.run.over = memoryLimit(o.MemoryBytes), p.full
	}
	p.plugin = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          plugin.PluginSet{pluginName: &grpcPlugin{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		RunnerFunc:       p.runner,
		SkipHostEnv:      true,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: o.SocketDir},
		StartTimeout:     o.startTimeout() + time.Minute, // the timer below comes first
		Logger:           hclog.NewNullLogger(),
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageBytes), grpc.MaxCallSendMsgSize(messageBytes)),
			grpc.WithInitialWindowSize(windowBytes), grpc.WithInitialConnWindowSize(windowBytes),
		},
	})

	up := make(chan error, 1)
	go func() { up <- p.connect() }()
	var warming sync.WaitGroup
	warming.Go(warm)
	defer warming.Wait()
	late := time.NewTimer(o.startTimeout())
	defer late.Stop()
	var err error
	select {
	case err = <-up:
	case <-ctx.Done():
		err = ctx.Err()
		p.GiveUp(Gone, "stopped")
	case <-late.C:
		err = context.DeadlineExceeded
		what := "it did not call mapreduce.Serve"
		if p.run.hello.Load() != 0 {
			what = "no handshake"
		}
		p.GiveUp(Gone, fmt.Sprintf("%s within %v", what, o.startTimeout()))
	}
	if err == nil {
		return p, nil
	}
	p.run.kill()
	p.end()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, p.startError(err)
}

// runner completes what go-plugin knows of the process to be started.
func (p *Process) runner(_ hclog.Logger, spec *exec.Cmd, dir string) (goplugin.Runner, error) {
	p.run.cmd.Env = append(environ(p.o), spec.Env...)
	p.run.dir = dir
	return p.run, nil
}

// connect returns when the process is up or go-plugin has given up. It may block as long as the process lives.
func (p *Process) connect() error {
	conn, err := p.plugin.Client()
	if err != nil {
		return err
	}
	c, err := conn.Dispense(pluginName)
	if err != nil {
		return err
	}
	p.client = c.(*client)
	return nil
}

// startError says why the process did not come up, after it was stopped.
func (p *Process) startError(err error) error {
	r, path := p.run, p.o.Path
	r.mu.Lock()
	started, launched := r.started, r.err
	r.mu.Unlock()
	switch {
	case launched != nil:
		return launchError(path, launched)
	case !started:
		return fmt.Errorf("starting %s: %w", path, err)
	}
	lost := &LostError{Start: true, Class: Gone, Stderr: r.prints.excerpt()}
	if class, reason := p.given(); reason != "" {
		lost.Class, lost.Reason = class, reason
	}
	if !r.gone(0) {
		lost.Reason = cmp.Or(lost.Reason, err.Error())
	}
	hello := r.hello.Load()
	switch {
	case lost.Reason != "":
	case hello != 0 && hello != protocolVersion:
		return versionError(path, hello)
	case hello != 0:
		lost.Reason = r.status + " in the handshake: " + err.Error()
	case r.dead || r.prints.fatal():
		lost.Reason = r.status
	default:
		return notServedError(path, r.status, lost.Stderr)
	}
	return lost
}

// Setup implements [Worker]. It must be the first call.
func (p *Process) Setup(ctx context.Context, s Setup) (Description, error) {
	var d Description
	err := p.call(ctx, p.o.startTimeout(), 0, nil, func(ctx context.Context, _ func(Progress)) (err error) {
		d, err = p.client.Setup(ctx, s)
		return err
	})
	return d, err
}

// Map implements [Worker]. progress, which may be nil, is called by the goroutine that called Map.
func (p *Process) Map(ctx context.Context, t MapTask, progress func(Progress)) (MapResult, error) {
	var r MapResult
	err := p.call(ctx, p.o.silenceTimeout(), p.o.StallTimeout, progress,
		func(ctx context.Context, progress func(Progress)) (err error) {
			r, err = p.client.Map(ctx, t, progress)
			return err
		})
	return r, p.place(err, t.Files)
}

// Reduce implements [Worker]. progress, which may be nil, is called by the goroutine that called Reduce.
func (p *Process) Reduce(ctx context.Context, t ReduceTask, progress func(Progress)) (ReduceResult, error) {
	var r ReduceResult
	err := p.call(ctx, p.o.silenceTimeout(), p.o.StallTimeout, progress,
		func(ctx context.Context, progress func(Progress)) (err error) {
			r, err = p.client.Reduce(ctx, t, progress)
			return err
		})
	return r, p.place(err, nil)
}

// call does one call and watches the process meanwhile.
func (p *Process) call(
	ctx context.Context, silence, stall time.Duration, progress func(Progress),
	rpc func(context.Context, func(Progress)) error,
) error {
	// ctx is obeyed here and not sent: a worker that noticed a deadline before this side did would seem to be lost.
	callCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	beats, done := make(chan Progress), make(chan error, 1)
	go func() {
		done <- rpc(callCtx, func(b Progress) {
			select {
			case beats <- b:
			case <-callCtx.Done():
			}
		})
	}()

	watch := newWatch(silence, stall)
	tick := time.NewTicker(watch.period)
	defer tick.Stop()
	for {
		select {
		case b := <-beats:
			watch.beat(b)
			if progress != nil {
				progress(b)
			}
			continue
		case now := <-tick.C:
			class, reason := watch.tick(now)
			if reason == "" {
				continue
			}
			if class == Hang {
				p.run.dump()
			}
			p.GiveUp(class, reason)
		case <-ctx.Done():
			p.GiveUp(Gone, "stopped")
		case <-p.run.exited:
		case err := <-done:
			return p.outcome(ctx, err)
		}
		cancel()
		return p.outcome(ctx, <-done)
	}
}

// outcome is what a call returns that ended with err.
func (p *Process) outcome(ctx context.Context, err error) error {
	t, ok := errors.AsType[*transportError](err)
	switch {
	case !ok:
		return err // nil, or the worker's own
	case ctx.Err() != nil:
		p.GiveUp(Gone, "stopped") // the worker may still be at it
		return ctx.Err()
	case status.Code(t.err) == codes.ResourceExhausted:
		return fmt.Errorf("a task or its result is larger than a message may be: %w", t.err)
	}
	if !p.run.gone(time.Second) { // a panic needs a moment to be printed
		p.GiveUp(Gone, "connection lost: "+status.Convert(t.err).Message())
		p.run.gone(killTime)
	}
	return p.lostError()
}

func (p *Process) lostError() error {
	e := &LostError{Stderr: p.run.prints.excerpt()}
	if e.Class, e.Reason = p.given(); e.Reason != "" {
		e.Stack = p.run.last.stack
		return e
	}
	e.Class, e.Reason = p.run.death(), p.run.status // given is set if it still runs
	if e.Class == Memory && p.o.MemoryBytes > 0 {
		e.Reason = fmt.Sprintf("it was refused more memory (%s); its share is %d MiB", e.Reason, p.o.MemoryBytes>>20)
	}
	return e
}

// full gives the process up because it uses so much memory.
func (p *Process) full(used int64) {
	p.GiveUp(Memory, fmt.Sprintf("it used %d MiB of memory; its share is %d MiB", used>>20, p.o.MemoryBytes>>20))
}

// place completes an error of a task with what the job's code was given.
func (p *Process) place(err error, files []File) error {
	lost, ok := errors.AsType[*LostError](err)
	if !ok {
		return err
	}
	switch last := p.run.last; {
	case last.at == atRecord && last.file >= 0 && last.file < int64(len(files)):
		lost.At = &Place{Path: files[last.file].Path, Line: last.line, Offset: last.offset}
	case last.at == atKey:
		lost.At = &Place{Key: last.key}
	}
	return err
}

// GiveUp kills the process, whose calls then fail with a *LostError of this class and reason. It may be called at any time;
// of several reasons the first counts, and none if the process has ended before.
func (p *Process) GiveUp(class Class, reason string) {
	p.give(class, reason)
	p.run.kill()
}

func (p *Process) give(class Class, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason == "" && !p.run.gone(0) {
		p.class, p.reason = class, reason
	}
}

func (p *Process) given() (Class, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.class, p.reason
}

// Pid is the number of the process, also after its end.
func (p *Process) Pid() int { return p.run.cmd.Process.Pid }

// CPU is what the process has used, with the children that it has waited for; 0 as long as it lives.
func (p *Process) CPU() time.Duration {
	if !p.run.gone(0) || p.run.cmd.ProcessState == nil {
		return 0
	}
	return p.run.cmd.ProcessState.UserTime() + p.run.cmd.ProcessState.SystemTime()
}

// Quit asks the process to end, once it has no more to do. Stop is called after it. Further calls do nothing.
func (p *Process) Quit() {
	p.give(Gone, "stopped")
	p.quit.Do(p.run.quit)
}

// Stop ends the process and all that it has started, and waits for that, but no longer than two seconds. It asks first,
// so that the program may finish its main function, and soon kills. Further calls do nothing.
func (p *Process) Stop() {
	p.Quit()
	p.end()
}

func (p *Process) end() {
	p.stop.Do(func() {
		if !p.run.gone(quitTime) {
			p.run.kill()
			p.run.gone(killTime)
		}
		// go-plugin's Kill waits for the process without bound. It has gone, else a goroutine is left behind.
		closed := make(chan struct{})
		go func() {
			p.plugin.Kill()
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(closeTime):
		}
	})
}
