package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// Fixture returns the path of a file or folder of the test data that is kept outside the repository: below the folder that
// MR_FIXTURES names, else ../shared/fixtures beside the repository. Name has slashes. A test whose data are not there is
// skipped.
func Fixture(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("MR_FIXTURES")
	if root == "" {
		root = filepath.Join(repository(t), "..", "shared", "fixtures")
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s: MR_FIXTURES names the folder of fixtures (%v)", name, err)
	}
	return path
}

// ReadFixture returns what is in a file of the test data.
func ReadFixture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(Fixture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// repository is the folder above the test's that has go.mod.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("there is no go.mod above the test")
		}
		dir = parent
	}
}
