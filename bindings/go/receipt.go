package neovm

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
)

// Receipt is what came of a job.
type Receipt struct {
	// Halted says that the script ran to its end; otherwise it faulted.
	Halted bool
	// Gas is what was consumed, in datoshi, rounded up; the gas limit if it does not fit, as nodes
	// report it.
	Gas int64
	// GasPico is what was consumed, in picoGAS: 10^-12 GAS.
	GasPico *big.Int
	// Instructions is how many instructions ran.
	Instructions uint64
	// Stack is the result stack, the top last.
	Stack []*Item
	// Notifications are those of contracts; none after a fault.
	Notifications []Notification
	// Logs are the messages of scripts, also those before a fault.
	Logs []Log
	// Changes are to be written to the storage, in the order of their keys; none after a fault.
	Changes []Change
	// Fault says why it faulted. It is for people.
	Fault string
	// FaultAt is where it faulted; nil if it has no place.
	FaultAt *FaultPlace
	// Calls are the scripts that ran, if they were wanted: a tree, each node before those below it.
	Calls []ScriptCall
	// File is a job file, if it was wanted: JSON with the storage that was read, and the receipt.
	File json.RawMessage
}

// Notification is an event of a contract.
type Notification struct {
	Contract Hash160 `json:"contract"`
	Event    string  `json:"event"`
	State    *Item   `json:"state"`
}

// Log is a message of a script.
type Log struct {
	Contract Hash160 `json:"contract"`
	Message  string  `json:"message"`
}

// ScriptCall is a script that ran.
type ScriptCall struct {
	Depth uint32  `json:"depth"`
	Hash  Hash160 `json:"hash"`
}

// FaultPlace is where an execution faulted.
type FaultPlace struct {
	// Depth is that of the invocation stack.
	Depth uint32
	// ScriptHash is the script's.
	ScriptHash Hash160
	// Position is that of the instruction in its script, in bytes.
	Position int64
	// Opcode is the instruction's; nil if there is none.
	Opcode *Opcode
	// AtEnd says that it is the end of the script, where a RET is not written.
	AtEnd bool
}

// Opcode is the first byte of an instruction.
type Opcode byte

// String returns the mnemonic.
func (o Opcode) String() string {
	if name := opcodeNames[o]; name != "" {
		return name
	}
	return fmt.Sprintf("Opcode(%d)", byte(o))
}

// ParseOpcode reads a mnemonic.
func ParseOpcode(name string) (Opcode, error) {
	for code, known := range opcodeNames {
		if known == name && name != "" {
			return Opcode(code), nil
		}
	}
	return 0, fmt.Errorf("%.80q is no opcode", name)
}

// Runner runs jobs. Any number of goroutines may use one at once.
type Runner interface {
	// Run runs a job over a storage. Whatever the script does, the result is a receipt. An error says
	// that there is none: the job or the storage cannot be used, the context was cancelled, or the
	// budget is used. If the context is cancelled the error is its cause.
	Run(ctx context.Context, job *Job, storage Storage) (*Receipt, error)
	// Close ends it. What runs goes on.
	Close() error
}

type receiptForm struct {
	State         string         `json:"state"`
	Gas           int64          `json:"gasDatoshi"`
	GasPico       string         `json:"gasPico"`
	Stack         []*Item        `json:"stack"`
	Notifications []Notification `json:"notifications"`
	Logs          []Log          `json:"logs"`
	Changes       []changeForm   `json:"changes"`
	Fault         *faultForm     `json:"fault,omitempty"`
	FaultAt       *placeForm     `json:"faultAt,omitempty"`
	Calls         []ScriptCall   `json:"calls,omitempty"`
}

type changeForm struct {
	Key   string  `json:"key"`
	Value *string `json:"value"`
}

type faultForm struct {
	Message string `json:"message"`
}

type placeForm struct {
	Depth      uint32          `json:"depth"`
	ScriptHash Hash160         `json:"scriptHash"`
	Position   int64           `json:"ip"`
	Opcode     json.RawMessage `json:"opcode,omitempty"`
}

// MarshalJSON writes the receipt in the form of job files.
func (r *Receipt) MarshalJSON() ([]byte, error) {
	form := receiptForm{
		State: "FAULT", Gas: r.Gas, GasPico: r.GasPico.String(), Calls: r.Calls,
		Stack: orEmpty(r.Stack), Notifications: orEmpty(r.Notifications), Logs: orEmpty(r.Logs),
		Changes: make([]changeForm, len(r.Changes)),
	}
	for i, change := range r.Changes {
		form.Changes[i].Key = hex.EncodeToString(change.Key)
		if change.Value != nil {
			text := hex.EncodeToString(change.Value)
			form.Changes[i].Value = &text
		}
	}
	if r.Halted {
		form.State = "HALT"
	} else {
		form.Fault = &faultForm{r.Fault}
	}
	if at := r.FaultAt; at != nil {
		form.FaultAt = &placeForm{Depth: at.Depth, ScriptHash: at.ScriptHash, Position: at.Position}
		if at.AtEnd {
			form.FaultAt.Opcode = json.RawMessage("null")
		} else if at.Opcode != nil {
			form.FaultAt.Opcode, _ = json.Marshal(at.Opcode.String())
		}
	}
	return json.Marshal(&form)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Receipt) UnmarshalJSON(text []byte) error {
	var form receiptForm
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	pico, valid := new(big.Int).SetString(form.GasPico, 10)
	if !valid {
		return fmt.Errorf("neovm: gasPico: %.80q is no integer", form.GasPico)
	}
	receipt := Receipt{
		Halted: form.State == "HALT", Gas: form.Gas, GasPico: pico, Stack: form.Stack,
		Notifications: form.Notifications, Logs: form.Logs, Calls: form.Calls,
	}
	for _, change := range form.Changes {
		key, err := hex.DecodeString(change.Key)
		var value []byte
		if change.Value != nil && err == nil {
			value, err = hex.DecodeString(*change.Value)
		}
		if err != nil {
			return fmt.Errorf("neovm: changes: %w", err)
		}
		receipt.Changes = append(receipt.Changes, Change{key, value})
	}
	if form.Fault != nil {
		receipt.Fault = form.Fault.Message
	}
	if form.FaultAt != nil {
		place, err := form.FaultAt.place()
		if err != nil {
			return fmt.Errorf("neovm: faultAt: %w", err)
		}
		receipt.FaultAt = place
	}
	*r = receipt
	return nil
}

func (p *placeForm) place() (*FaultPlace, error) {
	place := FaultPlace{Depth: p.Depth, ScriptHash: p.ScriptHash, Position: p.Position}
	switch {
	case string(p.Opcode) == "null":
		place.AtEnd = true
	case len(p.Opcode) > 0:
		var name string
		if err := json.Unmarshal(p.Opcode, &name); err != nil {
			return nil, err
		}
		opcode, err := ParseOpcode(name)
		if err != nil {
			return nil, err
		}
		place.Opcode = &opcode
	}
	return &place, nil
}
