package neovm

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Trigger is why a script runs. The zero value stands for Application.
type Trigger uint8

// The triggers, with the numbers that scripts see.
const (
	OnPersist    Trigger = 0x01
	PostPersist  Trigger = 0x02
	Verification Trigger = 0x20
	Application  Trigger = 0x40
)

var triggerNames = map[Trigger]string{
	0: "Application", OnPersist: "OnPersist", PostPersist: "PostPersist",
	Verification: "Verification", Application: "Application",
}

// String returns the name.
func (t Trigger) String() string {
	if name, known := triggerNames[t]; known {
		return name
	}
	return fmt.Sprintf("Trigger(%d)", uint8(t))
}

// MarshalText returns the name.
func (t Trigger) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a name.
func (t *Trigger) UnmarshalText(text []byte) error {
	for trigger, name := range triggerNames {
		if name == string(text) && trigger != 0 {
			*t = trigger
			return nil
		}
	}
	return fmt.Errorf("%.80q is no trigger", text)
}

// Container is what contains the script of a job.
type Container uint8

const (
	// ContainerDefault is the transaction, if there is one, otherwise nothing.
	ContainerDefault Container = iota
	// ContainerNone is nothing.
	ContainerNone
	// ContainerBlock is the block.
	ContainerBlock
)

var containerNames = [...]string{"", "none", "block"}

// CallFlags is what a script may do.
type CallFlags uint8

// The flags.
const (
	NoFlags     CallFlags = 0
	ReadStates  CallFlags = 1
	WriteStates CallFlags = 2
	AllowCall   CallFlags = 4
	AllowNotify CallFlags = 8
	States                = ReadStates | WriteStates
	ReadOnly              = ReadStates | AllowCall
	AllFlags              = States | AllowCall | AllowNotify
)

var flagNames = []struct {
	flags CallFlags
	name  string
}{{AllFlags, "All"}, {ReadStates, "ReadStates"}, {WriteStates, "WriteStates"}, {AllowCall, "AllowCall"},
	{AllowNotify, "AllowNotify"}, {States, "States"}, {ReadOnly, "ReadOnly"}, {NoFlags, "None"}}

// String returns the names of the flags, separated by commas.
func (f CallFlags) String() string {
	var names []string
	for _, named := range flagNames {
		if f == named.flags {
			return named.name
		}
		if named.flags != AllFlags && named.flags != 0 && f&named.flags == named.flags && named.flags&(named.flags-1) == 0 {
			names = append(names, named.name)
		}
	}
	return strings.Join(names, ", ")
}

// MarshalText returns the names of the flags.
func (f CallFlags) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads names of flags, separated by commas.
func (f *CallFlags) UnmarshalText(text []byte) error {
	*f = 0
names:
	for _, name := range strings.Split(string(text), ",") {
		for _, named := range flagNames {
			if named.name == strings.TrimSpace(name) {
				*f |= named.flags
				continue names
			}
		}
		return fmt.Errorf("%.80q is no call flag", name)
	}
	return nil
}

// Header is the fields of a block's header that scripts can see, for hosts that do not have its bytes.
type Header struct {
	Index         uint32  `json:"index"`
	Timestamp     uint64  `json:"timestamp"` // Milliseconds since 1970.
	Nonce         uint64  `json:"nonce"`
	Primary       uint8   `json:"primary"`
	PreviousHash  Hash256 `json:"previousHash"`
	MerkleRoot    Hash256 `json:"merkleRoot"`
	NextConsensus Hash160 `json:"nextConsensus"`
}

// Call is the call of a contract's method.
type Call struct {
	Contract Hash160
	Method   string
	// Arguments are items in the JSON form in which the RPC shows them, see [Arguments].
	Arguments json.RawMessage
}

// Arguments writes items as the arguments of a [Call].
func Arguments(items ...*Item) (json.RawMessage, error) { return json.Marshal(items) }

// Witness is a witness to be verified.
type Witness struct {
	Account      Hash160
	Invocation   []byte
	Verification []byte // Without one the account is a contract.
	// Lenient lets scripts have bytes that are no instructions, as long as they are not reached: so it is
	// in a test run.
	Lenient bool
}

// Job is an execution. What runs is, if given, the script, the call or the witness; otherwise what
// the trigger says: the transaction's script, or what native contracts do before or after the
// transactions of a block.
type Job struct {
	Trigger   Trigger
	Container Container
	// Transaction is its bytes. What does not matter to an execution need not be valid.
	Transaction []byte
	// Block is the bytes of the block that is being persisted, or of its header alone. Without it and
	// Header, the last block in the storage counts.
	Block []byte
	// Header is that of the block, if Block is not given.
	Header *Header
	// Gas is the gas limit, in datoshi.
	Gas int64
	// Script is a script, with Flags.
	Script []byte
	// Flags are the script's call flags; nil for all of them.
	Flags *CallFlags
	// Call is a call.
	Call *Call
	// Witness is a witness.
	Witness *Witness

	// Budget is the number of instructions after which the execution is stopped with [ErrBudget]; 0
	// for no limit.
	Budget uint64
	// WantCalls asks for [Receipt.Calls]. The execution is slower.
	WantCalls bool
	// WantFile asks for [Receipt.File].
	WantFile bool
}

type jobForm struct {
	Trigger     *Trigger        `json:"trigger,omitempty"`
	Container   string          `json:"container,omitempty"`
	Transaction string          `json:"transaction,omitempty"`
	Block       json.RawMessage `json:"block,omitempty"`
	Gas         int64           `json:"gas"`
	Script      *string         `json:"script,omitempty"`
	Flags       *CallFlags      `json:"flags,omitempty"`
	Call        *callForm       `json:"call,omitempty"`
	Witness     *witnessForm    `json:"witness,omitempty"`
}

type callForm struct {
	Contract  Hash160         `json:"contract"`
	Method    string          `json:"method"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

type witnessForm struct {
	Account      Hash160 `json:"account"`
	Invocation   string  `json:"invocation"`
	Verification string  `json:"verification"`
	Strict       *bool   `json:"strict,omitempty"` // True unless given.
}

// MarshalJSON writes the member `job` of a job file. Budget, WantCalls and WantFile are no part of it.
func (j *Job) MarshalJSON() ([]byte, error) {
	form := jobForm{Transaction: hex.EncodeToString(j.Transaction), Gas: j.Gas, Flags: j.Flags, Trigger: &j.Trigger}
	if int(j.Container) >= len(containerNames) {
		return nil, fmt.Errorf("neovm: there is no container %d", j.Container)
	}
	form.Container = containerNames[j.Container]
	var err error
	switch {
	case len(j.Block) > 0:
		form.Block, err = json.Marshal(hex.EncodeToString(j.Block))
	case j.Header != nil:
		form.Block, err = json.Marshal(j.Header)
	}
	if j.Script != nil {
		text := hex.EncodeToString(j.Script)
		form.Script = &text
	}
	if j.Call != nil {
		form.Call = (*callForm)(j.Call)
	}
	if w := j.Witness; w != nil {
		form.Witness = &witnessForm{
			Account: w.Account, Invocation: hex.EncodeToString(w.Invocation), Verification: hex.EncodeToString(w.Verification),
		}
		if w.Lenient {
			form.Witness.Strict = new(bool)
		}
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(&form)
}

// UnmarshalJSON reads the member `job` of a job file.
func (j *Job) UnmarshalJSON(text []byte) error {
	var form jobForm
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	job := Job{Gas: form.Gas, Flags: form.Flags, Call: (*Call)(form.Call)}
	if form.Trigger != nil {
		job.Trigger = *form.Trigger
	}
	var err error // The first one.
	check := func(member string, failed error) {
		if failed != nil && err == nil {
			err = fmt.Errorf("%s: %w", member, failed)
		}
	}
	read := func(member, text string) []byte {
		bytes, failed := hex.DecodeString(text)
		check(member, failed)
		return bytes
	}
	job.Transaction = read("transaction", form.Transaction)
	if form.Script != nil {
		job.Script = read("script", *form.Script)
	}
	if w := form.Witness; w != nil {
		job.Witness = &Witness{
			Account: w.Account, Invocation: read("invocation", w.Invocation),
			Verification: read("verification", w.Verification), Lenient: w.Strict != nil && !*w.Strict,
		}
	}
	if len(form.Block) > 0 && form.Block[0] == '"' {
		var digits string
		check("block", json.Unmarshal(form.Block, &digits))
		job.Block = read("block", digits)
	} else if len(form.Block) > 0 {
		check("block", json.Unmarshal(form.Block, &job.Header))
	}
	switch form.Container {
	case "", "transaction":
	case "none":
		job.Container = ContainerNone
	case "block":
		job.Container = ContainerBlock
	default:
		check("container", fmt.Errorf("%.80q is none", form.Container))
	}
	if err != nil {
		return fmt.Errorf("neovm: the job: %w", err)
	}
	*j = job
	return nil
}
