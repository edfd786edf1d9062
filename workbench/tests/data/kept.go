package kept

import "github.com/nspcc-dev/neo-go/pkg/interop/storage"

var prefix = 7

func _deploy(data any, isUpdate bool) { prefix = prefix + 1 }

func Classify(n int) int {
	total := 0
	for i := 0; i < n; i++ {
		if i%3 == 0 {
			total += i
		} else {
			total--
		}
	}
	return total
}

func Keep(key []byte, value int) bool {
	if value < 0 {
		return false
	}
	storage.Put(storage.GetContext(), key, value)
	return true
}
