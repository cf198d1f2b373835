package job

import "sync"

// A memo remembers what a function has returned. Arguments come from pings, so it remembers that of the first few thousand and
// no more; its users see to it that these are short. It is safe for concurrent use.
type memo[K comparable, V any] struct {
	mu sync.RWMutex
	of map[K]V // guarded by mu
}

const (
	maxRemembered = 4096
	maxArgument   = 256 // bytes
)

func (m *memo[K, V]) get(k K) (v V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok = m.of[k]
	return v, ok
}

// put remembers v, which like k borrows nothing from a record.
func (m *memo[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[K]V{}
	}
	if len(m.of) < maxRemembered {
		m.of[k] = v
	}
}
