//go:build cgo

// Package engine runs jobs and scripts by the library libneovm, through cgo.
//
// The library is found by pkg-config. The script capi/package.sh of the repository makes it:
//
//	capi/package.sh DIR
//	export PKG_CONFIG_PATH=DIR/lib/pkgconfig LD_LIBRARY_PATH=DIR/lib
//
// "Package neovm was not found in the pkg-config search path" says that PKG_CONFIG_PATH is not
// set. Without cgo, New fails; the package sidecar does the same without it.
//
// There are two levels: [Engine.Run] runs a job with all system calls and native contracts over
// the host's storage, and a [Machine] runs scripts and leaves system calls to the host.
package engine

/*
#cgo pkg-config: neovm
#cgo nocallback neovm_engine_new
#cgo nocallback neovm_engine_free
#cgo nocallback neovm_abi_version
#cgo noescape neovm_engine_new
#include "bridge.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
	"unsafe"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Compile says when scripts are compiled to machine code.
type Compile uint32

const (
	// CompileBackground compiles hot code on a thread of the engine.
	CompileBackground Compile = C.NEOVM_COMPILE_BACKGROUND
	// CompileNever uses the interpreter alone.
	CompileNever Compile = C.NEOVM_COMPILE_NEVER
	// CompileForeground compiles hot code on the thread that runs it.
	CompileForeground Compile = C.NEOVM_COMPILE_FOREGROUND
	// CompileEager compiles all code before it runs; for tests.
	CompileEager Compile = C.NEOVM_COMPILE_EAGER
)

// Options is what an engine is made with. The zero value has the defaults.
type Options struct {
	// Network is mainnet (the default), testnet, private, or the settings of a network as JSON, see
	// docs/embedding.md.
	Network string
	// CacheBytes is how many bytes decoded scripts may take; 64 MiB by default.
	CacheBytes uint64
	// MachineCodeBytes is how many bytes machine code may take.
	MachineCodeBytes uint64
	// Compile says when scripts are compiled.
	Compile Compile
}

// Engine runs jobs of a network. Any number of goroutines use it at once.
type Engine struct {
	// 0 when it is closed.
	handle  atomic.Uint64
	cleanup runtime.Cleanup
	// Runs that can be used again.
	idle chan *run
}

// The interface of both ways to run jobs.
var _ neovm.Runner = (*Engine)(nil)

// How many runs are kept for the next jobs.
const maxIdle = 16

// Version returns the version of the library, such as 0.1.0.
func Version() string { return C.GoString(C.neovm_version()) }

// ABIVersion returns the version of the interface of the library.
func ABIVersion() uint32 { return uint32(C.neovm_abi_version()) }

// New makes an engine. Close releases it.
func New(options Options) (*Engine, error) {
	if ABIVersion() < C.NEOVM_ABI_VERSION {
		return nil, &neovm.Error{Status: neovm.ErrSize, Message: "the library is older than its header"}
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	form := C.neovm_engine_options{
		size:               C.sizeof_neovm_engine_options,
		network:            pinned(&pinner, []byte(options.Network)),
		cache_bytes:        C.uint64_t(options.CacheBytes),
		machine_code_bytes: C.uint64_t(options.MachineCodeBytes),
		compile:            C.uint32_t(options.Compile),
	}
	message := newMessage()
	var handle C.neovm_engine
	if err := failure(C.neovm_engine_new(&form, &handle, &message), &message); err != nil {
		return nil, err
	}
	engine := &Engine{idle: make(chan *run, maxIdle)}
	engine.handle.Store(uint64(handle))
	release := func(handle C.neovm_engine) { C.neovm_engine_free(handle) }
	engine.cleanup = runtime.AddCleanup(engine, release, handle)
	return engine, nil
}

// Close releases the engine. Executions that use it go on.
func (e *Engine) Close() error {
	handle := e.handle.Swap(0)
	if handle == 0 {
		return nil
	}
	e.cleanup.Stop()
	return failure(C.neovm_engine_free(C.neovm_engine(handle)), nil)
}

// Run runs a job over a storage, see [neovm.Runner].
//
// A panic of the storage is one of Run. The engine does not change, and may be used on.
func (e *Engine) Run(ctx context.Context, job *neovm.Job, storage neovm.Storage) (*neovm.Receipt, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	var one *run
	select {
	case one = <-e.idle:
	default:
		one = newRun()
	}
	receipt, err := one.do(ctx, e, job, storage)
	select {
	case e.idle <- one:
	default:
	}
	return receipt, err
}

func newMessage() C.neovm_message { return C.neovm_message{size: C.sizeof_neovm_message} }

// failure returns the error of a status, with the words of a message if there is one.
func failure(status C.int32_t, message *C.neovm_message) error {
	if status == C.NEOVM_OK {
		return nil
	}
	err := &neovm.Error{Status: neovm.Status(status)}
	if message != nil {
		err.Message = C.GoStringN(&message.text[0], C.int(message.length))
	}
	return err
}

// pinned lends bytes to C until the pinner lets go of them.
func pinned(pinner *runtime.Pinner, bytes []byte) C.neovm_bytes {
	if len(bytes) == 0 {
		return C.neovm_bytes{}
	}
	pinner.Pin(&bytes[0])
	return C.neovm_bytes{data: (*C.uint8_t)(&bytes[0]), length: C.size_t(len(bytes))}
}

// view returns bytes of C without copying them.
func view(data *C.uint8_t, length C.size_t) []byte {
	return unsafe.Slice((*byte)(data), int(length))
}

// copied returns a copy of bytes of C, which is never nil.
func copied(bytes C.neovm_bytes) []byte {
	return append(make([]byte, 0, int(bytes.length)), view(bytes.data, bytes.length)...)
}

// text returns a text of C.
func text(bytes C.neovm_bytes) string { return string(view(bytes.data, bytes.length)) }
