package recorded

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"syscall"
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
)

// ProcessorTime returns a function that reports what one of b.N times so many took of the process's
// processor time, which a busy machine changes less than the clock.
func ProcessorTime(b *testing.B, each int) func() {
	used := func() int64 {
		var usage syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
		return usage.Utime.Nano() + usage.Stime.Nano()
	}
	begun := used()
	return func() {
		b.ReportMetric(float64(used()-begun)/float64(b.N)/float64(each), "cpu-ns")
	}
}

// BenchmarkCall measures the call of `symbol` of NeoToken.
func BenchmarkCall(b *testing.B, runner neovm.Runner, state neovm.Storage) {
	BenchmarkCallContext(b, context.Background(), runner, state)
}

// BenchmarkCallContext measures it with a context that may be cancelled.
func BenchmarkCallContext(b *testing.B, ctx context.Context, runner neovm.Runner, state neovm.Storage) {
	job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: NeoToken, Method: "symbol"}}
	benchmark(b, ctx, runner, state, job)
}

// BenchmarkJob measures a job.
func BenchmarkJob(b *testing.B, runner neovm.Runner, state neovm.Storage, job *neovm.Job) {
	benchmark(b, context.Background(), runner, state, job)
}

// BenchmarkTransfer measures a transaction that transfers one NEO from who holds all to somebody new.
func BenchmarkTransfer(b *testing.B, runner neovm.Runner, state *neovm.MemoryStorage) {
	job := &neovm.Job{Gas: 20e8, Transaction: transfer(holder(state)), Header: &neovm.Header{Index: 1, Timestamp: 1468595302000}}
	receipt, err := runner.Run(context.Background(), job, state)
	if must(b, err); len(receipt.Notifications) == 0 || len(receipt.Changes) < 4 {
		b.Fatalf("nothing was transferred: %+v", receipt)
	}
	benchmark(b, context.Background(), runner, state, job)
}

// holder returns the first account in the storage that has NEO.
func holder(state *neovm.MemoryStorage) (account []byte) {
	prefix := []byte{0xfb, 0xff, 0xff, 0xff, 20}
	for key := range state.All {
		if bytes.HasPrefix(key, prefix) {
			return key[len(prefix):]
		}
	}
	return nil
}

// transfer returns the bytes of a transaction that transfers one NEO from its sender.
func transfer(from []byte) []byte {
	to := bytes.Repeat([]byte{7}, 20)
	// PUSHNULL PUSH1 to from PUSH4 PACK All "transfer" NeoToken SYSCALL System.Contract.Call
	script := slices.Concat([]byte{0x0b, 0x11, 0x0c, 20}, to, []byte{0x0c, 20}, from, []byte{0x14, 0xc0, 0x1f, 0x0c, 8},
		[]byte("transfer"), []byte{0x0c, 20}, NeoToken[:], []byte{0x41, 0x62, 0x7d, 0x5b, 0x52})
	// Version, nonce, fees and last block; one signer, CalledByEntry; no attributes; script; a witness.
	return slices.Concat(make([]byte, 25), []byte{1}, from, []byte{1, 0, byte(len(script))}, script, []byte{1, 0, 0})
}

func benchmark(b *testing.B, ctx context.Context, runner neovm.Runner, state neovm.Storage, job *neovm.Job) {
	b.ReportAllocs()
	defer ProcessorTime(b, 1)()
	for b.Loop() {
		if receipt, err := runner.Run(ctx, job, state); err != nil || !receipt.Halted {
			b.Fatal(err)
		}
	}
}

// BenchmarkBlock measures a recorded chain, block by block; what it reports is the time of a block.
func BenchmarkBlock(b *testing.B, open func(settings string) (neovm.Runner, error)) {
	runner, genesis := Genesis(b, open)
	var blocks [][]byte
	var transactions int
	for text := range lines(b, Project("tests/data/host-cases.jsonl.gz")) {
		if bytes.HasPrefix(text, []byte(`{"kind":"settings"`)) && blocks != nil {
			break
		}
		if !bytes.HasPrefix(text, []byte(`{"kind":"chainBlock"`)) {
			continue
		}
		var line line
		must(b, json.Unmarshal(text, &line))
		block := unhex(line.BlockHex)
		if header, _ := parseHeader(block); header.index == 0 {
			continue
		}
		list, err := parseTransactions(block)
		must(b, err)
		transactions += len(list)
		blocks = append(blocks, block)
		if len(blocks) == 28 {
			break
		}
	}
	defer ProcessorTime(b, len(blocks))()
	for b.Loop() {
		state := genesis.Clone()
		for _, block := range blocks {
			must(b, Persist(runner, state, block))
		}
	}
	each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(each/float64(len(blocks)), "ns/block")
	b.ReportMetric(each/float64(transactions), "ns/transaction")
}
