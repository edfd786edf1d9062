package neovm

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// MemoryStorage is a storage in memory, for tests and small states. The zero value is empty. Any
// number of executions may read it at once, but not while it is written.
type MemoryStorage struct {
	values map[string][]byte
	// The keys in their order.
	keys []string
}

// NewMemoryStorage returns an empty storage.
func NewMemoryStorage() *MemoryStorage { return &MemoryStorage{} }

// Len returns the number of entries.
func (m *MemoryStorage) Len() int { return len(m.keys) }

// Put sets the value of a key.
func (m *MemoryStorage) Put(key, value []byte) {
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	at, known := slices.BinarySearch(m.keys, string(key))
	if !known {
		m.keys = slices.Insert(m.keys, at, string(key))
	}
	m.values[string(key)] = append([]byte{}, value...)
}

// Delete removes an entry, if there is one.
func (m *MemoryStorage) Delete(key []byte) {
	if at, known := slices.BinarySearch(m.keys, string(key)); known {
		m.keys = slices.Delete(m.keys, at, at+1)
		delete(m.values, string(key))
	}
}

// Apply writes the changes of a receipt.
func (m *MemoryStorage) Apply(changes []Change) {
	for _, change := range changes {
		if change.Value == nil {
			m.Delete(change.Key)
		} else {
			m.Put(change.Key, change.Value)
		}
	}
}

// Clone returns a copy that can be written on its own.
func (m *MemoryStorage) Clone() *MemoryStorage {
	return &MemoryStorage{values: maps.Clone(m.values), keys: slices.Clone(m.keys)}
}

// All calls a function for each entry, in the order of the keys, until it returns false. It can be
// used with range.
func (m *MemoryStorage) All(yield func(key, value []byte) bool) {
	for _, key := range m.keys {
		if !yield([]byte(key), m.values[key]) {
			return
		}
	}
}

// Get returns the value of a key.
func (m *MemoryStorage) Get(key []byte) ([]byte, bool, error) {
	value, found := m.values[string(key)]
	return value, found, nil
}

// Seek begins to read entries.
func (m *MemoryStorage) Seek(prefix, from []byte, backward bool) (Cursor, error) {
	first := sort.SearchStrings(m.keys, string(prefix))
	count := sort.Search(len(m.keys)-first, func(i int) bool {
		return !strings.HasPrefix(m.keys[first+i], string(prefix))
	})
	keys := m.keys[first : first+count]
	if from != nil {
		at := sort.SearchStrings(keys, string(from))
		switch {
		case !backward:
			keys = keys[at:]
		case at < len(keys) && keys[at] == string(from):
			keys = keys[:at+1]
		default:
			keys = keys[:at]
		}
	}
	return &memoryCursor{storage: m, keys: keys, backward: backward}, nil
}

type memoryCursor struct {
	storage  *MemoryStorage
	keys     []string
	backward bool
}

func (c *memoryCursor) Next() (key, value []byte, found bool, err error) {
	if len(c.keys) == 0 {
		return nil, nil, false, nil
	}
	next := c.keys[0]
	if c.backward {
		next = c.keys[len(c.keys)-1]
		c.keys = c.keys[:len(c.keys)-1]
	} else {
		c.keys = c.keys[1:]
	}
	return []byte(next), c.storage.values[next], true, nil
}

func (c *memoryCursor) Close() {}
