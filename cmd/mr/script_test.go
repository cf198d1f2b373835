package main // the scripts run the command itself

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the command and the job programs of the scripts, each under its name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mr":  main,
		"job": jobMain,
	})
}

var examples = flag.Bool("examples", false, "build and run all examples, and do what README.md says in a copy of the module")

// built are the examples that testdata/*.txt and README.md run, and that tests build without -examples.
var built = []string{"dims_only", "histogram_sums", "osdistribution", "simple_counter"}

// buildExamples builds the jobs of ../../examples, once, into the directory that the command is in. It is on the PATH, and is
// removed after the tests.
var buildExamples = sync.OnceValue(func() error {
	mr, err := exec.LookPath("mr")
	if err != nil {
		return err
	}
	args := []string{"build", "-ldflags=-w", "-o", filepath.Dir(mr) + string(filepath.Separator)}
	if *examples {
		args = append(args, "../../examples/...")
	} else {
		for _, name := range built {
			args = append(args, "../../examples/"+name)
		}
	}
	build := exec.Command("go", args...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the examples: %w\n%s", err, out)
	}
	return nil
})

// TestScripts runs testdata/*.txt, the specification of the command. The jobs of ../../examples are on the scripts' PATH.
func TestScripts(t *testing.T) {
	if err := buildExamples(); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	caches := strings.Fields(string(cache))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("GOCACHE", caches[0])
			e.Setenv("GOMODCACHE", caches[1])
			e.Setenv("GORACE", os.Getenv("GORACE"))
			b := &background{}
			e.Values["background"] = b
			e.Defer(func() {
				if b.cmd != nil && b.cmd.ProcessState == nil {
					_ = b.cmd.Process.Kill() // the script has failed before its end
				}
			})
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":    checkStatus,
			"begin":     begin,
			"interrupt": interrupt,
			"unread":    unread,
			"cut":       cut,
			"serve":     serve,
		},
	})
}

// checkStatus is the command "status N PROGRAM [ARGS...]": like exec, but the exit status must be N.
func checkStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM [ARGS...]")
	}
	expectStatus(ts, args[0], ts.Exec(args[1], args[2:]...))
}

func expectStatus(ts *testscript.TestScript, want string, err error) {
	got := "0"
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = strconv.Itoa(exit.ExitCode())
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %s, want %s", got, want)
	}
}

// background is what the command "begin PROGRAM [ARGS...]" started, and what the process prints to its standard error.
type background struct {
	cmd    *exec.Cmd
	stderr *bufio.Reader
}

// program is a command of the scripts, about to be started.
func program(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath(filepath.Join(strings.SplitN(ts.Getenv("PATH"), string(filepath.ListSeparator), 2)[0], args[0]))
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "TMPDIR", "GOCACHE", "GOMODCACHE", "GORACE"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd
}

// begin starts a program and returns when it has printed a line to standard error.
func begin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: begin PROGRAM [ARGS...]")
	}
	b := ts.Value("background").(*background)
	b.cmd = program(ts, args)
	pipe, err := b.cmd.StderrPipe()
	ts.Check(err)
	b.stderr = bufio.NewReader(pipe)
	ts.Check(b.cmd.Start())
	line, err := b.stderr.ReadString('\n')
	ts.Check(err)
	ts.Logf("%s", line)
}

// interrupt is the command "interrupt N MESSAGE": it interrupts what begin started, whose exit status must be N, and the last
// line that it prints to standard error MESSAGE.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: interrupt N MESSAGE")
	}
	b := ts.Value("background").(*background)
	ts.Check(b.cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(b.stderr)
	ts.Check(err)
	ts.Logf("%s", rest)
	expectStatus(ts, args[0], b.cmd.Wait())
	if !strings.HasSuffix("\n"+string(rest), "\n"+args[1]+"\n") {
		ts.Fatalf("the last line is not %s", args[1])
	}
}

// unread is the command "unread N PROGRAM [ARGS...]": it runs a program whose standard output nobody reads any more. The exit
// status must be N.
func unread(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unread N PROGRAM [ARGS...]")
	}
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	defer w.Close()
	cmd := program(ts, args[1:])
	cmd.Stdout = w
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	said, err := io.ReadAll(stderr)
	ts.Check(err)
	ts.Logf("%s", said)
	expectStatus(ts, args[0], cmd.Wait())
	if quiet := args[0] == "141"; strings.HasPrefix(string(said), "mr: ") == quiet {
		ts.Fatalf("it does not say what went wrong, or has nothing to say")
	}
}

// cut is the command "cut FILE N": it leaves the first N bytes of the file, without the last -N if N is negative.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE N")
	}
	name := ts.MkAbs(args[0])
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if n < 0 {
		info, err := os.Stat(name)
		ts.Check(err)
		n += info.Size()
	}
	ts.Check(os.Truncate(name, n))
}
