package receive_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

var (
	kills = flag.Int("kills", 3, "how often TestKill kills a receiver")
	cuts  = flag.Int("cuts", 0, "how often TestPowerCut cuts the power")
)

// A process is a receiver that may be killed.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func start(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RECEIVE_INTO="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the receiver says nothing: %v", err)
	}
	return &process{cmd, strings.TrimSpace(line)}
}

// A load posts different submissions over several connections, and knows which were answered 200.
type load struct {
	t     *testing.T
	mu    sync.Mutex // guards what follows
	acked map[string]bool
	next  int
}

// run goes on until the receiver is gone, or full is closed and the disk is full.
func (l *load) run(addr string, clients int) *sync.WaitGroup {
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				return
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for {
				l.mu.Lock()
				l.next++
				id := fmt.Sprintf("id-%d", l.next)
				l.mu.Unlock()
				if _, err := io.WriteString(c, request("POST", prefix+id, "", body(id))); err != nil {
					return
				}
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != 200 {
					return
				}
				l.mu.Lock()
				l.acked[id] = true
				l.mu.Unlock()
			}
		})
	}
	return &group
}

// body is what is sent under a name: no two are alike, nor alike in length.
func body(id string) string {
	return `{"` + id + `":"` + strings.Repeat(id, len(id)*17%91) + `"}`
}

// check looks for everything that was answered 200 in the finished segments.
func (l *load) check(dir string) {
	l.t.Helper()
	found := map[string]bool{}
	for _, r := range stored(l.t, dir) { // damage fails the test
		id := string(r.Path)
		if string(r.Data) != body(id) {
			l.t.Errorf("%s has the data %.60q", id, r.Data)
		}
		if found[id] {
			l.t.Errorf("%s is there twice", id)
		}
		found[id] = true
	}
	lost := 0
	for id := range l.acked {
		if !found[id] {
			lost++
		}
	}
	if lost > 0 || len(l.acked) == 0 {
		l.t.Errorf("%d submissions answered, %d of them lost", len(l.acked), lost)
	}
	l.t.Logf("%d submissions answered, %d kept", len(l.acked), len(found))
}

// Whenever a receiver is killed, what it answered 200 is there when the next has started, and no part of a record is.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	l := &load{t: t, acked: map[string]bool{}}
	for range *kills {
		p := start(t, dir)
		group := l.run(p.addr, 16)
		<-time.After(time.Duration(rand.IntN(100)) * time.Millisecond)
		_ = p.cmd.Process.Kill() // it is running
		_ = p.cmd.Wait()         // and ends by the kill
		group.Wait()
	}
	p := start(t, dir)
	group := l.run(p.addr, 16)
	<-time.After(50 * time.Millisecond)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	group.Wait()
	l.check(dir)
	if left, err := filepath.Glob(filepath.Join(dir, "telemetry.log.*[0-9]")); err != nil || len(left) > 0 {
		t.Errorf("unfinished: %v, %v", left, err)
	}
}

// mount makes a file system for the test. Whoever may not is told so.
func mount(t *testing.T, args ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount file systems")
	}
	if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
		t.Skipf("mount %v: %v: %s", args, err, out)
	}
}

// Whenever the power fails, what was answered 200 is there when it is back.
func TestPowerCut(t *testing.T) {
	if *cuts == 0 {
		t.Skip("-cuts N cuts the power N times")
	}
	work := t.TempDir()
	image, dir := filepath.Join(work, "image"), filepath.Join(work, "disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 256<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", image).CombinedOutput(); err != nil {
		t.Skipf("mkfs.ext4: %v: %s", err, out)
	}
	l := &load{t: t, acked: map[string]bool{}}
	mounted := func() {
		t.Helper()
		mount(t, "-o", "loop", image, dir)
	}
	unmount := func() {
		t.Helper()
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Fatalf("umount: %v: %s", err, out)
		}
	}
	for range *cuts {
		mounted()
		p := start(t, dir)
		group := l.run(p.addr, 16)
		<-time.After(50*time.Millisecond + time.Duration(rand.IntN(200))*time.Millisecond)
		// The processor stops with the disk. A receiver that went on would now and then be told by fdatasync that all is well:
		// stopping ext4 is not atomic.
		_ = p.cmd.Process.Kill() // it is running
		cutPower(t, dir)
		_ = p.cmd.Wait() // it ends by the kill
		group.Wait()
		unmount()
	}
	mounted()
	defer unmount()
	p := start(t, dir)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	l.check(dir)
}

// cutPower makes an ext4 file system stop at once: nothing that is not on the disk will be (EXT4_IOC_SHUTDOWN without a flush
// of its journal).
func cutPower(t *testing.T, dir string) {
	t.Helper()
	const shutdown, withoutFlush = 0x8004587d, 2
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	flags := uint32(withoutFlush)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, d.Fd(), shutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		t.Fatalf("EXT4_IOC_SHUTDOWN: %v", errno)
	}
	runtime.KeepAlive(&flags)
}

// A full disk is answered 507, and is forgotten when there is space again.
func TestFullDisk(t *testing.T) {
	c := config(t)
	mount(t, "-t", "tmpfs", "-o", "size=256k", "tmpfs", c.LogPath)
	defer func() {
		if out, err := exec.Command("umount", c.LogPath).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	}()
	s := serve(t, c, nil)
	defer s.stop() // before the disk is gone
	var kept [][]byte
	data := bytes.Repeat([]byte("x"), 10_000)
	post := func(n int) int {
		code := s.post(fmt.Sprintf("%s%d", prefix, n), string(data[:10_000-n]))
		if code == 200 {
			kept = append(kept, data[:10_000-n])
		}
		return code
	}
	n := 0
	for ; n < 100; n++ {
		if code := post(n); code != 200 {
			if code != 507 {
				t.Errorf("full: status %d", code)
			}
			break
		}
	}
	if code := post(n); code != 507 {
		t.Errorf("still full: status %d", code)
	}
	if out, err := exec.Command("mount", "-o", "remount,size=1m", c.LogPath).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	for range 5 {
		n++
		if code := post(n); code != 200 {
			t.Errorf("space again: status %d", code)
		}
	}
	s.stop()
	all := stored(t, c.LogPath)
	if len(all) != len(kept) || len(all) < 10 {
		t.Fatalf("kept %d, answered %d", len(all), len(kept))
	}
	for i := range all {
		if !bytes.Equal(all[i].Data, kept[i]) {
			t.Errorf("record %d has %d bytes", i, len(all[i].Data))
		}
	}
}
