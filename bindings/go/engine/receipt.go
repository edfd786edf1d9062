//go:build cgo

package engine

// #include "bridge.h"
import "C"

import (
	"math/big"
	"slices"
	"unsafe"

	neovm "github.com/neovm/neovm/bindings/go"
)

// readReceipt copies a receipt out of the library.
func readReceipt(data *C.neovm_receipt_data) *neovm.Receipt {
	items := readNodes(unsafe.Slice(data.nodes, int(data.node_count)))
	pico := new(big.Int).SetUint64(uint64(data.gas_pico_high))
	pico.Lsh(pico, 64).Add(pico, new(big.Int).SetUint64(uint64(data.gas_pico_low)))
	receipt := &neovm.Receipt{
		Halted:       data.outcome == C.NEOVM_OUTCOME_HALT,
		Gas:          int64(data.gas_datoshi),
		GasPico:      pico,
		Instructions: uint64(data.instructions),
		Fault:        text(data.fault),
	}
	for _, place := range unsafe.Slice(data.stack, int(data.stack_count)) {
		receipt.Stack = append(receipt.Stack, &items[place])
	}
	for _, one := range unsafe.Slice(data.notifications, int(data.notification_count)) {
		receipt.Notifications = append(receipt.Notifications, neovm.Notification{
			Contract: hash160(&one.contract), Event: text(one.event), State: &items[one.state],
		})
	}
	for _, one := range unsafe.Slice(data.logs, int(data.log_count)) {
		receipt.Logs = append(receipt.Logs, neovm.Log{Contract: hash160(&one.script_hash), Message: text(one.message)})
	}
	for _, one := range unsafe.Slice(data.changes, int(data.change_count)) {
		change := neovm.Change{Key: copied(one.key)}
		if one.deleted == 0 {
			change.Value = copied(one.value)
		}
		receipt.Changes = append(receipt.Changes, change)
	}
	for _, one := range unsafe.Slice(data.calls, int(data.call_count)) {
		receipt.Calls = append(receipt.Calls, neovm.ScriptCall{Depth: uint32(one.depth), Hash: hash160(&one.script_hash)})
	}
	if data.file.length > 0 {
		receipt.File = copied(data.file)
	}
	if data.fault_position >= 0 {
		receipt.FaultAt = readPlace(data)
	}
	return receipt
}

func readPlace(data *C.neovm_receipt_data) *neovm.FaultPlace {
	place := &neovm.FaultPlace{
		Depth:      uint32(data.fault_depth),
		ScriptHash: hash160(&data.fault_script),
		Position:   int64(data.fault_position),
		AtEnd:      data.fault_at_end != 0,
	}
	if data.fault_opcode >= 0 && !place.AtEnd {
		opcode := neovm.Opcode(data.fault_opcode)
		place.Opcode = &opcode
	}
	return place
}

func hash160(bytes *[20]C.uint8_t) neovm.Hash160 { return *(*neovm.Hash160)(unsafe.Pointer(bytes)) }

// readNodes makes an item of each node. References between them stay what they are.
func readNodes(nodes []C.neovm_node) []neovm.Item {
	items := make([]neovm.Item, len(nodes))
	for i := range nodes {
		node, item := &nodes[i], &items[i]
		item.Type = neovm.ItemType(node.item_type)
		switch item.Type {
		case neovm.Boolean:
			item.Bool = node.integer != 0
		case neovm.Integer, neovm.Pointer:
			item.Int = integer(int64(node.integer), view(node.bytes.data, node.bytes.length))
		case neovm.ByteString, neovm.Buffer:
			item.Bytes = copied(node.bytes)
		case neovm.InteropInterface:
			item.Interface = text(node.bytes)
		default:
			for _, child := range unsafe.Slice(node.children, int(node.count)) {
				item.Items = append(item.Items, &items[child])
			}
		}
	}
	return items
}

// integer returns an integer that fits, or else that of little-endian two's complement.
func integer(small int64, bytes []byte) *big.Int {
	if len(bytes) == 0 {
		return big.NewInt(small)
	}
	reversed := slices.Clone(bytes)
	slices.Reverse(reversed)
	value := new(big.Int).SetBytes(reversed)
	if reversed[0]&0x80 != 0 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return value
}
