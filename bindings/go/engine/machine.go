//go:build cgo

package engine

/*
#include <stdlib.h>
#include "bridge.h"
#cgo nocallback neovm_go_machine
#cgo nocallback neovm_machine_free
#cgo nocallback neovm_machine_reset
#cgo nocallback neovm_machine_load
#cgo nocallback neovm_machine_call
#cgo nocallback neovm_machine_set_budget
#cgo nocallback neovm_machine_view
#cgo nocallback neovm_machine_results
#cgo nocallback neovm_machine_set_fault
#cgo nocallback neovm_machine_set_exception
#cgo noescape neovm_machine_view
#cgo noescape neovm_machine_load
#cgo noescape neovm_machine_results
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"runtime/cgo"
	"unsafe"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Host is what a machine asks of its host. Its functions are called on the goroutine that runs the
// machine, while it runs. They may use the machine, but not run, step, reset or close it.
//
// What they return decides how it goes on: nil goes on; a [Fault], or an error that is
// [neovm.ErrFault], ends the execution with a fault; an [Exception] is thrown, and the script can
// catch it. Any other error, and a panic, is a failure of the host: [Machine.Run] returns it
// within a [HostError].
type Host struct {
	// SystemCall runs a system call. Without it, system calls are faults.
	SystemCall func(machine *Machine, id uint32) error
	// CallToken runs CALLT: calls what a method token stands for. Without it, CALLT is a fault.
	CallToken func(machine *Machine, token uint16) error
	// Unloaded is called after a script was unloaded, with the number that Load gave. threw says that
	// an exception passed through it; nothing can be loaded then. Optional.
	Unloaded func(machine *Machine, load uint64, threw bool) error
}

// Fault ends an execution. The text is for people.
type Fault string

// Error returns the text.
func (f Fault) Error() string { return string(f) }

// Exception is thrown: the script can catch the value.
type Exception struct {
	// Value is what is thrown.
	Value Value
}

// Error says that something was thrown.
func (e *Exception) Error() string { return "neovm: an exception for the script" }

// HostError says that a function of the host failed, which says nothing of the script. The machine
// must be reset then.
type HostError struct {
	// Err is what the function returned.
	Err error
}

// Error returns what the function returned.
func (e *HostError) Error() string { return "neovm: the host failed: " + e.Err.Error() }

// Unwrap returns what the function returned.
func (e *HostError) Unwrap() error { return e.Err }

// MachineOptions is what a machine is made with. The zero value has the defaults.
type MachineOptions struct {
	// Gas is the gas limit, in datoshi; 0 for the greatest one.
	Gas int64
	// FeeFactor is what a price unit costs, in picoGAS; 300,000 by default.
	FeeFactor uint64
	// Budget is the number of instructions after which Run returns [neovm.ErrBudget]; 0 for no limit.
	Budget uint64
	// Hardfork is the name of the hardfork whose rules are followed, such as Gorgon; by default the
	// last one that is active on MainNet.
	Hardfork string
}

// Machine runs scripts and leaves system calls to its host.
//
// It belongs to the thread that made it: [Engine.NewMachine] locks the goroutine to its thread,
// and Close lets go of it. Only that goroutine may use the machine, and it must call Close. If it
// ends without, its thread ends, too, and takes the machine with it.
type Machine struct {
	handle    C.neovm_machine
	interrupt C.neovm_interrupt
	options   MachineOptions
	host      Host
	self      cgo.Handle
	engine    *Engine

	// Memory of C for values on their way.
	values []C.neovm_value
	pinner runtime.Pinner
	failed error
	panic  any
}

// NewMachine makes a machine on the calling goroutine, which is locked to its thread until Close.
func (e *Engine) NewMachine(options MachineOptions, host Host) (*Machine, error) {
	runtime.LockOSThread()
	machine := &Machine{options: options, host: host, engine: e}
	memory := C.calloc(inline, C.sizeof_neovm_value)
	machine.values = unsafe.Slice((*C.neovm_value)(memory), inline)
	interrupt, err := newInterrupt()
	if err == nil {
		machine.interrupt = interrupt
		machine.self = cgo.NewHandle(machine)
		err = machine.open()
	}
	if err != nil {
		machine.release()
		return nil, err
	}
	return machine, nil
}

func (m *Machine) open() error {
	defer m.pinner.Unpin()
	options, message := m.form(), newMessage()
	has := func(given bool) C.int { return number(given) }
	status := C.neovm_go_machine(C.neovm_engine(m.engine.handle.Load()), &options, C.uintptr_t(m.self),
		has(m.host.SystemCall != nil), has(m.host.CallToken != nil), has(m.host.Unloaded != nil), &m.handle, &message)
	return failure(status, &message)
}

func (m *Machine) form() C.neovm_machine_options {
	return C.neovm_machine_options{
		size: C.sizeof_neovm_machine_options, gas: C.int64_t(m.options.Gas),
		fee_factor: C.uint64_t(m.options.FeeFactor), budget: C.uint64_t(m.options.Budget),
		interrupt: m.interrupt, hardfork: pinned(&m.pinner, []byte(m.options.Hardfork)),
	}
}

// Close releases the machine and its items, and lets go of the thread. Not while it runs.
func (m *Machine) Close() error {
	if m.handle == 0 {
		return nil
	}
	if err := failure(C.neovm_machine_free(m.handle), nil); err != nil {
		return err
	}
	m.handle = 0
	m.release()
	return nil
}

func (m *Machine) release() {
	if m.interrupt != 0 {
		C.neovm_interrupt_free(m.interrupt)
	}
	if m.self != 0 {
		m.self.Delete()
	}
	m.interrupt, m.self = 0, 0
	C.free(unsafe.Pointer(unsafe.SliceData(m.values)))
	m.values = nil
	runtime.UnlockOSThread()
}

// Reset empties the machine for another execution, and releases all its items. Not while it runs.
func (m *Machine) Reset() error {
	defer m.pinner.Unpin()
	options := m.form()
	m.failed = nil
	return failure(C.neovm_machine_reset(m.handle, &options), nil)
}

// LoadOptions says how a script is loaded.
type LoadOptions struct {
	// Position is where it starts, in bytes.
	Position int
	// ReturnCount is how many items it must return; nil for any number.
	ReturnCount *uint32
	// Free says that its instructions and fees are free.
	Free bool
}

// Load loads a script on top of the invocation stack, with a stack of its own: what is pushed next
// are its arguments. In a system call, it runs when that returns. The number that it returns is
// that of no other script of the machine.
func (m *Machine) Load(script []byte, options LoadOptions) (load uint64, err error) {
	form := C.neovm_load_options{size: C.sizeof_neovm_load_options, position: C.size_t(options.Position)}
	if options.ReturnCount != nil {
		form.return_count, form.checks_return_count = C.uint32_t(*options.ReturnCount), 1
	}
	form.is_free = C.uint32_t(number(options.Free))
	var made C.uint64_t
	bytes := start(script)
	status := C.neovm_machine_load(m.handle, bytes, C.size_t(len(script)), &form, &made)
	return uint64(made), failure(status, nil)
}

// Call puts a context on the invocation stack that starts at a position of the current script and
// shares its stack. With this a host runs `_initialize` before a method.
func (m *Machine) Call(position int) error {
	return failure(C.neovm_machine_call(m.handle, C.size_t(position)), nil)
}

// Run runs until the execution ends. halted says whether the script ran to its end; otherwise it
// faulted, see [State.Fault].
//
// An error says that it has not ended: the context was cancelled (the error is its cause) or the
// budget was used, and it goes on at the next call; or it is a [HostError].
func (m *Machine) Run(ctx context.Context) (halted bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	if ctx.Done() != nil {
		interrupt := m.interrupt
		done := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			C.neovm_interrupt_set(interrupt, 1)
			close(done)
		})
		defer func() {
			if !stop() {
				<-done
				C.neovm_interrupt_set(interrupt, 0)
			}
		}()
	}
	var outcome C.uint32_t
	status := C.neovm_machine_run(m.handle, &outcome)
	return m.ended(ctx, status, outcome)
}

// Step runs one instruction, regardless of budget and context, and says whether the execution has
// ended, and how.
func (m *Machine) Step() (ended, halted bool, err error) {
	var outcome C.uint32_t
	status := C.neovm_machine_step(m.handle, &outcome)
	halted, err = m.ended(context.Background(), status, outcome)
	return outcome != 0, halted, err
}

func (m *Machine) ended(ctx context.Context, status C.int32_t, outcome C.uint32_t) (halted bool, err error) {
	if caught := m.panic; caught != nil {
		m.panic = nil
		panic(caught)
	}
	if err := failure(status, nil); err != nil {
		return false, err
	}
	switch outcome {
	case C.NEOVM_OUTCOME_BUDGET:
		return false, neovm.ErrBudget
	case C.NEOVM_OUTCOME_INTERRUPTED:
		return false, context.Cause(ctx)
	case C.NEOVM_OUTCOME_CALLBACK:
		return false, &HostError{m.failed}
	}
	return outcome == C.NEOVM_OUTCOME_HALT, nil
}

// SetBudget sets how many instructions may run from now on; 0 for no limit.
func (m *Machine) SetBudget(instructions uint64) error {
	return failure(C.neovm_machine_set_budget(m.handle, C.uint64_t(instructions)), nil)
}

// State is the state of a machine.
type State struct {
	// Ended says that the execution has ended, and Halted that the script ran to its end.
	Ended, Halted bool
	// Fault says why it faulted.
	Fault string
	// GasPico is the gas that was consumed, in picoGAS.
	GasPico *big.Int
	// Instructions is how many instructions ran.
	Instructions uint64
	// References is the consensus count of items.
	References int64
	// Depth is the number of contexts on the invocation stack.
	Depth int
	// StackSize is the number of items on the stack of the current context.
	StackSize int
	// ResultCount is the number of results.
	ResultCount int
	// Position is where the current context is, in bytes; -1 if there is none.
	Position int64
	// Opcode is the instruction there; -1 if there is none.
	Opcode int32
	// Load is the number of the script that is running; 0 if there is none.
	Load uint64
}

// State returns the state of the machine.
func (m *Machine) State() (State, error) {
	data := C.neovm_machine_data{size: C.sizeof_neovm_machine_data}
	if err := failure(C.neovm_machine_view(m.handle, &data), nil); err != nil {
		return State{}, err
	}
	pico := new(big.Int).SetUint64(uint64(data.gas_pico_high))
	pico.Lsh(pico, 64).Add(pico, new(big.Int).SetUint64(uint64(data.gas_pico_low)))
	return State{
		Ended: data.outcome != 0, Halted: data.outcome == C.NEOVM_OUTCOME_HALT, Fault: text(data.fault), GasPico: pico,
		Instructions: uint64(data.instructions), References: int64(data.references), Depth: int(data.depth),
		StackSize: int(data.stack_size), ResultCount: int(data.result_count), Position: int64(data.position),
		Opcode: int32(data.opcode), Load: uint64(data.load),
	}, nil
}

// Results returns the results of an execution that has ended, the top last. What is no number,
// boolean, byte string or Null is an [Item].
func (m *Machine) Results() ([]Value, error) {
	state, err := m.State()
	if err != nil || state.ResultCount == 0 {
		return nil, err
	}
	values := make([]C.neovm_value, state.ResultCount)
	status := C.neovm_machine_results(m.handle, 0, C.size_t(len(values)), &values[0])
	if err := failure(status, nil); err != nil {
		return nil, err
	}
	return read(make([]Value, 0, len(values)), values), nil
}

//export neovmGoSystemCall
func neovmGoSystemCall(handle C.uintptr_t, id C.uint32_t) C.int32_t {
	machine := cgo.Handle(handle).Value().(*Machine)
	return machine.callback(func() error { return machine.host.SystemCall(machine, uint32(id)) })
}

//export neovmGoCallToken
func neovmGoCallToken(handle C.uintptr_t, token C.uint32_t) C.int32_t {
	machine := cgo.Handle(handle).Value().(*Machine)
	return machine.callback(func() error { return machine.host.CallToken(machine, uint16(token)) })
}

//export neovmGoUnloaded
func neovmGoUnloaded(handle C.uintptr_t, load C.uint64_t, threw C.uint32_t) C.int32_t {
	machine := cgo.Handle(handle).Value().(*Machine)
	return machine.callback(func() error { return machine.host.Unloaded(machine, uint64(load), threw != 0) })
}

// callback runs a function of the host and tells the library how to go on.
func (m *Machine) callback(body func() error) (status C.int32_t) {
	defer func() {
		if caught := recover(); caught != nil {
			m.panic = caught
			m.failed = fmt.Errorf("panic: %v", caught)
			status = hostPanicked
		}
	}()
	err := body()
	if err == nil {
		return C.NEOVM_CALL_OK
	}
	return m.answer(err)
}

func (m *Machine) answer(err error) C.int32_t {
	var fault Fault
	var exception *Exception
	switch {
	case errors.As(err, &exception):
		value := m.lend(&exception.Value)
		thrown := C.neovm_machine_set_exception(m.handle, &value)
		m.pinner.Unpin()
		if thrown == C.NEOVM_OK {
			return C.NEOVM_CALL_THROW
		}
		err = failure(thrown, nil)
	case errors.As(err, &fault):
		words := []byte(fault)
		if told := C.neovm_machine_set_fault(m.handle, start(words), C.size_t(len(words))); told == C.NEOVM_OK {
			return C.NEOVM_CALL_FAULT
		}
	case errors.Is(err, neovm.ErrFault):
		return C.NEOVM_CALL_FAULT
	}
	m.failed = err
	return hostFailed
}

// start returns where bytes begin.
func start(bytes []byte) *C.uint8_t {
	if len(bytes) == 0 {
		return nil
	}
	return (*C.uint8_t)(&bytes[0])
}
