package recorded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Persist runs a block as a node does: what native contracts do before its transactions, the
// transactions, what native contracts do behind them; and writes what each of them changes.
func Persist(runner neovm.Runner, state *neovm.MemoryStorage, block []byte) error {
	transactions, err := parseTransactions(block)
	if err != nil {
		return err
	}
	step := func(job *neovm.Job, mustHalt bool) error {
		job.Block = block
		receipt, err := runner.Run(context.Background(), job, state)
		if err != nil {
			return err
		}
		if mustHalt && !receipt.Halted {
			return fmt.Errorf("%v: %s", job.Trigger, receipt.Fault)
		}
		state.Apply(receipt.Changes)
		return nil
	}
	if err := step(&neovm.Job{Trigger: neovm.OnPersist}, true); err != nil {
		return err
	}
	for _, transaction := range transactions {
		if err := step(&neovm.Job{Transaction: transaction.bytes, Gas: transaction.systemFee}, false); err != nil {
			return err
		}
	}
	return step(&neovm.Job{Trigger: neovm.PostPersist}, true)
}

type header struct{ index uint32 }

type transaction struct {
	bytes     []byte
	systemFee int64
}

// reader reads the format of blocks.
type reader struct {
	bytes []byte
	err   error
}

func (r *reader) take(count int) []byte {
	if r.err != nil || count > len(r.bytes) {
		r.err = errors.New("the block is too short")
		return make([]byte, min(count, 1<<16))
	}
	taken := r.bytes[:count]
	r.bytes = r.bytes[count:]
	return taken
}

func (r *reader) byte() int { return int(r.take(1)[0]) }

// A length: one byte, or what it announces.
func (r *reader) length() int {
	switch first := r.byte(); first {
	case 0xfd:
		return int(binary.LittleEndian.Uint16(r.take(2)))
	case 0xfe:
		return int(binary.LittleEndian.Uint32(r.take(4)))
	default:
		return first
	}
}

func (r *reader) skipBytes() { r.take(r.length()) }

func (r *reader) each(count int, read func()) {
	for ; count > 0 && r.err == nil; count-- {
		read()
	}
}

func (r *reader) witness() {
	r.skipBytes()
	r.skipBytes()
}

func parseHeader(block []byte) (header, *reader) {
	r := &reader{bytes: block}
	r.take(4 + 32 + 32 + 8 + 8)
	index := binary.LittleEndian.Uint32(r.take(4))
	r.take(1 + 20)
	r.each(r.byte(), r.witness)
	return header{index}, r
}

func parseTransactions(block []byte) ([]transaction, error) {
	_, r := parseHeader(block)
	var list []transaction
	r.each(r.length(), func() {
		begin := r.bytes
		r.take(1 + 4)
		fee := int64(binary.LittleEndian.Uint64(r.take(8)))
		r.take(8 + 4)
		r.each(r.length(), r.signer)
		r.each(r.length(), r.attribute)
		r.skipBytes()
		r.each(r.length(), r.witness)
		list = append(list, transaction{begin[:len(begin)-len(r.bytes)], fee})
	})
	return list, r.err
}

func (r *reader) signer() {
	r.take(20)
	scopes := r.byte()
	if scopes&0x10 != 0 {
		r.each(r.length(), func() { r.take(20) })
	}
	if scopes&0x20 != 0 {
		r.each(r.length(), func() { r.take(33) })
	}
	if scopes&0x40 != 0 {
		r.each(r.length(), func() {
			r.byte()
			r.condition()
		})
	}
}

func (r *reader) condition() {
	switch kind := r.byte(); kind {
	case 0x00:
		r.byte()
	case 0x01:
		r.condition()
	case 0x02, 0x03:
		r.each(r.length(), r.condition)
	case 0x18, 0x28:
		r.take(20)
	case 0x19, 0x29:
		r.take(33)
	case 0x20:
	default:
		r.err = fmt.Errorf("there is no witness condition %#x", kind)
	}
}

func (r *reader) attribute() {
	switch kind := r.byte(); kind {
	case 0x01:
	case 0x11:
		r.take(9)
		r.skipBytes()
	case 0x20:
		r.take(4)
	case 0x21:
		r.take(32)
	case 0x22:
		r.byte()
	default:
		r.err = fmt.Errorf("there is no attribute %#x", kind)
	}
}
