// Package shadow runs the engine of neovm beside a neo-go node: it executes each block that the
// node has persisted again, in a folder of its own, and compares.
//
// The node decides; nothing of it waits for the shadow, and nothing depends on it. A process
// beside the node, `neovm sidecar --data DIR --config FILE`, executes the blocks:
//
//	one := shadow.New(chain, shadow.Options{Socket: path, Log: log, Files: "differences"})
//	go one.Run(ctx)
//
// What is compared: for each execution the state, gas, result stack and notifications; for the
// block the state root, and, if that differs, the changes of the storage. A difference is logged
// and counted, and an execution that differs leaves a job file, which `neovm job run` runs again.
// The shadow then goes on with the changes of the node, so that one difference does not cause
// others.
package shadow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nspcc-dev/neo-go/pkg/core"
	"github.com/nspcc-dev/neo-go/pkg/core/block"
	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/trigger"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/neovm/neovm/bindings/go/sidecar"
)

// Node is what the shadow needs of a node. *core.Blockchain is one.
type Node interface {
	BlockHeight() uint32
	GetHeaderHash(height uint32) util.Uint256
	GetBlock(hash util.Uint256) (*block.Block, error)
	GetAppExecResults(hash util.Uint256, trigger trigger.Type) ([]state.AppExecResult, error)
	GetStateRoot(height uint32) (*state.MPTRoot, error)
	GetStateModule() core.StateRoot
	SubscribeForBlocks(blocks chan *block.Block)
	UnsubscribeFromBlocks(blocks chan *block.Block)
}

// Options is what a shadow is made with.
type Options struct {
	// Socket is that of the sidecar.
	Socket string
	// Log gets differences as warnings; nothing is logged without it.
	Log *zap.Logger
	// Files is the folder for job files of executions that differ; none are written without it.
	Files string
	// MaxFiles is how many are written at most; 100 by default.
	MaxFiles int
	// Patience is how long the sidecar may take for a block; 30 seconds by default.
	Patience time.Duration
	// Registerer gets the metrics; the default one of Prometheus if it is nil.
	Registerer prometheus.Registerer
	// Changes returns the changes of the storage in a block as the node made them, if it knows them,
	// as it does of its last block with SaveStorageBatch. Otherwise the node's state trie is asked for
	// the keys that neovm changed.
	Changes func(height uint32) ([]sidecar.Change, bool)
	// Found is called for each difference.
	Found func(Difference)
}

// Shadow follows a node.
type Shadow struct {
	node    Node
	options Options
	metrics *metrics
	files   int
	chain   *sidecar.Chain
}

// New makes a shadow of a node. It begins with Run.
func New(node Node, options Options) (*Shadow, error) {
	if options.Log == nil {
		options.Log = zap.NewNop()
	}
	if options.MaxFiles == 0 {
		options.MaxFiles = 100
	}
	if options.Registerer == nil {
		options.Registerer = prometheus.DefaultRegisterer
	}
	made, err := newMetrics(options.Registerer)
	if err != nil {
		return nil, err
	}
	return &Shadow{node: node, options: options, metrics: made}, nil
}

// How long to wait before the sidecar is tried again.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// Run follows the node until the context is cancelled. Whatever goes wrong is logged, counted and
// tried again.
//
// The node's notifications are taken as soon as they come, and only say that there is a block:
// blocks are read of the node one after another, so nothing is kept in memory that waits, however
// far the shadow is behind.
func (s *Shadow) Run(ctx context.Context) {
	wake := s.subscribe(ctx)
	pause := firstPause
	for ctx.Err() == nil {
		err := s.CatchUp(ctx)
		switch {
		case err == nil:
			pause = firstPause
			select {
			case <-wake:
			case <-ctx.Done():
			}
		case ctx.Err() == nil:
			s.metrics.errors.Inc()
			s.options.Log.Warn("neovm: the shadow failed, and will try again", zap.Error(err), zap.Duration("after", pause))
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, lastPause)
		}
	}
	s.hangUp()
}

// subscribe returns a channel that says that there are blocks. The node, which waits until each
// notification is taken, never waits for the shadow.
func (s *Shadow) subscribe(ctx context.Context) <-chan struct{} {
	blocks, wake := make(chan *block.Block, 16), make(chan struct{}, 1)
	s.node.SubscribeForBlocks(blocks)
	go func() {
		defer s.unsubscribe(blocks)
		for {
			select {
			case <-ctx.Done():
				return
			case one := <-blocks:
				s.metrics.nodeHeight.Set(float64(one.Index))
				select {
				case wake <- struct{}{}:
				default:
					s.metrics.coalesced.Inc()
				}
			}
		}
	}()
	return wake
}

// unsubscribe takes what the node still sends while it is told.
func (s *Shadow) unsubscribe(blocks chan *block.Block) {
	done := make(chan struct{})
	go func() {
		s.node.UnsubscribeFromBlocks(blocks)
		close(done)
	}()
	for {
		select {
		case <-blocks:
		case <-done:
			return
		}
	}
}

// CatchUp follows the node up to its height, and returns. Run does it again and again; tests and
// tools may do so themselves.
func (s *Shadow) CatchUp(ctx context.Context) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("a panic: %v", caught)
		}
		if err != nil {
			s.hangUp()
		}
	}()
	if s.chain == nil {
		if s.chain, err = sidecar.DialChain(ctx, s.options.Socket, s.options.Patience); err != nil {
			return err
		}
	}
	height, err := s.chain.Height()
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		last := s.node.BlockHeight()
		s.metrics.nodeHeight.Set(float64(last))
		if height >= last {
			return nil
		}
		height++
		if err := s.follow(height); err != nil {
			return fmt.Errorf("block %d: %w", height, err)
		}
		s.metrics.height.Set(float64(height))
	}
	return ctx.Err()
}

func (s *Shadow) hangUp() {
	if s.chain != nil {
		s.chain.Close()
		s.chain = nil
	}
}

// observed is what the node made of a block.
type observed struct {
	block      *block.Block
	root       util.Uint256
	executions []state.AppExecResult
}

// observe reads what the node made of a block. Logs may be gone, if the node deletes old blocks.
func (s *Shadow) observe(height uint32) (*observed, error) {
	one, err := s.node.GetBlock(s.node.GetHeaderHash(height))
	if err != nil {
		return nil, err
	}
	root, err := s.node.GetStateRoot(height)
	if err != nil {
		return nil, err
	}
	persisting, err := s.node.GetAppExecResults(one.Hash(), trigger.All)
	if err != nil {
		return nil, err
	}
	if len(persisting) != 2 {
		return nil, fmt.Errorf("the block has %d application logs, and not 2", len(persisting))
	}
	executions := []state.AppExecResult{persisting[0]}
	for _, transaction := range one.Transactions {
		results, err := s.node.GetAppExecResults(transaction.Hash(), trigger.Application)
		if err != nil {
			return nil, err
		}
		if len(results) != 1 {
			return nil, fmt.Errorf("transaction %s has %d application logs", transaction.Hash().StringLE(), len(results))
		}
		executions = append(executions, results[0])
	}
	return &observed{one, root.Root, append(executions, persisting[1])}, nil
}

// follow executes a block, compares, and makes it part of the chain.
func (s *Shadow) follow(height uint32) error {
	node, err := s.observe(height)
	if err != nil {
		return err
	}
	bytes := io.NewBufBinWriter()
	node.block.EncodeBinary(bytes.BinWriter)
	if bytes.Err != nil {
		return bytes.Err
	}
	begun := time.Now()
	executed, err := s.chain.Execute(bytes.Bytes())
	if err != nil {
		return err
	}
	s.metrics.seconds.Observe(time.Since(begun).Seconds())
	differences, err := compareLogs(node, executed.Logs)
	if err != nil {
		return err
	}
	changes, known, err := s.compareChanges(node, executed.Changes)
	if err != nil {
		return err
	}
	differences = append(differences, changes...)
	for i := range differences {
		if differences[i].Execution >= 0 {
			differences[i].File = s.write(height, differences[i].Execution)
		}
	}
	root, err := s.chain.Append(known)
	if err != nil {
		return err
	}
	if ours := util.Uint256(root).StringLE(); ours != node.root.StringLE() {
		differences = append(differences, Difference{Kind: Root, Execution: -1, Neovm: ours, Node: node.root.StringLE()})
	}
	s.metrics.blocks.Inc()
	s.metrics.transactions.Add(float64(len(node.block.Transactions)))
	for _, difference := range differences {
		difference.Height = height
		s.report(difference)
	}
	return nil
}

func (s *Shadow) report(one Difference) {
	s.metrics.differences.WithLabelValues(string(one.Kind)).Inc()
	s.options.Log.Warn("neovm differs from the node", zap.Uint32("block", one.Height), zap.String("kind", string(one.Kind)),
		zap.Int("execution", one.Execution), zap.String("transaction", one.Transaction), zap.String("neovm", cut(one.Neovm)),
		zap.String("node", cut(one.Node)), zap.String("job", one.File))
	if s.options.Found != nil {
		s.options.Found(one)
	}
}

// cut returns the beginning of a text.
func cut(text string) string {
	if len(text) > 500 {
		return text[:500] + "..."
	}
	return text
}

// write writes a job file of an execution, and returns where. What fails is logged alone.
func (s *Shadow) write(height uint32, execution int) string {
	path := filepath.Join(s.options.Files, fmt.Sprintf("%d-%d.json", height, execution))
	if s.options.Files == "" || s.files >= s.options.MaxFiles {
		return ""
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	file, err := s.chain.File(execution)
	if err == nil {
		err = errors.Join(os.MkdirAll(s.options.Files, 0o755), os.WriteFile(path, append(file, '\n'), 0o644))
	}
	if err != nil {
		s.options.Log.Warn("neovm: a job file cannot be written", zap.String("path", path), zap.Error(err))
		return ""
	}
	s.files++
	return path
}
