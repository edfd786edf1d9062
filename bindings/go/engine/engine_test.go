//go:build cgo

package engine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/engine"
	"github.com/neovm/neovm/bindings/go/internal/recorded"
)

func TestSuite(t *testing.T) { recorded.Suite(t, open) }

func TestOptions(t *testing.T) {
	if _, err := engine.New(engine.Options{Network: "nowhere"}); !errors.Is(err, neovm.ErrInput) {
		t.Error(err)
	}
	if engine.Version() == "" {
		t.Error("no version")
	}
}

// ledger keeps blocks in another way: it looks them up as LedgerContract would.
type ledger struct {
	neovm.Storage
	asked    int
	prefetch int
}

func (l *ledger) Prefetch(keys [][]byte) { l.prefetch += len(keys) }

func (l *ledger) CurrentBlock() (neovm.Hash256, uint32, bool, error) {
	l.asked++
	return neovm.Hash256{1}, 7, true, nil
}

func (l *ledger) BlockHash(uint32) (hash neovm.Hash256, found bool, err error) { return }

func (l *ledger) Block(neovm.Hash256) (header []byte, hashes []neovm.Hash256, found bool, err error) {
	return
}

func (l *ledger) Transaction(neovm.Hash256) (bytes []byte, index uint32, found bool, err error) {
	return
}

func (l *ledger) Conflict(neovm.Hash256, *neovm.Hash160) (index uint32, found bool, err error) {
	return
}

func TestLedger(t *testing.T) {
	runner, state := recorded.Genesis(t, open)
	contract, err := neovm.ParseHash160("0xda65b600f7124ce6c79950c1772a36403104f2be")
	if err != nil {
		t.Fatal(err)
	}
	storage := &ledger{Storage: state}
	job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: contract, Method: "currentIndex"}}
	receipt, err := runner.Run(context.Background(), job, storage)
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.Halted || receipt.Stack[0].Int.Int64() != 7 || storage.asked == 0 || storage.prefetch == 0 {
		t.Errorf("%+v %+v", receipt, storage)
	}
}

// Items that a script shares, and cycles, are what they were.
func TestItems(t *testing.T) {
	runner, state := recorded.Genesis(t, open)
	// NEWARRAY0, DUP, DUP, APPEND: an array in itself; then DUP.
	script := []byte{0xc2, 0x4a, 0x4a, 0xcf, 0x4a}
	receipt, err := runner.Run(context.Background(), &neovm.Job{Gas: 1e8, Script: script}, state)
	if err != nil || !receipt.Halted {
		t.Fatal(err, receipt)
	}
	array := receipt.Stack[0]
	if array != receipt.Stack[1] || array.Items[0] != array {
		t.Error("the array is another one")
	}
	text, err := array.MarshalJSON()
	if err != nil || string(text) != `{"type":"Array","value":[{"type":"Array","cycle":true}]}` {
		t.Errorf("%s %v", text, err)
	}
}

// An engine that nobody closed is released all the same.
func TestCleanup(t *testing.T) {
	for range 100 {
		one, err := engine.New(engine.Options{Network: "private", Compile: engine.CompileNever})
		if err != nil {
			t.Fatal(err)
		}
		_ = one
	}
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}
