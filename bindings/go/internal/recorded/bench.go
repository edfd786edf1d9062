package recorded

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
)

// BenchmarkCall measures the call of `symbol` of NeoToken.
func BenchmarkCall(b *testing.B, runner neovm.Runner, state neovm.Storage) {
	BenchmarkCallContext(b, context.Background(), runner, state)
}

// BenchmarkCallContext measures it with a context that may be cancelled.
func BenchmarkCallContext(b *testing.B, ctx context.Context, runner neovm.Runner, state neovm.Storage) {
	job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: NeoToken, Method: "symbol"}}
	b.ReportAllocs()
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
