package recorded

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	neovm "github.com/neovm/neovm/bindings/go"
)

type leaf struct{ nibbles, value []byte }

// StateRoot returns the state root, which leaves out what LedgerContract stores.
func StateRoot(storage *neovm.MemoryStorage) (root neovm.Hash256) {
	var leaves []leaf
	for key, value := range storage.All {
		if bytes.HasPrefix(key, []byte{0xfc, 0xff, 0xff, 0xff}) {
			continue
		}
		var nibbles []byte
		for _, one := range key {
			nibbles = append(nibbles, one>>4, one&15)
		}
		leaves = append(leaves, leaf{nibbles, value})
	}
	if len(leaves) > 0 {
		root = node(leaves, 0)
	}
	return root
}

// node returns the hash of the node that holds leaves whose keys are equal up to a depth.
func node(leaves []leaf, depth int) [32]byte {
	first, last := leaves[0].nibbles[depth:], leaves[len(leaves)-1].nibbles[depth:]
	common := 0
	for common < min(len(first), len(last)) && first[common] == last[common] {
		common++
	}
	if common > 0 {
		next := node(leaves, depth+common)
		return hash([]byte{1}, length(common), first[:common], []byte{3}, next[:])
	}
	if len(leaves) == 1 {
		return leafHash(leaves[0].value)
	}
	parts := [][]byte{{0}}
	rest := leaves
	if len(first) == 0 {
		rest = leaves[1:]
	}
	for nibble := byte(0); nibble < 16; nibble++ {
		count := 0
		for count < len(rest) && rest[count].nibbles[depth] == nibble {
			count++
		}
		if count > 0 {
			child := node(rest[:count], depth+1)
			parts = append(parts, []byte{3}, child[:])
		} else {
			parts = append(parts, []byte{4})
		}
		rest = rest[count:]
	}
	if len(first) == 0 {
		own := leafHash(leaves[0].value)
		parts = append(parts, []byte{3}, own[:])
	} else {
		parts = append(parts, []byte{4})
	}
	return hash(parts...)
}

func leafHash(value []byte) [32]byte { return hash([]byte{2}, length(len(value)), value) }

func hash(parts ...[]byte) [32]byte {
	once := sha256.Sum256(bytes.Join(parts, nil))
	return sha256.Sum256(once[:])
}

func length(length int) []byte {
	switch {
	case length < 0xfd:
		return []byte{byte(length)}
	case length <= 0xffff:
		return binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(length))
	}
	return binary.LittleEndian.AppendUint32([]byte{0xfe}, uint32(length))
}
