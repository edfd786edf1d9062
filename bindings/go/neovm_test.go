package neovm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"testing"

	neovm "github.com/neovm/neovm/bindings/go"
)

func TestHashes(t *testing.T) {
	text := "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5"
	hash, err := neovm.ParseHash160(text)
	if err != nil || hash.String() != text || hash[0] != 0xf5 {
		t.Error(hash, err)
	}
	for _, wrong := range []string{"", "0x", text[:40], text + "00", strings.Replace(text, "e", "g", 1)} {
		if _, err := neovm.ParseHash160(wrong); err == nil {
			t.Errorf("%q is a hash", wrong)
		}
	}
	if _, err := neovm.ParseHash256(text); err == nil {
		t.Error("20 bytes are 32")
	}
}

func TestErrors(t *testing.T) {
	err := error(&neovm.Error{Status: neovm.ErrInput, Message: "line 1"})
	if !errors.Is(err, neovm.ErrInput) || errors.Is(err, neovm.ErrState) || err.Error() != "neovm: line 1" {
		t.Error(err)
	}
	cause := errors.New("cause")
	if err := error(&neovm.StorageError{Operation: "get", Err: cause}); !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestCallFlags(t *testing.T) {
	for flags := range neovm.CallFlags(16) {
		var read neovm.CallFlags
		if err := read.UnmarshalText([]byte(flags.String())); err != nil || read != flags {
			t.Errorf("%d: %q %d %v", flags, flags, read, err)
		}
	}
	if neovm.AllFlags.String() != "All" || (neovm.ReadStates|neovm.AllowNotify).String() != "ReadStates, AllowNotify" {
		t.Error(neovm.AllFlags)
	}
}

// Whatever a job file says of a job is there again when it is written.
func TestJobs(t *testing.T) {
	for _, text := range []string{
		`{"trigger":"Application","gas":1,"script":""}`,
		`{"trigger":"OnPersist","container":"block","block":"0102","gas":0}`,
		`{"trigger":"Verification","transaction":"00","gas":1,"witness":{"account":"0x` + strings.Repeat("01", 20) +
			`","invocation":"11","verification":""}}`,
		`{"trigger":"Verification","transaction":"00","gas":1,"witness":{"account":"0x` + strings.Repeat("01", 20) +
			`","invocation":"11","verification":"","strict":false}}`,
		`{"trigger":"Application","container":"none","gas":2,"flags":"ReadOnly","call":{"contract":"0x` +
			strings.Repeat("02", 20) + `","method":"m","arguments":[{"type":"Integer","value":"5"}]}}`,
	} {
		var job neovm.Job
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			t.Error(text, err)
			continue
		}
		again, err := json.Marshal(&job)
		if err != nil || string(again) != text {
			t.Errorf("%s\n%s %v", text, again, err)
		}
	}
	for _, text := range []string{
		`{"gas":1,"trigger":"x"}`, `{"gas":1,"script":"1"}`, `{"gas":1,"flags":"x"}`, `{"gas":1,"container":"x"}`,
		`{"gas":1,"block":5}`, `{"gas":1,"transaction":"zz"}`, `{"gas":"x"}`,
		`{"gas":1,"transaction":"00zz","block":"00"}`, `{"gas":1,"transaction":"00zz","block":{"index":1}}`,
		`{"gas":1,"script":"1","block":"00","container":"none"}`,
	} {
		var job neovm.Job
		if err := json.Unmarshal([]byte(text), &job); err == nil {
			t.Errorf("%s is a job", text)
		}
	}
}

func TestReceipts(t *testing.T) {
	text := `{"state":"FAULT","gasDatoshi":1,"gasPico":"10000","stack":[{"type":"Map","value":[{"key":{"type":"Integer",` +
		`"value":"-1"},"value":{"type":"Any"}}]},{"type":"Array","cycle":true},{"type":"Pointer","value":3},` +
		`{"type":"InteropInterface","interface":"StorageContext"}],"notifications":[],"logs":[],"changes":[{"key":"01",` +
		`"value":null},{"key":"02","value":""}],"fault":{"message":"why"},"faultAt":{"depth":1,"scriptHash":"0x` +
		strings.Repeat("03", 20) + `","ip":4,"opcode":null}}`
	var receipt neovm.Receipt
	if err := json.Unmarshal([]byte(text), &receipt); err != nil {
		t.Fatal(err)
	}
	if receipt.Changes[0].Value != nil || receipt.Changes[1].Value == nil || !receipt.FaultAt.AtEnd {
		t.Errorf("%+v", receipt)
	}
	again, err := json.Marshal(&receipt)
	if err != nil || string(again) != text {
		t.Errorf("%s\n%s %v", text, again, err)
	}
}

func TestItems(t *testing.T) {
	shared := neovm.NewBytes([]byte{1})
	item := neovm.NewArray(shared, shared, neovm.NewInteger(-5), neovm.NewBoolean(true))
	item.Items = append(item.Items, item)
	text, err := json.Marshal(item)
	if err != nil {
		t.Fatal(err)
	}
	var read neovm.Item
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if read.Items[2].Int.Cmp(big.NewInt(-5)) != 0 || read.Items[4].Omitted != "cycle" || !read.Items[3].Bool {
		t.Errorf("%s", text)
	}
	deep := neovm.NewArray()
	for range 100000 {
		deep = neovm.NewArray(deep)
	}
	if text, err := json.Marshal(deep); err != nil || !strings.Contains(string(text), `"deep":true`) {
		t.Error(err)
	}
}

func TestMemoryStorage(t *testing.T) {
	storage := neovm.NewMemoryStorage()
	for _, key := range []string{"b2", "a", "b1", "b", "b3", "c"} {
		storage.Put([]byte(key), []byte("value of "+key))
	}
	storage.Apply([]neovm.Change{{Key: []byte("c")}, {Key: []byte("d"), Value: []byte{}}})
	copied := storage.Clone()
	copied.Delete([]byte("b"))
	read := func(prefix, from string, backward bool) (keys []string) {
		var start []byte
		if from != "" {
			start = []byte(from)
		}
		cursor, err := storage.Seek([]byte(prefix), start, backward)
		if err != nil {
			t.Fatal(err)
		}
		defer cursor.Close()
		for {
			key, value, found, err := cursor.Next()
			if err != nil || !found {
				return keys
			}
			if string(key) != "d" && string(value) != "value of "+string(key) {
				t.Errorf("%s: %s", key, value)
			}
			keys = append(keys, string(key))
		}
	}
	for _, one := range []struct {
		prefix, from string
		backward     bool
		expected     string
	}{
		{"", "", false, "a b b1 b2 b3 d"}, {"b", "", false, "b b1 b2 b3"}, {"b", "", true, "b3 b2 b1 b"},
		{"b", "b2", false, "b2 b3"}, {"b", "b2", true, "b2 b1 b"}, {"b", "b15", false, "b2 b3"},
		{"b", "b15", true, "b1 b"}, {"b", "z", false, ""}, {"b", "a", true, ""}, {"x", "", false, ""},
	} {
		if keys := strings.Join(read(one.prefix, one.from, one.backward), " "); keys != one.expected {
			t.Errorf("%+v: %s", one, keys)
		}
	}
	if storage.Len() != 6 || copied.Len() != 5 {
		t.Error(storage.Len(), copied.Len())
	}
}

// The mnemonics are those of the table of opcodes.
func TestOpcodes(t *testing.T) {
	kept, err := os.ReadFile("opcodes.go")
	if err != nil {
		t.Fatal(err)
	}
	made, err := exec.Command("./opcodes_gen.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, kept) {
		t.Error("opcodes.go is another one: ./opcodes_gen.sh >opcodes.go")
	}
	opcode, err := neovm.ParseOpcode("ABORT")
	if err != nil || opcode != 0x38 || opcode.String() != "ABORT" || neovm.Opcode(0x06).String() != "Opcode(6)" {
		t.Error(opcode, err)
	}
}
