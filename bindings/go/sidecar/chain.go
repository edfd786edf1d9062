package sidecar

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Chain is the chain that a sidecar follows, which was started with --data and --config. One
// goroutine uses it.
type Chain struct{ conn *conn }

// Executed is what came of a block.
type Executed struct {
	// Logs are its application logs: {"block", "hash", "executions", "txs"}.
	Logs json.RawMessage
	// Changes are the changes of the storage without the Ledger's: {"block", "changes"}.
	Changes json.RawMessage
}

// Change is a change as [Executed.Changes] has them, in base64.
type Change struct {
	Key   []byte  `json:"key"`
	Value *[]byte `json:"value"`
}

// DialChain connects to a sidecar that follows a chain. patience is how long to wait for the
// execution of a block, or any other answer; 0 for 30 seconds.
func DialChain(ctx context.Context, path string, patience time.Duration) (*Chain, error) {
	if patience <= 0 {
		patience = 30 * time.Second
	}
	conn, err := dial(ctx, path, patience)
	if err != nil {
		return nil, err
	}
	return &Chain{conn}, nil
}

// Close closes the connection. The chain stays.
func (c *Chain) Close() error { return c.conn.Close() }

// Height returns the height of the last block.
func (c *Chain) Height() (uint32, error) {
	message, err := c.conn.ask("chain", struct{}{})
	if err != nil {
		return 0, err
	}
	if message.Chain == nil || message.Chain.Height == nil {
		return 0, gone(fmt.Errorf("a message that is no answer to chain"))
	}
	return *message.Chain.Height, nil
}

// Execute executes the next block, which does not become part of the chain yet.
func (c *Chain) Execute(block []byte) (*Executed, error) {
	message, err := c.conn.ask("block", hex.EncodeToString(block))
	if err != nil {
		return nil, err
	}
	if message.Block == nil {
		return nil, gone(fmt.Errorf("a message that is no answer to block"))
	}
	return &Executed{message.Block.Logs, message.Block.Changes}, nil
}

// File returns a job file of an execution of the block that was executed, by its number:
// OnPersist, the transactions, PostPersist.
func (c *Chain) File(execution int) (json.RawMessage, error) {
	message, err := c.conn.ask("file", execution)
	if err != nil {
		return nil, err
	}
	return message.File, nil
}

// Append makes the block that was executed part of the chain, and returns the state root. With
// adopted, the chain goes on with those changes of the storage, and not with its own.
func (c *Chain) Append(adopted []Change) (root neovm.Hash256, err error) {
	request := map[string]any{}
	if adopted != nil {
		request["changes"] = adopted
	}
	message, err := c.conn.ask("append", request)
	if err != nil {
		return root, err
	}
	if message.Chain == nil || message.Chain.Root == nil {
		return root, gone(fmt.Errorf("a message that is no answer to append"))
	}
	return *message.Chain.Root, nil
}
