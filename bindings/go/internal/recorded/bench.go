package recorded

import (
	"bytes"
	"context"
	"encoding/json"
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
