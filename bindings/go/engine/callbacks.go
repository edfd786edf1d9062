//go:build cgo

package engine

// #include "bridge.h"
import "C"

import (
	"errors"
	"runtime/cgo"
	"unsafe"

	neovm "github.com/neovm/neovm/bindings/go"
)

// The run that a handle stands for.
func runOf(handle C.uintptr_t) *run { return cgo.Handle(handle).Value().(*run) }

//export neovmGoGet
func neovmGoGet(handle C.uintptr_t, key *C.uint8_t, length C.size_t, out *C.neovm_bytes) C.int32_t {
	r := runOf(handle)
	return r.callback("get", func() (bool, error) {
		value, found, err := r.storage.Get(view(key, length))
		if found && err == nil {
			*out = C.neovm_bytes{data: (*C.uint8_t)(r.lend(value)), length: C.size_t(len(value))}
		}
		return found, err
	})
}

//export neovmGoSeek
func neovmGoSeek(handle C.uintptr_t, prefix *C.uint8_t, prefixLength C.size_t, from *C.uint8_t, fromLength C.size_t, backward C.uint32_t, out *C.uintptr_t) C.int32_t {
	r := runOf(handle)
	return r.callback("seek", func() (bool, error) {
		var start []byte
		if from != nil {
			start = view(from, fromLength)
		}
		cursor, err := r.storage.Seek(view(prefix, prefixLength), start, backward != 0)
		if err != nil {
			return false, err
		}
		if cursor == nil {
			return false, errors.New("the storage returned no cursor")
		}
		r.cursors = append(r.cursors, cursor)
		*out = C.uintptr_t(len(r.cursors))
		return true, nil
	})
}

//export neovmGoNext
func neovmGoNext(handle, number C.uintptr_t, outKey, outValue *C.neovm_bytes) C.int32_t {
	r := runOf(handle)
	return r.callback("next", func() (bool, error) {
		cursor, err := r.cursor(number)
		if err != nil {
			return false, err
		}
		key, value, found, err := cursor.Next()
		if found && err == nil {
			data := r.lend(key, value)
			*outKey = C.neovm_bytes{data: (*C.uint8_t)(data), length: C.size_t(len(key))}
			data = unsafe.Add(data, len(key))
			*outValue = C.neovm_bytes{data: (*C.uint8_t)(data), length: C.size_t(len(value))}
		}
		return found, err
	})
}

//export neovmGoClose
func neovmGoClose(handle, number C.uintptr_t) {
	r := runOf(handle)
	// Even after the context was cancelled.
	defer func() {
		if caught := recover(); caught != nil {
			r.panic = caught
		}
	}()
	if cursor, err := r.cursor(number); err == nil {
		r.cursors[number-1] = nil
		cursor.Close()
	}
}

//export neovmGoPrefetch
func neovmGoPrefetch(handle C.uintptr_t, keys *C.neovm_bytes, count C.size_t) {
	r := runOf(handle)
	r.callback("prefetch", func() (bool, error) {
		list := make([][]byte, int(count))
		for i, key := range unsafe.Slice(keys, int(count)) {
			list[i] = view(key.data, key.length)
		}
		r.storage.(neovm.Prefetcher).Prefetch(list)
		return false, nil
	})
}

//export neovmGoCurrentBlock
func neovmGoCurrentBlock(handle C.uintptr_t, outHash *C.uint8_t, outIndex *C.uint32_t) C.int32_t {
	r := runOf(handle)
	return r.callback("current block", func() (bool, error) {
		hash, index, found, err := r.ledger.CurrentBlock()
		copy(view(outHash, 32), hash[:])
		*outIndex = C.uint32_t(index)
		return found, err
	})
}

//export neovmGoBlockHash
func neovmGoBlockHash(handle C.uintptr_t, index C.uint32_t, outHash *C.uint8_t) C.int32_t {
	r := runOf(handle)
	return r.callback("block hash", func() (bool, error) {
		hash, found, err := r.ledger.BlockHash(uint32(index))
		copy(view(outHash, 32), hash[:])
		return found, err
	})
}

//export neovmGoBlock
func neovmGoBlock(handle C.uintptr_t, hash *C.uint8_t, outHeader, outHashes *C.neovm_bytes) C.int32_t {
	r := runOf(handle)
	return r.callback("block", func() (bool, error) {
		header, transactions, found, err := r.ledger.Block(neovm.Hash256(view(hash, 32)))
		if found && err == nil {
			hashes := make([]byte, 0, 32*len(transactions))
			for _, transaction := range transactions {
				hashes = append(hashes, transaction[:]...)
			}
			data := r.lend(header, hashes)
			*outHeader = C.neovm_bytes{data: (*C.uint8_t)(data), length: C.size_t(len(header))}
			data = unsafe.Add(data, len(header))
			*outHashes = C.neovm_bytes{data: (*C.uint8_t)(data), length: C.size_t(len(hashes))}
		}
		return found, err
	})
}

//export neovmGoTransaction
func neovmGoTransaction(handle C.uintptr_t, hash *C.uint8_t, out *C.neovm_bytes, outIndex *C.uint32_t) C.int32_t {
	r := runOf(handle)
	return r.callback("transaction", func() (bool, error) {
		transaction, index, found, err := r.ledger.Transaction(neovm.Hash256(view(hash, 32)))
		if found && err == nil {
			*out = C.neovm_bytes{data: (*C.uint8_t)(r.lend(transaction)), length: C.size_t(len(transaction))}
			*outIndex = C.uint32_t(index)
		}
		return found, err
	})
}

//export neovmGoConflict
func neovmGoConflict(handle C.uintptr_t, hash, signer *C.uint8_t, outIndex *C.uint32_t) C.int32_t {
	r := runOf(handle)
	return r.callback("conflict", func() (bool, error) {
		var account *neovm.Hash160
		if signer != nil {
			account = (*neovm.Hash160)(view(signer, 20))
		}
		index, found, err := r.ledger.Conflict(neovm.Hash256(view(hash, 32)), account)
		*outIndex = C.uint32_t(index)
		return found, err
	})
}
