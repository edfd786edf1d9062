package recorded

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
)

// NeoToken is the hash of the native contract.
var NeoToken = neovm.Hash160{
	0xf5, 0x63, 0xea, 0x40, 0xbc, 0x28, 0x3d, 0x4d, 0x0e, 0x05, 0xc4, 0x8e, 0xa3, 0x05, 0xb3, 0xf2, 0xa0, 0x73, 0x40, 0xef,
}

// Endless is a script that jumps to itself.
var Endless = []byte{0x22, 0x00}

// Genesis returns the state of the network of the recorded chain behind its genesis block, and the
// settings of the network.
func Genesis(t testing.TB, open func(settings string) (neovm.Runner, error)) (neovm.Runner, *neovm.MemoryStorage) {
	t.Helper()
	var settings string
	for text := range lines(t, Project("tests/data/host-cases.jsonl.gz")) {
		var line line
		must(t, json.Unmarshal(text, &struct{ Kind *string }{&line.Kind}))
		switch line.Kind {
		case "settings":
			settings = string(text)
		case "block":
			must(t, json.Unmarshal(text, &line))
			runner, err := open(settings)
			must(t, err)
			t.Cleanup(func() { runner.Close() })
			state := neovm.NewMemoryStorage()
			must(t, Persist(runner, state, append(unhex(line.HeaderHex), 0)))
			return runner, state
		}
	}
	t.Fatal("there is no genesis block")
	return nil, nil
}

// Suite tests what holds for all runners.
func Suite(t *testing.T, open func(settings string) (neovm.Runner, error)) {
	runner, state := Genesis(t, open)
	background := context.Background()

	t.Run("call", func(t *testing.T) {
		job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: NeoToken, Method: "symbol"}, WantCalls: true}
		receipt, err := runner.Run(background, job, state)
		must(t, err)
		if !receipt.Halted || len(receipt.Stack) != 1 || string(receipt.Stack[0].Bytes) != "NEO" {
			t.Errorf("%+v", receipt)
		}
		if len(receipt.Calls) != 2 || receipt.Calls[1].Hash != NeoToken || receipt.Calls[1].Depth != 1 {
			t.Errorf("%+v", receipt.Calls)
		}
	})
	t.Run("arguments", func(t *testing.T) {
		arguments, err := neovm.Arguments(neovm.NewBytes(make([]byte, 20)))
		must(t, err)
		call := &neovm.Call{Contract: NeoToken, Method: "balanceOf", Arguments: arguments}
		receipt, err := runner.Run(background, &neovm.Job{Gas: 1e8, Call: call}, state)
		must(t, err)
		if !receipt.Halted || receipt.Stack[0].Int.Sign() != 0 {
			t.Errorf("%+v", receipt)
		}
	})
	t.Run("file", func(t *testing.T) {
		job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: NeoToken, Method: "symbol"}, WantFile: true}
		receipt, err := runner.Run(background, job, state)
		must(t, err)
		var file struct {
			Format  string
			Job     neovm.Job
			Receipt neovm.Receipt
		}
		must(t, json.Unmarshal(receipt.File, &file))
		if file.Format != "neovm-job-1" || file.Receipt.Gas != receipt.Gas || len(file.Job.Script) == 0 {
			t.Errorf("%s", receipt.File)
		}
	})
	t.Run("fault", func(t *testing.T) {
		receipt, err := runner.Run(background, &neovm.Job{Gas: 1e8, Script: []byte{0x38}}, state)
		must(t, err)
		if receipt.Halted || receipt.Fault == "" || receipt.FaultAt == nil || receipt.FaultAt.Opcode.String() != "ABORT" {
			t.Errorf("%+v %+v", receipt, receipt.FaultAt)
		}
	})
	t.Run("empty script", func(t *testing.T) {
		receipt, err := runner.Run(background, &neovm.Job{Gas: 1e8, Script: []byte{}}, state)
		must(t, err)
		if !receipt.Halted || len(receipt.Stack) != 0 {
			t.Errorf("%+v", receipt)
		}
	})
	t.Run("lenient witness", func(t *testing.T) {
		// PUSH1 RET, and a byte that is no instruction.
		account, err := neovm.ParseHash160("0x34ec44401c5a8d6bdadef1ca1529df1a88d26c61")
		must(t, err)
		for _, lenient := range []bool{false, true} {
			witness := &neovm.Witness{Account: account, Verification: []byte{0x11, 0x40, 0xff}, Lenient: lenient}
			job := &neovm.Job{Gas: 1e8, Trigger: neovm.Verification, Witness: witness, WantCalls: true}
			receipt, err := runner.Run(background, job, state)
			must(t, err)
			if receipt.Halted != lenient || lenient && (len(receipt.Stack) != 1 || len(receipt.Calls) == 0) {
				t.Errorf("%v: %+v", lenient, receipt)
			}
		}
	})
	t.Run("header", func(t *testing.T) {
		// SYSCALL System.Runtime.GetTime
		job := &neovm.Job{Gas: 1e8, Script: []byte{0x41, 0xb7, 0xc3, 0x88, 0x03}}
		job.Header = &neovm.Header{Index: 5, Timestamp: 1700000000000}
		receipt, err := runner.Run(background, job, state)
		must(t, err)
		if !receipt.Halted || receipt.Stack[0].Int.Int64() != 1700000000000 {
			t.Errorf("%+v", receipt)
		}
	})
	t.Run("budget", func(t *testing.T) {
		_, err := runner.Run(background, &neovm.Job{Gas: 1e18, Script: Endless, Budget: 1000}, state)
		if !errors.Is(err, neovm.ErrBudget) {
			t.Error(err)
		}
	})
	t.Run("cancel", func(t *testing.T) { cancel(t, runner, state) })
	t.Run("input", func(t *testing.T) {
		for _, job := range []*neovm.Job{
			{Gas: 1, Transaction: []byte{1, 2, 3}},
			{Gas: 1, Script: []byte{0x40}, Block: []byte{1}},
			{Gas: 1, Call: &neovm.Call{Method: "x", Arguments: []byte("[1.5]")}},
			{Gas: 1, Call: &neovm.Call{Method: "x"}, Script: []byte{0x40}},
		} {
			_, err := runner.Run(background, job, state)
			var failure *neovm.Error
			if !errors.Is(err, neovm.ErrInput) || !errors.As(err, &failure) || failure.Message == "" {
				t.Errorf("%+v: %v", job, err)
			}
		}
	})
	t.Run("state", func(t *testing.T) {
		_, err := runner.Run(background, &neovm.Job{Gas: 1, Script: []byte{0x40}}, neovm.NewMemoryStorage())
		if !errors.Is(err, neovm.ErrState) {
			t.Error(err)
		}
	})
	t.Run("storage", func(t *testing.T) { storage(t, runner, state) })
	t.Run("threads", func(t *testing.T) { threads(t, runner, state) })
	t.Run("closed", func(t *testing.T) {
		must(t, runner.Close())
		must(t, runner.Close())
		_, err := runner.Run(background, &neovm.Job{Gas: 1, Script: []byte{0x40}}, state)
		if !errors.Is(err, neovm.ErrHandle) {
			t.Error(err)
		}
	})
}

func cancel(t *testing.T, runner neovm.Runner, state neovm.Storage) {
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := runner.Run(ended, &neovm.Job{Gas: 1e18, Script: Endless}, state); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	cause := errors.New("enough")
	ctx, stop := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, cause)
	defer stop()
	if _, err := runner.Run(ctx, &neovm.Job{Gas: 1e18, Script: Endless}, state); !errors.Is(err, cause) {
		t.Error(err)
	}
	// The next one is none the worse.
	receipt, err := runner.Run(context.Background(), &neovm.Job{Gas: 1e8, Script: []byte{0x11}}, state)
	if err != nil || !receipt.Halted {
		t.Error(err)
	}
}

// Failing fails, or misbehaves, instead of reading.
type failing struct {
	neovm.Storage
	get  func() ([]byte, bool, error)
	seek func() (neovm.Cursor, error)
}

func (f failing) Get(key []byte) ([]byte, bool, error) {
	if f.get != nil {
		return f.get()
	}
	return f.Storage.Get(key)
}

func (f failing) Seek(prefix, from []byte, backward bool) (neovm.Cursor, error) {
	if f.seek != nil {
		return f.seek()
	}
	return f.Storage.Seek(prefix, from, backward)
}

type cursor struct {
	next   func() (key, value []byte, found bool, err error)
	closed *int
}

func (c cursor) Next() (key, value []byte, found bool, err error) { return c.next() }
func (c cursor) Close()                                           { *c.closed++ }

func storage(t *testing.T, runner neovm.Runner, state neovm.Storage) {
	lost := errors.New("the disk is gone")
	candidates := &neovm.Job{Gas: 1e9, Call: &neovm.Call{Contract: NeoToken, Method: "getCandidates"}}
	run := func(storage neovm.Storage) error {
		_, err := runner.Run(context.Background(), candidates, storage)
		return err
	}
	var failed *neovm.StorageError
	err := run(failing{Storage: state, get: func() ([]byte, bool, error) { return nil, false, lost }})
	if !errors.Is(err, lost) || !errors.As(err, &failed) {
		t.Error(err)
	}
	err = run(failing{Storage: state, seek: func() (neovm.Cursor, error) { return nil, lost }})
	if !errors.Is(err, lost) || !errors.As(err, &failed) || failed.Operation != "seek" {
		t.Error(err)
	}
	closed := 0
	opens := func(next func() (key, value []byte, found bool, err error)) failing {
		return failing{Storage: state, seek: func() (neovm.Cursor, error) { return cursor{next, &closed}, nil }}
	}
	err = run(opens(func() (key, value []byte, found bool, err error) { return nil, nil, false, lost }))
	if !errors.Is(err, lost) {
		t.Error(err)
	}
	err = run(opens(func() (key, value []byte, found bool, err error) { return []byte("other key"), nil, true, nil }))
	if !errors.As(err, &failed) {
		t.Error("keys out of the prefix:", err)
	}
	if closed != 2 {
		t.Error("cursors that were closed:", closed)
	}
	func() {
		defer func() {
			if caught := recover(); caught != "a bug" {
				t.Error("panic:", caught)
			}
		}()
		run(failing{Storage: state, get: func() ([]byte, bool, error) { panic("a bug") }})
	}()
	if err := run(state); err != nil {
		t.Error(err)
	}
	huge := failing{Storage: state, get: func() ([]byte, bool, error) { return make([]byte, 20<<20), true, nil }}
	if err := run(huge); !errors.As(err, &failed) || !strings.Contains(err.Error(), "limit") {
		t.Error("a value that is too large:", err)
	}
	huge = opens(func() (key, value []byte, found bool, err error) {
		return append([]byte{0xfb, 0xff, 0xff, 0xff}, 33), make([]byte, 20<<20), true, nil
	})
	if err := run(huge); !errors.As(err, &failed) || !strings.Contains(err.Error(), "limit") {
		t.Error("an entry that is too large:", err)
	}
}

func threads(t *testing.T, runner neovm.Runner, state neovm.Storage) {
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 20 {
				job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: NeoToken, Method: "symbol"}}
				receipt, err := runner.Run(context.Background(), job, state)
				if err != nil || string(receipt.Stack[0].Bytes) != "NEO" {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
}
