//go:build cgo

package engine_test

import (
	"context"
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/engine"
	"github.com/neovm/neovm/bindings/go/internal/recorded"
)

func interpreter(settings string) (neovm.Runner, error) {
	return engine.New(engine.Options{Network: settings, Compile: engine.CompileNever})
}

// A function that does nothing.
func BenchmarkCrossing(b *testing.B) {
	defer recorded.ProcessorTime(b, 1)()
	for b.Loop() {
		engine.ABIVersion()
	}
}

func BenchmarkCrossingMachine(b *testing.B) {
	m := benchmarked(b, nil)
	defer m.Close()
	defer recorded.ProcessorTime(b, 1)()
	for b.Loop() {
		m.SetBudget(0)
	}
}

func benchmarked(b *testing.B, systemCall func(*engine.Machine, uint32) error) *engine.Machine {
	one, err := interpreter("")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { one.Close() })
	m, err := one.(*engine.Engine).NewMachine(engine.MachineOptions{}, engine.Host{SystemCall: systemCall})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// Turns of a loop with a system call or with NOPs in its place: subtract the latter.
func turns(b *testing.B, calls bool, systemCall func(*engine.Machine, uint32) error) {
	// PUSHINT32 1000; DUP, then SYSCALL or NOPs, DROP; DEC, DUP, JMPIF back; DROP
	code := []byte{0x02, 0xe8, 0x03, 0x00, 0x00, 0x4a, 0x41, 1, 2, 3, 4, 0x45, 0x9d, 0x4a, 0x24, 0xf7, 0x45}
	if !calls {
		copy(code[6:11], []byte{0x21, 0x21, 0x21, 0x21, 0x21})
	}
	m := benchmarked(b, systemCall)
	defer m.Close()
	defer recorded.ProcessorTime(b, 1000)()
	for b.Loop() {
		m.Reset()
		m.Load(code, engine.LoadOptions{})
		if halted, err := m.Run(background); !halted || err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTurnWithoutCall(b *testing.B) { turns(b, false, nil) }

func BenchmarkTurnSystemCall(b *testing.B) {
	turns(b, true, func(*engine.Machine, uint32) error { return nil })
}

func BenchmarkTurnSystemCallOneArgument(b *testing.B) {
	turns(b, true, func(m *engine.Machine, _ uint32) error {
		var argument [1]engine.Value
		if err := m.Pop(argument[:], engine.AsInteger); err != nil {
			return err
		}
		return m.Push(argument[0])
	})
}

func BenchmarkRunSymbol(b *testing.B) {
	runner, state := recorded.Genesis(b, interpreter)
	recorded.BenchmarkCall(b, runner, state)
}

func BenchmarkRunSymbolContext(b *testing.B) {
	runner, state := recorded.Genesis(b, interpreter)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	recorded.BenchmarkCallContext(b, ctx, runner, state)
}

func BenchmarkRunNothing(b *testing.B) {
	runner, state := recorded.Genesis(b, interpreter)
	recorded.BenchmarkJob(b, runner, state, &neovm.Job{Gas: 1e8, Script: []byte{0x40}})
}

func BenchmarkRunTransfer(b *testing.B) {
	runner, state := recorded.Genesis(b, interpreter)
	recorded.BenchmarkTransfer(b, runner, state)
}

func BenchmarkBlock(b *testing.B) { recorded.BenchmarkBlock(b, interpreter) }
