//go:build cgo

package engine_test

import (
	"os"
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/engine"
	"github.com/neovm/neovm/bindings/go/internal/recorded"
)

func open(settings string) (neovm.Runner, error) {
	return engine.New(engine.Options{Network: settings, Compile: engine.CompileForeground})
}

func TestRecordedCases(t *testing.T) {
	count := recorded.Check(t, recorded.Project("tests/data/host-cases.jsonl.gz"), open)
	if count < 3000 {
		t.Errorf("%d lines", count)
	}
	t.Logf("%d lines", count)
}

// All recorded cases and chains: NEOVM_ALL_CASES=1 go test -run AllRecordedCases ./engine
func TestAllRecordedCases(t *testing.T) {
	if os.Getenv("NEOVM_ALL_CASES") == "" {
		t.Skip("SKIPPED: TestAllRecordedCases: NEOVM_ALL_CASES is not set")
	}
	for _, name := range []string{"cases.jsonl.gz", "devpack.jsonl.gz"} {
		path := recorded.Project("../shared/reference/host/" + name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("SKIPPED: TestAllRecordedCases: there is no ../shared/reference/host/" + name)
		}
		t.Logf("%s: %d lines", name, recorded.Check(t, path, open))
	}
}
