package revision

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// Options say where a Cache has its definitions from. The zero value of each field is its default.
type Options struct {
	// Dir is the directory of the files, which must exist. Without one there is the memory only.
	Dir string
	// Server is the base URL of the server that is asked, such as DefaultServer. Without one, none is asked.
	Server string
	// Hosts are those that the URLs of revisions may name and to which the server may redirect. Default: hg.mozilla.org.
	Hosts []string
	// Definitions say how to read the files. A file has the text that the server sent, so they may change.
	Definitions histogram.DefinitionOptions

	MaxFile   int64 // bytes of a file and of an answer; default 16 MiB
	MaxMemory int64 // bytes, roughly, of the definitions in memory; default 128 MiB, of a hundred files or two

	Timeout  time.Duration // of one request with its answer; default 30 s
	Attempts int           // requests before something is done about a server that fails; default 3
	Backoff  time.Duration // before the second request, twice as much before each next one; default 1 s

	Down    time.Duration // how long a server counts as down, and any other failure holds but the next; default 30 s
	Refused time.Duration // how long a revision counts as not found; default 1 h
}

// DefaultServer has the sources of Firefox.
const DefaultServer = "https://hg.mozilla.org"

var (
	// ErrNotFound says that the server has no such revision, or that the revision has no definitions that can be read. If the
	// server only fails to give them, and gives others, it comes with a *ServerError.
	ErrNotFound = errors.New("the server has none")
	// ErrOffline says that definitions are not in the directory, and that there is no server to ask.
	ErrOffline = errors.New("not in the directory of definitions")
)

// A Cache has the definitions of revisions. It may be used by several goroutines; processes may share the directory.
type Cache struct {
	o      Options
	root   *os.Root // of Dir, or nil
	client *client  // or nil

	mu      sync.Mutex // for what follows
	entries map[key]*entry
	recent  list.List // of the entries that are complete, last used first
	files   files     // that these have
	size    int64     // of entries and files
}

// key is an ID without its host.
type key struct{ repo, node string }

// An entry is what is known of a revision, or will be when done is closed.
type entry struct {
	key  key
	done chan struct{}

	file  *file
	err   error
	until time.Time     // for an error
	place *list.Element // among the recent ones

	abandoned bool // whoever looked was told to stop: it says nothing
}

// Open returns a cache. The caller closes it.
func Open(o Options) (*Cache, error) {
	setDefault(&o.MaxFile, 16<<20)
	setDefault(&o.MaxMemory, 128<<20)
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.Attempts, 3)
	setDefault(&o.Backoff, time.Second)
	setDefault(&o.Down, 30*time.Second)
	setDefault(&o.Refused, time.Hour)
	if o.Hosts == nil {
		o.Hosts = []string{"hg.mozilla.org"}
	}
	for _, host := range o.Hosts {
		if !isHost(host) {
			return nil, fmt.Errorf("host of revisions %q: it must look like hg.mozilla.org", host)
		}
	}
	c := &Cache{o: o, entries: map[key]*entry{}, files: files{}}
	var err error
	if o.Server != "" {
		if c.client, err = newClient(o); err != nil {
			return nil, err
		}
	}
	if o.Dir != "" {
		if c.root, err = os.OpenRoot(o.Dir); err != nil {
			return nil, fmt.Errorf("opening the directory of definitions: %w", err)
		}
	}
	return c, nil
}

func setDefault[T int | int64 | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// Close lets go of the directory and of connections. What Definitions returned stays usable.
func (c *Cache) Close() error {
	if c.client != nil {
		c.client.close()
	}
	if c.root == nil {
		return nil
	}
	return c.root.Close()
}

// Definitions returns the definitions of the revision that url names. What is in memory costs no allocation, and of several
// goroutines that ask for a revision, one looks for it. ctx ends waiting for the server, of which there is none without one.
//
// The error is a *URLError, or wraps ErrNotFound or ErrOffline: then it is about this revision, and says nothing about others.
// Any other is about all of them and may go away: the server does not answer, which is a *ServerError, or the disk is full.
func (c *Cache) Definitions(ctx context.Context, url string) (*histogram.Definitions, error) {
	id, err := ParseID(url)
	if err != nil {
		return nil, err
	}
	if !c.allows(id.Host) {
		return nil, badURL(url, fmt.Sprintf("its host is not one of %s", strings.Join(c.o.Hosts, ", ")))
	}
	for {
		e, mine := c.entry(key{id.Repo, id.Node})
		if mine {
			c.fill(ctx, e, id)
			return e.definitions()
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !e.abandoned {
			return e.definitions()
		}
	}
}

func (e *entry) definitions() (*histogram.Definitions, error) {
	if e.err != nil {
		return nil, e.err
	}
	return e.file.defs, nil
}

func (c *Cache) allows(host string) bool {
	return slices.ContainsFunc(c.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// entry returns the entry of a revision. It is the caller's to fill if it is new.
func (c *Cache) entry(k key) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e = c.entries[k]
	if e != nil && e.place != nil && e.err != nil && time.Now().After(e.until) {
		c.remove(e)
		e = nil
	}
	if e == nil {
		e = &entry{key: k, done: make(chan struct{})}
		c.entries[k] = e
		return e, true
	}
	if e.place != nil {
		c.recent.MoveToFront(e.place)
	}
	return e, false
}

func (c *Cache) remove(e *entry) {
	delete(c.entries, e.key)
	c.recent.Remove(e.place)
	c.size -= entrySize + c.files.leave(e.file)
}

// fill looks for the definitions and completes the entry.
func (c *Cache) fill(ctx context.Context, e *entry, id ID) {
	found, err := c.find(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(e.done)
	if err != nil {
		e.err = fmt.Errorf("definitions of %s: %w", id, err)
		if e.abandoned = ctx.Err() != nil; e.abandoned {
			delete(c.entries, e.key)
			return
		}
		e.until = time.Now().Add(c.o.Down)
		if _, failed := errors.AsType[*ServerError](err); !failed && errors.Is(err, ErrNotFound) {
			e.until = time.Now().Add(c.o.Refused)
		}
	} else {
		var more int64
		e.file, more = c.files.join(found)
		c.size += more
	}
	e.place = c.recent.PushFront(e)
	for c.size += entrySize; c.size > c.o.MaxMemory && c.recent.Len() > 1; {
		c.remove(c.recent.Back().Value.(*entry))
	}
}

const entrySize = 500 // bytes, about, without the file

// find looks for the definitions on disk, then on the server.
func (c *Cache) find(ctx context.Context, id ID) (*file, error) {
	text, err := c.read(id)
	if err == nil {
		var f *file
		if f, err = c.parse(text); err == nil {
			return f, nil
		}
		err = fmt.Errorf("%s:%w", filepath.Join(c.o.Dir, filepath.FromSlash(id.File())), err)
	}
	if c.client == nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrOffline
		}
		return nil, err
	}
	if text, err = c.client.fetch(ctx, id); err != nil {
		return nil, err
	}
	f, err := c.parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: its answer: %w", ErrNotFound, err)
	}
	c.client.setGood(id)
	if err := c.write(id, text); err != nil {
		return nil, fmt.Errorf("keeping them: %w", err)
	}
	return f, nil
}

// parse reads the text of a file, unless one with this text is in memory.
func (c *Cache) parse(text []byte) (*file, error) {
	sum := sha256.Sum256(text)
	c.mu.Lock()
	f := c.files[sum]
	c.mu.Unlock()
	if f != nil {
		return f, nil
	}
	defs, err := histogram.ParseDefinitions(text, c.o.Definitions)
	if err != nil {
		return nil, err
	}
	return &file{sum: sum, defs: defs, size: memoryPerByte * int64(len(text))}, nil
}
