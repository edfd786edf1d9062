//go:build cgo

package engine_test

import (
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/engine"
	"github.com/neovm/neovm/bindings/go/internal/recorded"
)

func open(settings string) (neovm.Runner, error) {
	return engine.New(engine.Options{Network: settings, Compile: engine.CompileForeground})
}

func TestRecordedCases(t *testing.T) { recorded.CheckProject(t, open) }

// All recorded cases and chains: NEOVM_ALL_CASES=1 go test -run AllRecordedCases ./engine
func TestAllRecordedCases(t *testing.T) {
	recorded.CheckAll(t, func() recorded.Open { return open })
}
