// Package sidecar runs jobs by a process beside this one, `neovm sidecar --socket PATH`, over a
// Unix socket. It is pure Go, for programs that are built without cgo.
//
// What it does is what the package engine does at the executor level, with the same results. A
// message costs a few tens of microseconds, so values are read in batches.
package sidecar

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Options is what a client is made with. The zero value has the defaults.
type Options struct {
	// Network is mainnet (the default), testnet, private, or the settings of a network as JSON, see
	// docs/embedding.md.
	Network string
	// Idle is how many connections are kept for the next jobs; 4 by default.
	Idle int
	// Patience is how long to wait for the sidecar's answer to a message, other than the end of a run;
	// 30 seconds by default. A run lasts as long as its context lets it.
	Patience time.Duration
}

// Client runs jobs of a network. Any number of goroutines use it at once, each run with a
// connection of its own.
type Client struct {
	path    string
	options Options
	idle    chan *conn
	mutex   sync.Mutex
	closed  bool
}

// The interface of both ways to run jobs.
var _ neovm.Runner = (*Client)(nil)

// ErrGone says that the sidecar ended, or the connection to it.
var ErrGone = errors.New("neovm: the sidecar is gone")

// Dial connects to a sidecar.
func Dial(ctx context.Context, path string, options Options) (*Client, error) {
	if options.Network == "" {
		options.Network = "mainnet"
	}
	if options.Idle <= 0 {
		options.Idle = 4
	}
	if options.Patience <= 0 {
		options.Patience = 30 * time.Second
	}
	client := &Client{path: path, options: options, idle: make(chan *conn, options.Idle)}
	first, err := client.dial(ctx)
	if err != nil {
		return nil, err
	}
	client.put(first)
	return client, nil
}

// Close closes the connections that are idle. What runs goes on.
func (c *Client) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.closed = true
	for {
		select {
		case conn := <-c.idle:
			conn.close()
		default:
			return nil
		}
	}
}

func (c *Client) isClosed() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.closed
}

func (c *Client) put(conn *conn) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		select {
		case c.idle <- conn:
			return
		default:
		}
	}
	conn.close()
}

// dial makes a connection and opens the network.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	conn, err := dial(ctx, c.path, c.options.Patience)
	if err != nil {
		return nil, err
	}
	if err := conn.open(c.options.Network); err != nil {
		conn.close()
		return nil, err
	}
	return conn, nil
}

// Run runs a job over a storage, see [neovm.Runner].
//
// The storage is not asked as a [neovm.Ledger]: blocks and transactions are read as entries of
// LedgerContract. A panic of the storage is one of Run.
func (c *Client) Run(ctx context.Context, job *neovm.Job, storage neovm.Storage) (*neovm.Receipt, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if job == nil || storage == nil {
		return nil, &neovm.Error{Status: neovm.ErrArgument, Message: "there is no job or no storage"}
	}
	if c.isClosed() {
		return nil, neovm.ErrHandle
	}
	text, err := job.MarshalJSON()
	if err != nil {
		return nil, &neovm.Error{Status: neovm.ErrInput, Message: err.Error()}
	}
	for {
		var kept *conn
		select {
		case kept = <-c.idle:
		default:
		}
		conn := kept
		if conn == nil {
			if conn, err = c.dial(ctx); err != nil {
				return nil, err
			}
		}
		run := &run{conn: conn, ctx: ctx, storage: storage}
		receipt, err := run.do(job, text)
		if run.broken {
			conn.close()
		} else {
			c.put(conn)
		}
		if run.panic != nil {
			panic(run.panic)
		}
		// A connection that was kept may have been closed meanwhile.
		if kept != nil && run.broken && !run.begun && ctx.Err() == nil {
			continue
		}
		return receipt, err
	}
}

// gone returns the error of a connection that broke.
func gone(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("neovm: the sidecar does not answer: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}
