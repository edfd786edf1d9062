package sidecar_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/internal/recorded"
	"github.com/neovm/neovm/bindings/go/sidecar"
)

// process is a sidecar of a test.
type process struct {
	*exec.Cmd
	path string
}

// command returns where `neovm` is; without it there is nothing to test.
func command(t testing.TB) string {
	t.Helper()
	path := os.Getenv("NEOVM")
	if path == "" {
		path = recorded.Project("target/debug/neovm")
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("NEOVM") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: there is no " + path + "; NEOVM names another one")
	}
	return path
}

func start(t testing.TB, arguments ...string) *process {
	t.Helper()
	folder, err := os.MkdirTemp("", "neovm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	one := &process{path: filepath.Join(folder, "socket")}
	one.Cmd = exec.Command(command(t), append([]string{"sidecar", "--socket", one.path}, arguments...)...)
	said, err := one.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { one.Process.Kill(); one.Wait() })
	if line, _ := bufio.NewReader(said).ReadString('\n'); !strings.HasPrefix(line, "listening") {
		t.Fatal(line)
	}
	return one
}

// opener returns a function that opens runners on a sidecar.
func (p *process) open(settings string) (neovm.Runner, error) {
	return sidecar.Dial(context.Background(), p.path, sidecar.Options{Network: settings})
}

func TestSuite(t *testing.T) { recorded.Suite(t, start(t).open) }

func TestRecordedCases(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: TestRecordedCases: -short")
	}
	recorded.CheckProject(t, start(t).open)
}

// All recorded cases and chains: NEOVM_ALL_CASES=1 go test -run AllRecordedCases ./sidecar
func TestAllRecordedCases(t *testing.T) {
	recorded.CheckAll(t, func() recorded.Open { return start(t).open })
}

func TestNothingThere(t *testing.T) {
	if _, err := sidecar.Dial(context.Background(), "/nowhere", sidecar.Options{}); err == nil {
		t.Error("there is a sidecar nowhere")
	}
	if _, err := start(t).open("nowhere"); !errors.Is(err, neovm.ErrInput) {
		t.Error(err)
	}
}

// The end of the sidecar ends runs, closes connections and removes the socket.
func TestShutdown(t *testing.T) {
	one := start(t)
	runner, state := recorded.Genesis(t, one.open)
	idle, err := one.open("private")
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	ended := make(chan error)
	go func() {
		_, err := runner.Run(context.Background(), &neovm.Job{Gas: 1e18, Script: recorded.Endless}, state)
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond)
	one.Process.Signal(syscall.SIGTERM)
	if err := <-ended; !errors.Is(err, sidecar.ErrGone) {
		t.Error(err)
	}
	if err := one.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(one.path); !os.IsNotExist(err) {
		t.Error("the socket is there:", err)
	}
}

// A run whose client is gone does not go on.
func TestGoneClient(t *testing.T) {
	one := start(t, "--connections", "1")
	for range 3 {
		raw := one.dial(t)
		raw.say(`{"open":{"network":"private"}}`)
		raw.hear(t, "opened")
		raw.say(`{"run":{"id":1,"job":{"gas":1000000000000000000,"script":"2200"}}}`)
		raw.hear(t, "get")
		raw.Close()
		// There is one connection at a time: the next one is served when this one is over.
		time.Sleep(300 * time.Millisecond)
	}
}

func TestTooManyConnections(t *testing.T) {
	one := start(t, "--connections", "2")
	first, second := one.dial(t), one.dial(t)
	for _, raw := range []raw{first, second} {
		raw.say(`{"open":{"network":"private"}}`)
		raw.hear(t, "opened")
	}
	one.dial(t).hear(t, "there are 2 connections already")
	first.Close()
	time.Sleep(300 * time.Millisecond)
	third := one.dial(t)
	third.say(`{"open":{"network":"private"}}`)
	third.hear(t, "opened")
}

type raw struct{ net.Conn }

func (p *process) dial(t *testing.T) raw {
	t.Helper()
	made, err := net.Dial("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { made.Close() })
	return raw{made}
}

func (r raw) say(text string) {
	r.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
}

// hear waits for a message that contains a text; "" stands for the end of the connection.
func (r raw) hear(t *testing.T, expected string) {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(10 * time.Second))
	head := make([]byte, 4)
	_, err := io.ReadFull(r, head)
	if expected == "" {
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection goes on:", err)
		}
		return
	}
	text := make([]byte, binary.LittleEndian.Uint32(head))
	if _, err := io.ReadFull(r, text); err != nil || !strings.Contains(string(text), expected) {
		t.Errorf("%s: %.300s %v", expected, text, err)
	}
}

// What breaks the protocol ends its connection, and no other.
func TestHostileClients(t *testing.T) {
	one := start(t, "--timeout", "1")
	runner, state := recorded.Genesis(t, one.open)
	for _, text := range []string{
		`{}`, `[]`, `{"x":1}`, `{"open":{}}`, `{"open":{"network":"private","x":1}}`, "\xff", strings.Repeat("[", 100000),
		`{"values":[]}`, `{"run":{"id":1}}`, `{"open":{"network":{"network":-1}}}`, ``,
	} {
		bad := one.dial(t)
		bad.say(text)
		bad.hear(t, "error")
		bad.hear(t, "")
	}
	tooLong := one.dial(t)
	tooLong.Write([]byte{0xff, 0xff, 0xff, 0xff})
	tooLong.hear(t, "is the limit")
	tooLong.hear(t, "")

	// A message that does not end.
	slow := one.dial(t)
	slow.Write([]byte{100, 0, 0, 0, '{'})
	slow.hear(t, "")
	slow = one.dial(t)
	slow.Write([]byte{100})
	slow.hear(t, "")

	// Requests that cannot be carried out leave the connection as it is.
	plain := one.dial(t)
	plain.say(`{"run":{"id":1,"job":{"gas":1}}}`)
	plain.hear(t, "no network was opened")
	plain.say(`{"chain":{}}`)
	plain.hear(t, "no chain is followed")
	plain.say(`{"cancel":7}`)
	plain.say(`{"open":{"network":"private"}}`)
	plain.hear(t, "opened")
	plain.say(`{"run":{"id":1,"job":{"gas":1,"trigger":"x"}}}`)
	plain.hear(t, `"status":-5`)

	// Answers that cannot be.
	for _, answers := range [][]string{
		{`{"values":[]}`, "storage"}, {`{"failed":"no"}`, "storage"}, {`{"entries":{"entries":[],"more":false}}`, "error"},
		{`{"run":{"id":2,"job":{"gas":1}}}`, "error"},
	} {
		liar := one.dial(t)
		liar.say(`{"open":{"network":"private"}}`)
		liar.hear(t, "opened")
		liar.say(`{"run":{"id":1,"job":{"gas":1,"script":"40"}}}`)
		liar.hear(t, "get")
		liar.say(answers[0])
		liar.hear(t, answers[1])
	}
	// A client that does not answer.
	silent := one.dial(t)
	silent.say(`{"open":{"network":"private"}}`)
	silent.hear(t, "opened")
	silent.say(`{"run":{"id":1,"job":{"gas":1,"script":"40"}}}`)
	silent.hear(t, "get")
	silent.hear(t, "")

	receipt, err := runner.Run(context.Background(), &neovm.Job{Gas: 1e8, Script: []byte{0x11}}, state)
	if err != nil || !receipt.Halted {
		t.Error("another connection:", err)
	}
}

// A client whose connection was closed meanwhile makes another one.
func TestReconnect(t *testing.T) {
	one := start(t)
	runner, state := recorded.Genesis(t, one.open)
	one.Process.Kill()
	one.Wait()
	again := exec.Command(command(t), "sidecar", "--socket", one.path)
	said, _ := again.StderrPipe()
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { again.Process.Kill(); again.Wait() }()
	if line, _ := bufio.NewReader(said).ReadString('\n'); !strings.HasPrefix(line, "listening") {
		t.Fatal("the socket that was left is in the way: ", line)
	}
	receipt, err := runner.Run(context.Background(), &neovm.Job{Gas: 1e8, Script: []byte{0x11}}, state)
	if err != nil || !receipt.Halted {
		t.Error(err)
	}
	// One that lives is not pushed aside.
	other := exec.Command(command(t), "sidecar", "--socket", one.path)
	if out, err := other.CombinedOutput(); err == nil || !strings.Contains(string(out), "is there already") {
		t.Errorf("%s %v", out, err)
	}
}

func BenchmarkRunSymbol(b *testing.B) {
	runner, state := recorded.Genesis(b, start(b, "--engine", "interp").open)
	recorded.BenchmarkCall(b, runner, state)
}

func BenchmarkRunTransfer(b *testing.B) {
	runner, state := recorded.Genesis(b, start(b, "--engine", "interp").open)
	recorded.BenchmarkTransfer(b, runner, state)
}

func BenchmarkBlock(b *testing.B) { recorded.BenchmarkBlock(b, start(b, "--engine", "interp").open) }

// prefetched counts the keys that it is told of.
type prefetched struct {
	neovm.Storage
	keys, gets int
}

func (p *prefetched) Prefetch(keys [][]byte) { p.keys += len(keys) }

func (p *prefetched) Get(key []byte) ([]byte, bool, error) {
	p.gets++
	return p.Storage.Get(key)
}

// What a job reads is asked for at once when it was read before.
func TestPrefetch(t *testing.T) {
	runner, state := recorded.Genesis(t, start(t).open)
	job := &neovm.Job{Gas: 1e8, Call: &neovm.Call{Contract: recorded.NeoToken, Method: "symbol"}}
	for _, all := range []bool{false, true} {
		storage := &prefetched{Storage: state}
		receipt, err := runner.Run(context.Background(), job, storage)
		if err != nil || !receipt.Halted {
			t.Fatal(err)
		}
		if storage.gets < 5 || storage.keys < 2 || all && storage.keys != storage.gets {
			t.Errorf("%d of %d keys were asked for together", storage.keys, storage.gets)
		}
	}
}
