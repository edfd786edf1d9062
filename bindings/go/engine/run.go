//go:build cgo

package engine

/*
#include <stdlib.h>
#include "bridge.h"
#cgo nocallback neovm_interrupt_new
#cgo nocallback neovm_interrupt_set
#cgo nocallback neovm_interrupt_free
#cgo nocallback neovm_receipt_free
#cgo noescape neovm_interrupt_new
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/cgo"
	"unsafe"

	neovm "github.com/neovm/neovm/bindings/go"
)

// What call-backs return when the host failed; the cause stays in Go.
const (
	hostFailed   = -1000
	hostPanicked = -1001
)

// run is a job under way: what the library reads and writes, and what call-backs need.
type run struct {
	job     C.neovm_job
	receipt C.neovm_receipt
	data    C.neovm_receipt_data
	message C.neovm_message
	pinner  runtime.Pinner

	ctx     context.Context
	storage neovm.Storage
	ledger  neovm.Ledger
	cursors []neovm.Cursor
	// Memory of C for what call-backs return.
	scratch *scratch
	// Why a call-back failed.
	failed error
	panic  any
}

// scratch is memory of C that is used again.
type scratch struct {
	data unsafe.Pointer
	size int
}

func newRun() *run {
	one := &run{scratch: &scratch{}}
	runtime.AddCleanup(one, func(scratch *scratch) { C.free(scratch.data) }, one.scratch)
	return one
}

func (r *run) do(ctx context.Context, engine *Engine, job *neovm.Job, storage neovm.Storage) (*neovm.Receipt, error) {
	if storage == nil || job == nil {
		return nil, &neovm.Error{Status: neovm.ErrArgument, Message: "there is no job or no storage"}
	}
	r.ctx, r.storage, r.failed, r.panic = ctx, storage, nil, nil
	r.ledger, _ = storage.(neovm.Ledger)
	_, prefetches := storage.(neovm.Prefetcher)
	defer r.release()
	if err := r.prepare(job); err != nil {
		return nil, err
	}
	stop, err := r.watch(ctx)
	if err != nil {
		return nil, err
	}
	handle := cgo.NewHandle(r)
	r.message.size, r.data.size = C.sizeof_neovm_message, C.sizeof_neovm_receipt_data
	status := C.neovm_go_run(C.neovm_engine(engine.handle.Load()), &r.job, C.uintptr_t(handle), number(prefetches),
		number(r.ledger != nil), &r.receipt, &r.data, &r.message)
	runtime.KeepAlive(engine)
	handle.Delete()
	stop()
	if r.panic != nil {
		C.neovm_receipt_free(r.receipt)
		panic(r.panic)
	}
	if err := failure(status, &r.message); err != nil {
		return nil, err
	}
	defer C.neovm_receipt_free(r.receipt)
	return r.result()
}

// result returns the receipt, or why there is none.
func (r *run) result() (*neovm.Receipt, error) {
	switch r.data.outcome {
	case C.NEOVM_OUTCOME_HALT, C.NEOVM_OUTCOME_FAULT:
		return readReceipt(&r.data), nil
	case C.NEOVM_OUTCOME_BUDGET:
		return nil, neovm.ErrBudget
	case C.NEOVM_OUTCOME_INTERRUPTED:
		return nil, context.Cause(r.ctx)
	}
	if r.failed != nil {
		return nil, r.failed
	}
	// A call-back returned what makes no sense, such as keys that are out of order.
	cause := &neovm.Error{Status: neovm.Status(r.data.callback_error), Message: text(r.data.fault)}
	return nil, &neovm.StorageError{Operation: "check", Err: cause}
}

// release forgets what belonged to a job.
func (r *run) release() {
	r.pinner.Unpin()
	r.ctx, r.storage, r.ledger = nil, nil, nil
	clear(r.cursors)
	r.cursors = r.cursors[:0]
	r.job, r.receipt = C.neovm_job{}, 0
}

// prepare writes the job as C has it. Its bytes are lent.
func (r *run) prepare(job *neovm.Job) error {
	lend := func(bytes []byte) C.neovm_bytes { return pinned(&r.pinner, bytes) }
	r.job = C.neovm_job{
		size:        C.sizeof_neovm_job,
		gas:         C.int64_t(job.Gas),
		trigger:     C.uint32_t(job.Trigger),
		container:   C.uint32_t(job.Container),
		transaction: lend(job.Transaction),
		block:       lend(job.Block),
		script:      lend(job.Script),
		budget:      C.uint64_t(job.Budget),
	}
	if job.Script != nil && len(job.Script) == 0 {
		// An empty script is one, too: it ends at once.
		r.job.script.data = &emptyScript
	}
	if job.Flags != nil {
		r.job.call_flags = C.NEOVM_CALL_FLAGS_GIVEN | C.uint32_t(*job.Flags)
	}
	if job.WantCalls {
		r.job.wanted |= C.NEOVM_WANT_CALLS
	}
	if job.WantFile {
		r.job.wanted |= C.NEOVM_WANT_FILE
	}
	if header := job.Header; header != nil && len(job.Block) == 0 {
		r.lendHeader(header)
	}
	given := 0
	for _, one := range []bool{job.Script != nil, job.Call != nil, job.Witness != nil} {
		given += int(number(one))
	}
	if given > 1 {
		return &neovm.Error{Status: neovm.ErrInput, Message: "the job: only one of script, call and witness can be given"}
	}
	if call := job.Call; call != nil {
		r.job.call_contract = lend(call.Contract[:])
		r.job.call_method = lend([]byte(call.Method))
		r.job.call_arguments = lend(call.Arguments)
	}
	if witness := job.Witness; witness != nil {
		if witness.Lenient {
			// The struct has no member for that, and JSON stands for the others.
			text, err := json.Marshal(job)
			r.job.json = lend(text)
			return err
		}
		r.job.witness_account = lend(witness.Account[:])
		r.job.invocation = lend(witness.Invocation)
		r.job.verification = lend(witness.Verification)
	}
	return nil
}

// emptyScript is where an empty script begins.
var emptyScript C.uint8_t

func (r *run) lendHeader(header *neovm.Header) {
	// Apart from the run, of which C must see nothing else.
	form := &C.neovm_block{
		size: C.sizeof_neovm_block, timestamp: C.uint64_t(header.Timestamp), nonce: C.uint64_t(header.Nonce),
		index: C.uint32_t(header.Index), primary: C.uint32_t(header.Primary),
	}
	copy(unsafe.Slice((*byte)(&form.previous_hash[0]), 32), header.PreviousHash[:])
	copy(unsafe.Slice((*byte)(&form.merkle_root[0]), 32), header.MerkleRoot[:])
	copy(unsafe.Slice((*byte)(&form.next_consensus[0]), 20), header.NextConsensus[:])
	r.pinner.Pin(form)
	r.job.block_fields = form
}

// watch stops the execution when the context is cancelled, until the function that it returns is called.
func (r *run) watch(ctx context.Context) (stop func(), err error) {
	if ctx.Done() == nil {
		return func() {}, nil
	}
	interrupt, err := newInterrupt()
	if err != nil {
		return nil, err
	}
	r.job.interrupt = interrupt
	cancel := context.AfterFunc(ctx, func() { C.neovm_interrupt_set(interrupt, 1) })
	return func() {
		// One that is being set while it is released is an error, and nothing worse.
		cancel()
		C.neovm_interrupt_free(interrupt)
	}, nil
}

func newInterrupt() (C.neovm_interrupt, error) {
	var interrupt C.neovm_interrupt
	return interrupt, failure(C.neovm_interrupt_new(&interrupt), nil)
}

// number returns a truth value as C has it.
func number(truth bool) C.int {
	if truth {
		return 1
	}
	return 0
}

// lend copies bytes to memory of C, where the library reads them before it calls back again.
func (r *run) lend(parts ...[]byte) unsafe.Pointer {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if size > r.scratch.size {
		C.free(r.scratch.data)
		r.scratch.size = max(2*size, 4096)
		r.scratch.data = C.malloc(C.size_t(r.scratch.size))
	}
	memory := unsafe.Slice((*byte)(r.scratch.data), r.scratch.size)
	for _, part := range parts {
		memory = memory[copy(memory, part):]
	}
	return r.scratch.data
}

// callback runs what a call-back does. found says whether there is a value.
func (r *run) callback(operation string, body func() (found bool, err error)) (status C.int32_t) {
	defer func() {
		if caught := recover(); caught != nil {
			r.panic = caught
			status = hostPanicked
		}
	}()
	err := context.Cause(r.ctx)
	if err == nil {
		var found bool
		if found, err = body(); err == nil {
			return C.int32_t(number(found))
		}
		err = &neovm.StorageError{Operation: operation, Err: err}
	}
	r.failed = err
	return hostFailed
}

var errRepeated = errors.New("Close was called for a cursor that is not open")

func (r *run) cursor(number C.uintptr_t) (neovm.Cursor, error) {
	at := int(number) - 1
	if at < 0 || at >= len(r.cursors) || r.cursors[at] == nil {
		return nil, fmt.Errorf("cursor %d: %w", at, errRepeated)
	}
	return r.cursors[at], nil
}
