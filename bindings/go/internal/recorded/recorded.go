// Package recorded runs what was recorded of the reference node, and compares.
package recorded

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
)

// Project returns the path of a file of the repository.
func Project(path string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../../../..", path)
}

// world is a network behind its genesis block, and what lines defined.
type world struct {
	runner  neovm.Runner
	genesis *neovm.MemoryStorage
	headers map[string][]byte
	changes map[string][]neovm.Change
	// The state of cases, and what it was made of.
	pre   string
	state *neovm.MemoryStorage
	chain *neovm.MemoryStorage
}

type line struct {
	Kind, Name, Settings, HeaderHex, BlockHex, MptRoot, Trigger, Container, Script, Invocation, Verification string

	ID        json.RawMessage
	Pre       json.RawMessage
	Tx        *struct{ Raw string }
	Block     *string
	Gas       int64
	CallFlags uint8
	Outcome   json.RawMessage
	Hash      string
	Datoshi   int64
	OK        bool
	Fee       *int64
}

// Open makes a runner with the settings of a network.
type Open = func(settings string) (neovm.Runner, error)

// Check runs the lines of a file, each by the runner of its network, and returns how many were
// compared. A difference fails the test.
func Check(t testing.TB, path string, open Open) (count int) {
	t.Helper()
	worlds := map[string]*world{}
	for text := range lines(t, path) {
		var head struct{ Kind, Settings, Name string }
		must(t, json.Unmarshal(text, &head))
		if head.Kind == "settings" {
			runner, err := open(string(text))
			must(t, err)
			defer runner.Close()
			worlds[head.Name] = &world{runner: runner, headers: map[string][]byte{}, changes: map[string][]neovm.Change{}}
			continue
		}
		world := worlds[head.Settings]
		if world == nil || !strings.Contains("block case verify chainStart chainBlock", head.Kind) {
			continue
		}
		var line line
		must(t, json.Unmarshal(text, &line))
		compared, err := world.check(&line)
		if err != nil {
			t.Errorf("%s %s %s: %v", line.Kind, line.Settings, line.ID, err)
		}
		if compared {
			count++
		}
	}
	return count
}

// CheckProject runs the recorded cases that the project holds.
func CheckProject(t testing.TB, open Open) {
	count := Check(t, Project("tests/data/host-cases.jsonl.gz"), open)
	if count < 3000 {
		t.Errorf("%d lines", count)
	}
	t.Logf("%d lines", count)
}

// CheckAll runs all recorded cases and chains if NEOVM_ALL_CASES is set; opened returns what opens
// the runners of a file.
func CheckAll(t testing.TB, opened func() Open) {
	if os.Getenv("NEOVM_ALL_CASES") == "" {
		t.Skipf("SKIPPED: %s: NEOVM_ALL_CASES is not set", t.Name())
	}
	for _, name := range []string{"cases.jsonl.gz", "devpack.jsonl.gz"} {
		path := Project("../shared/reference/host/" + name)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("SKIPPED: %s: there is no ../shared/reference/host/%s", t.Name(), name)
		}
		t.Logf("%s: %d lines", name, Check(t, path, opened()))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lines(t testing.TB, path string) func(yield func([]byte) bool) {
	file, err := os.Open(path)
	must(t, err)
	unzipped, err := gzip.NewReader(file)
	must(t, err)
	scanner := bufio.NewScanner(unzipped)
	scanner.Buffer(nil, 64<<20)
	return func(yield func([]byte) bool) {
		defer file.Close()
		for scanner.Scan() && yield(scanner.Bytes()) {
		}
		must(t, scanner.Err())
	}
}

func (w *world) check(line *line) (compared bool, err error) {
	switch line.Kind {
	case "block":
		w.headers[line.Name] = unhex(line.HeaderHex)
		if line.Name == "genesis" {
			w.genesis = neovm.NewMemoryStorage()
			// Behind the header: no transactions.
			return false, Persist(w.runner, w.genesis, append(unhex(line.HeaderHex), 0))
		}
		return false, nil
	case "case":
		return true, w.runCase(line)
	case "verify":
		return true, w.verify(line)
	case "chainStart":
		w.chain = w.genesis.Clone()
	case "chainBlock":
		block := unhex(line.BlockHex)
		if header, _ := parseHeader(block); header.index == 0 {
			w.chain = neovm.NewMemoryStorage()
		}
		if err := Persist(w.runner, w.chain, block); err != nil {
			return true, err
		}
	}
	if root := StateRoot(w.chain).String(); root != line.MptRoot {
		return true, fmt.Errorf("root %s, and not %s", root, line.MptRoot)
	}
	return true, nil
}

func unhex(text string) []byte {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return bytes
}

// prepare makes the state of a case: genesis, and the changes of the cases before.
func (w *world) prepare(pre json.RawMessage) error {
	if w.state != nil && w.pre == string(pre) {
		return nil
	}
	var ids []json.RawMessage
	if err := json.Unmarshal(pre, &ids); err != nil {
		return err
	}
	w.pre, w.state = string(pre), w.genesis.Clone()
	for _, id := range ids {
		w.state.Apply(w.changes[string(id)])
	}
	return nil
}

// Job returns the job of a case.
func (w *world) job(line *line) *neovm.Job {
	flags := neovm.CallFlags(line.CallFlags)
	job := &neovm.Job{Gas: line.Gas, Script: unhex(line.Script), Flags: &flags}
	if err := job.Trigger.UnmarshalText([]byte(line.Trigger)); err != nil {
		panic(err)
	}
	if line.Tx != nil {
		job.Transaction = unhex(line.Tx.Raw)
	}
	if line.Block != nil {
		header, known := w.headers[*line.Block]
		if !known {
			header = unhex(*line.Block)
		}
		job.Block = header
	}
	job.Container = map[string]neovm.Container{
		"tx": neovm.ContainerDefault, "none": neovm.ContainerNone, "block": neovm.ContainerBlock,
	}[line.Container]
	return job
}

func (w *world) runCase(line *line) error {
	if err := w.prepare(line.Pre); err != nil {
		return err
	}
	receipt, err := w.runner.Run(context.Background(), w.job(line), w.state)
	if err != nil {
		return err
	}
	w.changes[string(line.ID)] = receipt.Changes
	actual, err := w.outcome(receipt)
	if err != nil {
		return err
	}
	expected, err := tree(line.Outcome)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(actual, expected) {
		return fmt.Errorf("\ngot      %.2000v\nexpected %.2000v", actual, expected)
	}
	return nil
}

// outcome returns what came of a case in the recorded form.
func (w *world) outcome(receipt *neovm.Receipt) (map[string]any, error) {
	text, err := json.Marshal(receipt)
	if err != nil {
		return nil, err
	}
	outcome, err := tree(text)
	if err != nil {
		return nil, err
	}
	if !receipt.Halted && receipt.FaultAt == nil {
		outcome["faultAt"] = nil
	}
	changes := []any{}
	for _, change := range receipt.Changes {
		old, had, _ := w.state.Get(change.Key)
		form := map[string]any{"key": hex.EncodeToString(change.Key)}
		switch {
		case change.Value == nil && had:
			form["op"] = "delete"
		case change.Value != nil && !had:
			form["op"] = "add"
		case change.Value != nil && !bytes.Equal(old, change.Value):
			form["op"] = "change"
		default:
			continue
		}
		if change.Value != nil {
			form["value"] = hex.EncodeToString(change.Value)
		}
		if had {
			form["old"] = hex.EncodeToString(old)
		}
		changes = append(changes, form)
	}
	outcome["changes"] = changes
	return outcome, nil
}

// tree reads JSON without texts for people, and without inputs.
func tree(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	strip(value)
	return value, nil
}

func strip(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range []string{"fault", "exception", "tx", "held"} {
			delete(value, name)
		}
		for _, member := range value {
			strip(member)
		}
	case []any:
		for _, item := range value {
			strip(item)
		}
	}
}

func (w *world) verify(line *line) error {
	if err := w.prepare(line.Pre); err != nil {
		return err
	}
	account, err := neovm.ParseHash160(line.Hash)
	if err != nil {
		return err
	}
	job := &neovm.Job{
		Gas: line.Datoshi, Trigger: neovm.Verification, Transaction: unhex(line.Tx.Raw),
		Witness: &neovm.Witness{
			Account: account, Invocation: unhex(line.Invocation), Verification: unhex(line.Verification),
		},
	}
	receipt, err := w.runner.Run(context.Background(), job, w.state)
	if err != nil {
		return err
	}
	ok := receipt.Halted && len(receipt.Stack) == 1 && isTrue(receipt.Stack[0])
	if ok != line.OK || ok && (line.Fee == nil || *line.Fee != receipt.Gas) {
		return fmt.Errorf("got %v for %d datoshi, and not %v for %v", ok, receipt.Gas, line.OK, line.Fee)
	}
	return nil
}

func isTrue(item *neovm.Item) bool {
	switch item.Type {
	case neovm.Any:
		return false
	case neovm.Boolean:
		return item.Bool
	case neovm.Integer:
		return item.Int.Sign() != 0
	case neovm.ByteString:
		return len(bytes.Trim(item.Bytes, "\x00")) > 0
	}
	return true
}
