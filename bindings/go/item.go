package neovm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
)

// ItemType is the type of a stack item, with the number that scripts see.
type ItemType uint8

// The types.
const (
	Any              ItemType = 0x00 // Null.
	Pointer          ItemType = 0x10
	Boolean          ItemType = 0x20
	Integer          ItemType = 0x21
	ByteString       ItemType = 0x28
	Buffer           ItemType = 0x30
	Array            ItemType = 0x40
	Struct           ItemType = 0x41
	Map              ItemType = 0x48
	InteropInterface ItemType = 0x60
)

var itemNames = map[ItemType]string{
	Any: "Any", Pointer: "Pointer", Boolean: "Boolean", Integer: "Integer", ByteString: "ByteString",
	Buffer: "Buffer", Array: "Array", Struct: "Struct", Map: "Map", InteropInterface: "InteropInterface",
}

// String returns the name, as the RPC has it.
func (t ItemType) String() string {
	if name, known := itemNames[t]; known {
		return name
	}
	return fmt.Sprintf("ItemType(%d)", uint8(t))
}

// MarshalText returns the name.
func (t ItemType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a name.
func (t *ItemType) UnmarshalText(text []byte) error {
	for itemType, name := range itemNames {
		if name == string(text) {
			*t = itemType
			return nil
		}
	}
	return fmt.Errorf("%.80q is no type of stack items", text)
}

// Item is an item of a result stack or a notification. An item of which scripts held several
// references is one Item, and cycles are cycles.
type Item struct {
	Type ItemType
	// Bool is the value of a Boolean.
	Bool bool
	// Int is the value of an Integer, and the position of a Pointer.
	Int *big.Int
	// Bytes is the value of a ByteString or a Buffer.
	Bytes []byte
	// Items are the items of an Array or a Struct; keys and values, in turn, of a Map.
	Items []*Item
	// Interface is the name of an InteropInterface.
	Interface string
	// Omitted says why JSON that was read does not have the value: "cycle" for a compound within
	// itself, "deep" for one that is nested too deep, "cut" if it would be too much.
	Omitted string
}

// NewInteger returns an Integer.
func NewInteger(value int64) *Item { return &Item{Type: Integer, Int: big.NewInt(value)} }

// NewBoolean returns a Boolean.
func NewBoolean(value bool) *Item { return &Item{Type: Boolean, Bool: value} }

// NewBytes returns a ByteString.
func NewBytes(value []byte) *Item { return &Item{Type: ByteString, Bytes: value} }

// NewArray returns an Array.
func NewArray(items ...*Item) *Item { return &Item{Type: Array, Items: items} }

// Below this depth only types are written, as the engine does it.
const maxDepth = 55

type itemForm struct {
	Type      ItemType `json:"type"`
	Value     any      `json:"value,omitempty"`
	Interface string   `json:"interface,omitempty"`
	Cycle     bool     `json:"cycle,omitempty"`
	Deep      bool     `json:"deep,omitempty"`
	Cut       bool     `json:"cut,omitempty"`
}

type entryForm struct {
	Key   *itemForm `json:"key"`
	Value *itemForm `json:"value"`
}

// MarshalJSON writes the item in the form of job files: that of the RPC, with `"cycle": true` for
// a compound that it lies in, and `"deep": true` for what is nested too deep.
func (i *Item) MarshalJSON() ([]byte, error) { return json.Marshal(i.form(nil)) }

func (i *Item) form(open []*Item) *itemForm {
	form := &itemForm{Type: i.Type, Interface: i.Interface}
	form.Cycle, form.Deep, form.Cut = i.Omitted == "cycle", i.Omitted == "deep", i.Omitted == "cut"
	switch i.Type {
	case Boolean:
		form.Value = i.Bool
	case Integer:
		form.Value = i.Int.String()
	case Pointer:
		form.Value = i.Int.Int64()
	case ByteString, Buffer:
		if i.Omitted == "" {
			form.Value = base64.StdEncoding.EncodeToString(i.Bytes)
		}
	case Array, Struct, Map:
		switch {
		case i.Omitted != "":
		case slices.Contains(open, i):
			form.Cycle = true
		case len(open) >= maxDepth:
			form.Deep = true
		default:
			form.Value = i.children(append(open, i))
		}
	}
	return form
}

func (i *Item) children(open []*Item) any {
	if i.Type != Map {
		forms := make([]*itemForm, len(i.Items))
		for n, item := range i.Items {
			forms[n] = item.form(open)
		}
		return forms
	}
	entries := make([]entryForm, len(i.Items)/2)
	for n := range entries {
		entries[n] = entryForm{i.Items[2*n].form(open), i.Items[2*n+1].form(open)}
	}
	return entries
}

// UnmarshalJSON reads what MarshalJSON writes.
func (i *Item) UnmarshalJSON(text []byte) error {
	var form struct {
		itemForm
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	item := Item{Type: form.Type, Interface: form.Interface}
	switch {
	case form.Cycle:
		item.Omitted = "cycle"
	case form.Deep:
		item.Omitted = "deep"
	case form.Cut:
		item.Omitted = "cut"
	default:
		if err := item.readValue(form.Value); err != nil {
			return fmt.Errorf("an item of type %s: %w", item.Type, err)
		}
	}
	*i = item
	return nil
}

func (i *Item) readValue(value json.RawMessage) error {
	switch i.Type {
	case Boolean:
		return json.Unmarshal(value, &i.Bool)
	case Pointer:
		return json.Unmarshal(value, &i.Int)
	case Integer:
		var digits string
		if err := json.Unmarshal(value, &digits); err != nil {
			return err
		}
		var valid bool
		if i.Int, valid = new(big.Int).SetString(digits, 10); !valid || len(digits) > 80 {
			return fmt.Errorf("%.80q is no integer", digits)
		}
	case ByteString, Buffer:
		return json.Unmarshal(value, &i.Bytes)
	case Array, Struct:
		return json.Unmarshal(value, &i.Items)
	case Map:
		var entries []struct{ Key, Value *Item }
		if err := json.Unmarshal(value, &entries); err != nil {
			return err
		}
		for _, entry := range entries {
			i.Items = append(i.Items, entry.Key, entry.Value)
		}
	}
	return nil
}
