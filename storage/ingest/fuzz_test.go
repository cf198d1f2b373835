package ingest_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/ingest"
)

const aBatch = "0123456789abcdef"

// hostileState is a store with a list of consumed raw logs, a commit and a file of ids as they are given. In the commit, OUT is the
// directory beside it, which has a file and must keep it.
type hostileState struct{ place }

func newHostileState(t testing.TB) hostileState {
	s := hostileState{newPlace(t, t.TempDir())}
	s.write(t, "out/precious/file", "kept")
	return s
}

func (s hostileState) write(t testing.TB, name, text string) {
	t.Helper()
	name = filepath.Join(s.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
}

// ingest runs, and fails the test if anything beside the store has changed.
func (s hostileState) ingest(t testing.TB, consumed, commit, ids string) error {
	t.Helper()
	out := filepath.Join(s.dir, "out")
	s.write(t, "store/.ingest/consumed", consumed)
	s.write(t, "store/.ingest/commit/"+aBatch+".json", strings.ReplaceAll(commit, "OUT", filepath.ToSlash(out)))
	s.write(t, "store/.ingest/ids/"+aBatch, ids)
	s.write(t, "store/.ingest/stage/"+aBatch+"/f", "a\t{}\n")
	before := contents(t, out)
	tree, err := storage.Open(s.store)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	_, err = ingest.Run(t.Context(), ingest.Config{Raw: s.raw, Store: tree, After: ingest.Keep, Dedup: 1})
	if after := contents(t, out); !reflect.DeepEqual(after, before) {
		t.Fatalf("%s makes %v of %v", commit, after, before)
	}
	return err
}

// TestHostileCommit: a commit that a store came with moves and removes nothing that is not of a batch.
func TestHostileCommit(t *testing.T) {
	s := newHostileState(t)
	for _, commit := range []string{
		`{"batch":"../../out"}`,
		`{"batch":"` + aBatch + `0"}`,
		`{"batch":"0123456789abcdee"}`, // of another name
		`{"batch":"` + aBatch + `","files":[{"from":".ingest/consumed","to":"main/Firefox/nightly/28.0/1.2.v2.log"}]}`,
		`{"batch":"` + aBatch + `","files":[{"from":".ingest/stage/` + aBatch + `/../../consumed","to":"main/Firefox/nightly/28.0/1.2.v2.log"}]}`,
		`{"batch":"` + aBatch + `","files":[{"from":".ingest/stage/` + aBatch + `/f","to":"schema.json"}]}`,
		`{"batch":"` + aBatch + `","files":[{"from":".ingest/stage/` + aBatch + `/f","to":".ingest/lock"}]}`,
		`{"batch":"` + aBatch + `","rejects":"OUT","refused":[{"from":"../../precious/file","to":"a/b"}]}`,
		`{"batch":"` + aBatch + `","rejects":"OUT","refused":[{"from":"x","to":"../out/precious/file"}]}`,
		`{"batch":"../precious","rejects":"OUT","refused":[{"from":"x","to":"precious/file"}]}`,
	} {
		if err := s.ingest(t, "", commit, ""); err == nil || !strings.Contains(err.Error(), aBatch+".json: ") {
			t.Errorf("%s: %v", commit, err)
		}
	}
}

// FuzzState ingests into a store whose state is anything: that works or is an error, and changes nothing else.
func FuzzState(f *testing.F) {
	f.Add(`{"name":"log.v2.h.1.1.finished","bytes":10}`+"\n", `{"batch":"`+aBatch+`","segments":[{"name":"a","bytes":1}],"files":[{"from":".ingest/stage/`+aBatch+`/f","to":"main/Firefox/nightly/28.0/1.2.v2.log"}]}`, "\x00\x00\x00\x00")
	f.Add("{", `{"batch":"`+aBatch+`","rejects":"OUT","refused":[{"from":"a","to":"b/c"}]}`, "x")
	f.Add("", `{"batch":"../../out"}`, "")
	s := newHostileState(f)
	f.Fuzz(func(t *testing.T, consumed, commit, ids string) {
		var named struct{ Rejects string }
		if _ = json.Unmarshal([]byte(commit), &named); named.Rejects != "" && named.Rejects != "OUT" {
			t.Skip("it may name any directory of this machine")
		}
		_ = s.ingest(t, consumed, commit, ids) // or an error, which is all the same
	})
}
