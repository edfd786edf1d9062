package shadow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/nspcc-dev/neo-go/pkg/core/mpt"
	"github.com/nspcc-dev/neo-go/pkg/core/state"

	"github.com/neovm/neovm/bindings/go/sidecar"
)

// Kind is what differs.
type Kind string

const (
	// State is whether a script halted or faulted.
	State Kind = "state"
	// Gas is the gas consumed.
	Gas Kind = "gas"
	// Stack is the result stack of a script that halted.
	Stack Kind = "stack"
	// Notifications are those of a script that halted.
	Notifications Kind = "notifications"
	// Storage is the changes of the storage.
	Storage Kind = "storage"
	// Root is the state root.
	Root Kind = "root"
)

// Difference is something in which neovm and the node differ.
type Difference struct {
	// Height is that of the block.
	Height uint32
	// Execution is its number in the block: OnPersist, the transactions, PostPersist; -1 if it is the
	// whole block that differs.
	Execution int
	// Transaction is its hash, if it is one.
	Transaction string
	// Kind is what differs.
	Kind Kind
	// Neovm and Node are the two values.
	Neovm, Node string
	// File is a job file that runs the execution again, if one was written.
	File string
}

// execution is an application log. Texts of exceptions differ, and neo-go keeps stack and
// notifications of a fault, which the reference drops: they are not compared.
type execution struct {
	Trigger       string          `json:"trigger"`
	State         string          `json:"vmstate"`
	Gas           string          `json:"gasconsumed"`
	Stack         json.RawMessage `json:"stack"`
	Notifications json.RawMessage `json:"notifications"`
}

// compareLogs compares the executions of a block.
func compareLogs(node *observed, line json.RawMessage) ([]Difference, error) {
	var logs struct {
		Executions []execution `json:"executions"`
		Txs        []execution `json:"txs"`
	}
	if err := json.Unmarshal(line, &logs); err != nil {
		return nil, err
	}
	if len(logs.Executions) != 2 || len(logs.Txs)+2 != len(node.executions) {
		return nil, errors.New("the sidecar has another number of executions")
	}
	ours := append([]execution{logs.Executions[0]}, logs.Txs...)
	ours = append(ours, logs.Executions[1])
	var differences []Difference
	for i := range ours {
		theirs, err := nodeExecution(&node.executions[i])
		if err != nil {
			return nil, err
		}
		for _, one := range compareExecution(&ours[i], theirs) {
			one.Execution = i
			if i > 0 && i < len(ours)-1 {
				one.Transaction = "0x" + node.block.Transactions[i-1].Hash().StringLE()
			}
			differences = append(differences, one)
		}
	}
	return differences, nil
}

func nodeExecution(result *state.AppExecResult) (*execution, error) {
	text, err := json.Marshal(result.Execution)
	if err != nil {
		return nil, err
	}
	var made execution
	return &made, json.Unmarshal(text, &made)
}

func compareExecution(ours, theirs *execution) (differences []Difference) {
	add := func(kind Kind, ours, theirs string) {
		differences = append(differences, Difference{Kind: kind, Neovm: ours, Node: theirs})
	}
	if ours.State != theirs.State || ours.Trigger != theirs.Trigger {
		add(State, ours.Trigger+" "+ours.State, theirs.Trigger+" "+theirs.State)
	}
	if ours.Gas != theirs.Gas {
		add(Gas, ours.Gas, theirs.Gas)
	}
	if ours.State == "HALT" && theirs.State == "HALT" {
		if !sameJSON(ours.Stack, theirs.Stack) {
			add(Stack, string(ours.Stack), string(theirs.Stack))
		}
		if !sameJSON(ours.Notifications, theirs.Notifications) {
			add(Notifications, string(ours.Notifications), string(theirs.Notifications))
		}
	}
	return differences
}

// sameJSON compares values, whatever the order of members.
func sameJSON(first, second json.RawMessage) bool {
	if bytes.Equal(first, second) {
		return true
	}
	one, err := tree(first)
	other, otherErr := tree(second)
	return err == nil && otherErr == nil && reflect.DeepEqual(one, other)
}

func tree(text json.RawMessage) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// compareChanges compares the changes of the storage. Where they differ it returns those of the
// node, for the chain to go on with.
func (s *Shadow) compareChanges(node *observed, line json.RawMessage) (differences []Difference, adopted []sidecar.Change, err error) {
	var ours struct{ Changes []sidecar.Change }
	if err := json.Unmarshal(line, &ours); err != nil {
		return nil, nil, err
	}
	theirs, known := []sidecar.Change(nil), false
	if s.options.Changes != nil {
		theirs, known = s.options.Changes(node.block.Index)
	}
	if known {
		theirs, err = s.net(node, ours.Changes, theirs)
	} else {
		theirs, err = s.lookUp(node, ours.Changes)
	}
	if err != nil {
		return nil, nil, err
	}
	if differences = diff(ours.Changes, theirs); differences == nil {
		return nil, nil, nil
	}
	return differences, theirs, nil
}

// net returns the changes of the node without those that write what was there before, as far as
// neovm does not have them.
func (s *Shadow) net(node *observed, ours, theirs []sidecar.Change) ([]sidecar.Change, error) {
	known := make(map[string]bool, len(ours))
	for _, change := range ours {
		known[string(change.Key)] = true
	}
	before, err := s.node.GetStateRoot(node.block.Index - 1)
	if err != nil {
		return nil, err
	}
	module := s.node.GetStateModule()
	return slices.DeleteFunc(theirs, func(change sidecar.Change) bool {
		if known[string(change.Key)] {
			return false
		}
		value, err := module.GetState(before.Root, change.Key)
		if err != nil {
			return change.Value == nil && errors.Is(err, mpt.ErrNotFound)
		}
		return change.Value != nil && bytes.Equal(value, *change.Value)
	}), nil
}

// lookUp returns what the node has at the keys that neovm changed.
func (s *Shadow) lookUp(node *observed, changes []sidecar.Change) ([]sidecar.Change, error) {
	theirs := make([]sidecar.Change, 0, len(changes))
	module := s.node.GetStateModule()
	for _, change := range changes {
		found := sidecar.Change{Key: change.Key}
		value, err := module.GetState(node.root, change.Key)
		switch {
		case err == nil:
			found.Value = &value
		case !errors.Is(err, mpt.ErrNotFound):
			return nil, err
		}
		theirs = append(theirs, found)
	}
	return theirs, nil
}

// diff returns how two lists of changes differ.
func diff(ours, theirs []sidecar.Change) (differences []Difference) {
	values := make(map[string]string, len(theirs))
	for _, change := range theirs {
		values[string(change.Key)] = shown(&change)
	}
	add := func(key []byte, ours, theirs string) {
		key = append([]byte{}, key...)
		differences = append(differences, Difference{
			Kind: Storage, Execution: -1, Neovm: fmt.Sprintf("%x: %s", key, ours), Node: fmt.Sprintf("%x: %s", key, theirs),
		})
	}
	for _, change := range ours {
		own := shown(&change)
		other, known := values[string(change.Key)]
		if !known {
			other = "unchanged"
		}
		if own != other {
			add(change.Key, own, other)
		}
		delete(values, string(change.Key))
	}
	for _, change := range theirs {
		if other, left := values[string(change.Key)]; left {
			add(change.Key, "unchanged", other)
		}
	}
	return differences
}

func shown(change *sidecar.Change) string {
	if change.Value == nil {
		return "deleted"
	}
	return fmt.Sprintf("%x", *change.Value)
}
