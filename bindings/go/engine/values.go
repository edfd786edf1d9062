//go:build cgo

package engine

/*
#include "bridge.h"
#cgo nocallback neovm_machine_pop
#cgo nocallback neovm_machine_push
#cgo nocallback neovm_machine_peek
#cgo nocallback neovm_machine_add_fee
#cgo nocallback neovm_item_new
#cgo nocallback neovm_item_new_compound
#cgo nocallback neovm_item_type
#cgo nocallback neovm_item_value
#cgo nocallback neovm_item_children
#cgo nocallback neovm_item_set
#cgo nocallback neovm_item_is_same
#cgo nocallback neovm_item_copy
#cgo nocallback neovm_item_object
#cgo nocallback neovm_item_serialize
#cgo nocallback neovm_item_deserialize
#cgo nocallback neovm_item_keep
#cgo nocallback neovm_item_release
#cgo noescape neovm_machine_pop
#cgo noescape neovm_machine_push
#cgo noescape neovm_machine_peek
#cgo noescape neovm_item_type
#cgo noescape neovm_item_is_same
*/
import "C"

import (
	"math/big"
	"slices"
	"unsafe"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Kind says which member of a [Value] counts.
type Kind uint32

const (
	// Null is Null.
	Null Kind = C.NEOVM_VALUE_NULL
	// Integer is an integer: Int, or Big if it does not fit.
	Integer Kind = C.NEOVM_VALUE_INTEGER
	// Boolean is a boolean: Int is 0 or 1.
	Boolean Kind = C.NEOVM_VALUE_BOOLEAN
	// Bytes is a byte string.
	Bytes Kind = C.NEOVM_VALUE_BYTES
	// Handle is an item of the machine.
	Handle Kind = C.NEOVM_VALUE_ITEM
	// Object is an object of the host, a number of its own. Two are equal if they came from the same
	// push. Only for values that are given to a machine; see [Machine.Object].
	Object Kind = C.NEOVM_VALUE_OBJECT
)

// As is the type as which an item is read.
type As uint8

const (
	// AsItem is an item, as a handle.
	AsItem As = C.NEOVM_AS_ITEM
	// AsInteger is an integer.
	AsInteger As = C.NEOVM_AS_INTEGER
	// AsBoolean is a boolean.
	AsBoolean As = C.NEOVM_AS_BOOLEAN
	// AsBytes is bytes.
	AsBytes As = C.NEOVM_AS_BYTES
	// AsItIs is whatever it is: numbers, booleans, byte strings and Null as values, everything else as
	// a handle.
	AsItIs As = C.NEOVM_AS_IT_IS
)

// Item is an item of a machine: a handle, which stands for something only as long as the machine
// lives. One that a function of the host gets or makes is released when that returns, unless
// [Machine.Keep] keeps it.
type Item uint64

// Value is a value that goes into a machine or comes out of it.
type Value struct {
	Kind Kind
	// Int is an integer that fits, or a boolean, or the number of an object.
	Int int64
	// Big is an integer that does not fit Int.
	Big *big.Int
	// Bytes is a byte string.
	Bytes []byte
	// Item is an item.
	Item Item
}

// IntegerValue returns an integer.
func IntegerValue(value int64) Value { return Value{Kind: Integer, Int: value} }

// BigValue returns an integer of up to 256 bits.
func BigValue(value *big.Int) Value {
	if value.IsInt64() {
		return IntegerValue(value.Int64())
	}
	return Value{Kind: Integer, Big: value}
}

// BooleanValue returns a boolean.
func BooleanValue(value bool) Value { return Value{Kind: Boolean, Int: int64(number(value))} }

// BytesValue returns a byte string.
func BytesValue(value []byte) Value { return Value{Kind: Bytes, Bytes: value} }

// ItemValue returns an item of the machine.
func ItemValue(item Item) Value { return Value{Kind: Handle, Item: item} }

// ObjectValue returns an object of the host.
func ObjectValue(number uint64) Value { return Value{Kind: Object, Item: Item(number)} }

// How many values are passed without memory of their own.
const inline = 16

// lend returns a value as C has it. Its bytes are pinned.
func (m *Machine) lend(value *Value) C.neovm_value {
	form := C.neovm_value{kind: C.uint32_t(value.Kind), integer: C.int64_t(value.Int), item: C.neovm_item(value.Item)}
	switch {
	case value.Kind == Bytes:
		form.bytes = pinned(&m.pinner, value.Bytes)
	case value.Kind == Integer && value.Big != nil:
		form.integer, form.bytes = 0, pinned(&m.pinner, twosComplement(value.Big))
	}
	return form
}

// with gives a function values as C has them, whose bytes are pinned as long as it runs.
func (m *Machine) with(values []Value, call func(first *C.neovm_value, count C.size_t) C.int32_t) error {
	if len(values) == 0 {
		return failure(call(nil, 0), nil)
	}
	forms := m.room(len(values))
	for i := range values {
		forms[i] = m.lend(&values[i])
	}
	status := call(&forms[0], C.size_t(len(forms)))
	m.pinner.Unpin()
	return failure(status, nil)
}

// room returns memory for values of C.
func (m *Machine) room(count int) []C.neovm_value {
	if count <= len(m.values) {
		return m.values[:count]
	}
	return make([]C.neovm_value, count)
}

// read appends values of C, whose bytes are copied.
func read(values []Value, forms []C.neovm_value) []Value {
	for i := range forms {
		values = append(values, readOne(&forms[i]))
	}
	return values
}

func readOne(form *C.neovm_value) Value {
	value := Value{Kind: Kind(form.kind), Int: int64(form.integer), Item: Item(form.item)}
	switch {
	case value.Kind == Bytes:
		value.Bytes = copied(form.bytes)
	case value.Kind == Integer && form.bytes.length > 0:
		value.Big = integer(0, view(form.bytes.data, form.bytes.length))
	}
	return value
}

// twosComplement returns an integer as little-endian two's complement.
func twosComplement(value *big.Int) []byte {
	// A byte more than the magnitude has room for the sign.
	bits := value
	if value.Sign() < 0 {
		bits = new(big.Int).Not(value)
	}
	length := bits.BitLen()/8 + 1
	if value.Sign() < 0 {
		bits = new(big.Int).Add(value, new(big.Int).Lsh(big.NewInt(1), uint(8*length)))
	}
	bytes := bits.FillBytes(make([]byte, length))
	slices.Reverse(bytes)
	return bytes
}

// Pop pops items off the stack of the current context into values, the top first, each as the type
// at its place says, as the arguments of a system call come.
//
// If there are fewer or one cannot be converted, the error is [neovm.ErrFault]: a system call
// returns it.
func (m *Machine) Pop(values []Value, types ...As) error {
	if len(values) != len(types) {
		return &neovm.Error{Status: neovm.ErrArgument, Message: "Pop: there are not as many values as types"}
	}
	if len(types) == 0 {
		return nil
	}
	forms := m.room(len(types))
	status := C.neovm_machine_pop(m.handle, (*C.uint8_t)(&types[0]), C.size_t(len(types)), &forms[0])
	if err := failure(status, nil); err != nil {
		return err
	}
	read(values[:0], forms)
	return nil
}

// Push pushes values on the stack of the current context, the last one on top.
func (m *Machine) Push(values ...Value) error {
	return m.with(values, func(first *C.neovm_value, count C.size_t) C.int32_t {
		return C.neovm_machine_push(m.handle, first, count)
	})
}

// Peek returns the item at a depth from the top of the current context's stack, 0 for the top. It
// stays there.
func (m *Machine) Peek(depth int) (Value, error) {
	var form C.neovm_value
	if err := failure(C.neovm_machine_peek(m.handle, C.size_t(depth), &form), nil); err != nil {
		return Value{}, err
	}
	return readOne(&form), nil
}

// AddFee charges a fee in picoGAS. The error is [neovm.ErrFault] if there is not so much gas: a
// system call returns it.
func (m *Machine) AddFee(pico uint64) error {
	return failure(C.neovm_machine_add_fee(m.handle, C.uint64_t(pico)), nil)
}

// made returns an item that was made.
func made(status C.int32_t, item C.neovm_item) (Item, error) { return Item(item), failure(status, nil) }

// NewItem makes an item of a value.
func (m *Machine) NewItem(value Value) (Item, error) {
	var item C.neovm_item
	err := m.with([]Value{value}, func(first *C.neovm_value, _ C.size_t) C.int32_t {
		return C.neovm_item_new(m.handle, first, &item)
	})
	return Item(item), err
}

// NewCompound makes an Array or a Struct of values, a Map of keys and values in turn, or a Buffer of
// the bytes of the one value.
func (m *Machine) NewCompound(itemType neovm.ItemType, values ...Value) (Item, error) {
	var item C.neovm_item
	err := m.with(values, func(first *C.neovm_value, count C.size_t) C.int32_t {
		return C.neovm_item_new_compound(m.handle, C.uint32_t(itemType), first, count, &item)
	})
	return Item(item), err
}

// Type returns the type of an item, and how many children it has: 2 for each entry of a map. For a
// buffer or a byte string it is the number of bytes.
func (m *Machine) Type(item Item) (itemType neovm.ItemType, count int, err error) {
	var kind C.uint32_t
	var children C.size_t
	status := C.neovm_item_type(m.handle, C.neovm_item(item), &kind, &children)
	return neovm.ItemType(kind), int(children), failure(status, nil)
}

// Value returns an item as a value. The error is [neovm.ErrFault] if it cannot be converted.
func (m *Machine) Value(item Item, wanted As) (Value, error) {
	forms := m.room(1)
	status := C.neovm_item_value(m.handle, C.neovm_item(item), C.uint8_t(wanted), &forms[0])
	if err := failure(status, nil); err != nil {
		return Value{}, err
	}
	return readOne(&forms[0]), nil
}

// Children returns the children of a compound; keys and values of a map, in turn. What is no
// number, boolean, byte string or Null is an item.
func (m *Machine) Children(item Item) ([]Value, error) {
	_, count, err := m.Type(item)
	if err != nil || count == 0 {
		return nil, err
	}
	forms := m.room(count)
	status := C.neovm_item_children(m.handle, C.neovm_item(item), 0, C.size_t(count), &forms[0])
	if err := failure(status, nil); err != nil {
		return nil, err
	}
	return read(make([]Value, 0, count), forms), nil
}

// Set changes a compound that no script holds yet: sets the item at an index of an array or struct,
// or appends it if the index is the number of items; for a map, key is the key.
func (m *Machine) Set(item Item, key, value Value) error {
	return m.with([]Value{key, value}, func(first *C.neovm_value, _ C.size_t) C.int32_t {
		pair := unsafe.Slice(first, 2)
		return C.neovm_item_set(m.handle, C.neovm_item(item), &pair[0], &pair[1])
	})
}

// IsSame says whether two handles stand for the same item, and not only for equal ones.
func (m *Machine) IsSame(first, second Item) (bool, error) {
	var same C.uint32_t
	status := C.neovm_item_is_same(m.handle, C.neovm_item(first), C.neovm_item(second), &same)
	return same != 0, failure(status, nil)
}

// Copy copies an item and all that it holds, in which what was shared is shared.
func (m *Machine) Copy(item Item) (Item, error) {
	var copy C.neovm_item
	status := C.neovm_item_copy(m.handle, C.neovm_item(item), &copy)
	return made(status, copy)
}

// Object returns the number of an object of the host.
func (m *Machine) Object(item Item) (uint64, error) {
	var object C.uint64_t
	status := C.neovm_item_object(m.handle, C.neovm_item(item), &object)
	return uint64(object), failure(status, nil)
}

// Serialize serializes an item as StdLib does.
func (m *Machine) Serialize(item Item) ([]byte, error) {
	var bytes C.neovm_bytes
	status := C.neovm_item_serialize(m.handle, C.neovm_item(item), &bytes)
	if err := failure(status, nil); err != nil {
		return nil, err
	}
	return copied(bytes), nil
}

// Deserialize makes an item of bytes that were serialized.
func (m *Machine) Deserialize(serialized []byte) (Item, error) {
	var item C.neovm_item
	first := (*C.uint8_t)(unsafe.SliceData(serialized))
	status := C.neovm_item_deserialize(m.handle, first, C.size_t(len(serialized)), &item)
	return made(status, item)
}

// Keep makes another handle of an item, which lives until it is released or the machine is reset or
// closed, and not only until the function of the host returns.
func (m *Machine) Keep(item Item) (Item, error) {
	var kept C.neovm_item
	status := C.neovm_item_keep(m.handle, C.neovm_item(item), &kept)
	return made(status, kept)
}

// Release releases a handle.
func (m *Machine) Release(item Item) error {
	return failure(C.neovm_item_release(m.handle, C.neovm_item(item)), nil)
}
