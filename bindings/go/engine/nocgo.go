//go:build !cgo

// Package engine runs jobs by the library libneovm, through cgo. This program was built without
// cgo: New fails. The package sidecar does the same without it.
package engine

import (
	"context"
	"errors"

	neovm "github.com/neovm/neovm/bindings/go"
)

// ErrNoCgo is what New returns in a program that was built without cgo.
var ErrNoCgo = errors.New("neovm: this program was built without cgo: set CGO_ENABLED=1, or use the package sidecar")

// Options is what an engine is made with, see the package with cgo.
type Options struct {
	// Network is mainnet, testnet, private, or the settings of a network as JSON.
	Network string
}

// Engine runs jobs of a network. There is none without cgo.
type Engine struct{}

// New fails.
func New(Options) (*Engine, error) { return nil, ErrNoCgo }

// Run fails.
func (*Engine) Run(context.Context, *neovm.Job, neovm.Storage) (*neovm.Receipt, error) {
	return nil, ErrNoCgo
}

// Close does nothing.
func (*Engine) Close() error { return nil }
