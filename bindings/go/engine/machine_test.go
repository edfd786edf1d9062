//go:build cgo

package engine_test

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/engine"
	"github.com/neovm/neovm/bindings/go/internal/recorded"
)

var background = context.Background()

func machine(t *testing.T, options engine.MachineOptions, host engine.Host) *engine.Machine {
	t.Helper()
	one, err := engine.New(engine.Options{Compile: engine.CompileForeground})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { one.Close() })
	made, err := one.NewMachine(options, host)
	if err != nil {
		t.Fatal(err)
	}
	// Not by Cleanup, which may be another goroutine's.
	return made
}

func run(t *testing.T, m *engine.Machine, script []byte) []engine.Value {
	t.Helper()
	if _, err := m.Load(script, engine.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	halted, err := m.Run(background)
	if err != nil || !halted {
		state, _ := m.State()
		t.Fatal(err, state.Fault)
	}
	values, err := m.Results()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// SYSCALL with the id 1.
var systemCall = []byte{0x41, 1, 0, 0, 0}

func script(parts ...[]byte) (whole []byte) {
	for _, part := range parts {
		whole = append(whole, part...)
	}
	return whole
}

func TestSystemCall(t *testing.T) {
	sum := func(m *engine.Machine, id uint32) error {
		var arguments [2]engine.Value
		if err := m.Pop(arguments[:], engine.AsInteger, engine.AsInteger); err != nil {
			return err
		}
		if err := m.AddFee(1000); err != nil {
			return err
		}
		return m.Push(engine.IntegerValue(arguments[0].Int+arguments[1].Int), engine.BytesValue([]byte("sum")))
	}
	m := machine(t, engine.MachineOptions{}, engine.Host{SystemCall: sum})
	defer m.Close()
	values := run(t, m, script([]byte{0x12, 0x13}, systemCall))
	if len(values) != 2 || values[0].Int != 5 || string(values[1].Bytes) != "sum" {
		t.Errorf("%+v", values)
	}
	state, err := m.State()
	if err != nil || state.GasPico.Int64() != 2*300000+1000 || !state.Halted || state.Instructions != 3+1 {
		t.Errorf("%+v %v", state, err)
	}
	if err := m.Reset(); err != nil {
		t.Fatal(err)
	}
	// One argument is missing.
	m.Load(script([]byte{0x12}, systemCall), engine.LoadOptions{})
	if halted, err := m.Run(background); halted || err != nil {
		t.Error(halted, err)
	}
	if state, _ := m.State(); !state.Ended || state.Halted || state.Fault == "" {
		t.Errorf("%+v", state)
	}
}

func TestAnswers(t *testing.T) {
	lost := errors.New("lost")
	var answer func(m *engine.Machine) error
	m := machine(t, engine.MachineOptions{}, engine.Host{
		SystemCall: func(m *engine.Machine, _ uint32) error { return answer(m) },
	})
	defer m.Close()
	again := func(answers func(m *engine.Machine) error, code []byte) (bool, error) {
		answer = answers
		if err := m.Reset(); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Load(code, engine.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		return m.Run(background)
	}
	// TRY catch, SYSCALL, ENDTRY; catch: ENDTRY. What was thrown is left.
	caught := script([]byte{0x3b, 10, 0}, systemCall, []byte{0x3d, 4, 0x3d, 2})
	thrown := &engine.Exception{Value: engine.BytesValue([]byte("thrown"))}
	if halted, err := again(func(*engine.Machine) error { return thrown }, caught); !halted || err != nil {
		t.Error(halted, err)
	}
	if values, _ := m.Results(); len(values) != 1 || string(values[0].Bytes) != "thrown" {
		t.Errorf("%+v", values)
	}
	if halted, err := again(func(*engine.Machine) error { return engine.Fault("no") }, caught); halted || err != nil {
		t.Error(halted, err)
	}
	if state, _ := m.State(); state.Fault != "no" {
		t.Errorf("%+v", state)
	}
	_, err := again(func(*engine.Machine) error { return lost }, caught)
	var failed *engine.HostError
	if !errors.Is(err, lost) || !errors.As(err, &failed) {
		t.Error(err)
	}
	func() {
		defer func() {
			if caught := recover(); caught != "a bug" {
				t.Error("panic:", caught)
			}
		}()
		again(func(*engine.Machine) error { panic("a bug") }, caught)
	}()
	busy := func(m *engine.Machine) error {
		if err := m.Reset(); !errors.Is(err, neovm.ErrBusy) {
			t.Error(err)
		}
		if err := m.Close(); !errors.Is(err, neovm.ErrBusy) {
			t.Error(err)
		}
		return nil
	}
	if halted, err := again(busy, systemCall); !halted || err != nil {
		t.Error(halted, err)
	}
}

func TestItemsOfAMachine(t *testing.T) {
	var kept engine.Item
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	m := machine(t, engine.MachineOptions{}, engine.Host{SystemCall: func(m *engine.Machine, _ uint32) error {
		array, err := m.NewCompound(neovm.Array, engine.IntegerValue(1), engine.BooleanValue(true))
		check(err)
		check(m.Set(array, engine.IntegerValue(2), engine.ItemValue(array)))
		kept, err = m.Keep(array)
		check(err)
		return m.Push(engine.ItemValue(array), engine.ObjectValue(42))
	}})
	defer m.Close()
	values := run(t, m, systemCall)
	if len(values) != 2 || values[0].Kind != engine.Handle {
		t.Fatalf("%+v", values)
	}
	same, err := m.IsSame(values[0].Item, kept)
	if err != nil || !same {
		t.Error(same, err)
	}
	itemType, count, err := m.Type(kept)
	if err != nil || itemType != neovm.Array || count != 3 {
		t.Error(itemType, count, err)
	}
	children, err := m.Children(kept)
	if err != nil || len(children) != 3 || children[0].Int != 1 || children[2].Kind != engine.Handle {
		t.Errorf("%+v %v", children, err)
	}
	object, err := m.Object(values[1].Item)
	if err != nil || object != 42 {
		t.Error(object, err)
	}
	if _, err := m.Value(kept, engine.AsInteger); !errors.Is(err, neovm.ErrFault) {
		t.Error(err)
	}
	check(m.Release(kept))
	if err := m.Release(kept); !errors.Is(err, neovm.ErrHandle) {
		t.Error(err)
	}
	plain, err := m.NewCompound(neovm.Map, engine.BytesValue([]byte("k")), engine.IntegerValue(-1))
	check(err)
	bytes, err := m.Serialize(plain)
	check(err)
	again, err := m.Deserialize(bytes)
	check(err)
	copied, err := m.Copy(again)
	check(err)
	pair, err := m.Children(copied)
	if err != nil || len(pair) != 2 || string(pair[0].Bytes) != "k" || pair[1].Int != -1 {
		t.Errorf("%+v %v", pair, err)
	}
}

func TestBigIntegers(t *testing.T) {
	m := machine(t, engine.MachineOptions{}, engine.Host{})
	defer m.Close()
	one := big.NewInt(1)
	greatest := new(big.Int).Sub(new(big.Int).Lsh(one, 255), one)
	for _, value := range []*big.Int{
		big.NewInt(0), big.NewInt(-1), new(big.Int).Lsh(one, 63), new(big.Int).Neg(new(big.Int).Lsh(one, 64)),
		new(big.Int).Lsh(one, 127), greatest, new(big.Int).Not(greatest),
	} {
		item, err := m.NewItem(engine.BigValue(value))
		if err != nil {
			t.Error(value, err)
			continue
		}
		read, err := m.Value(item, engine.AsInteger)
		if err != nil || read.Big == nil && read.Int != value.Int64() || read.Big != nil && read.Big.Cmp(value) != 0 {
			t.Errorf("%v: %+v %v", value, read, err)
		}
	}
	tooLarge := engine.Value{Kind: engine.Integer, Big: new(big.Int).Lsh(one, 255)}
	if _, err := m.NewItem(tooLarge); err == nil {
		t.Error("2^255 is an integer")
	}
}

func TestStopping(t *testing.T) {
	m := machine(t, engine.MachineOptions{Budget: 1000, Gas: 1e18}, engine.Host{})
	defer m.Close()
	m.Load(recorded.Endless, engine.LoadOptions{})
	if _, err := m.Run(background); !errors.Is(err, neovm.ErrBudget) {
		t.Error(err)
	}
	m.SetBudget(0)
	ctx, stop := context.WithTimeout(background, 50*time.Millisecond)
	defer stop()
	if _, err := m.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	m.SetBudget(1000)
	if _, err := m.Run(background); !errors.Is(err, neovm.ErrBudget) {
		t.Error("it goes on:", err)
	}
	if ended, _, err := m.Step(); ended || err != nil {
		t.Error(ended, err)
	}
}

func TestOtherThread(t *testing.T) {
	m := machine(t, engine.MachineOptions{}, engine.Host{})
	done := make(chan error)
	go func() {
		_, err := m.State()
		done <- err
	}()
	if err := <-done; !errors.Is(err, neovm.ErrHandle) {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.State(); !errors.Is(err, neovm.ErrHandle) {
		t.Error(err)
	}
}

func TestUnloaded(t *testing.T) {
	var loads []uint64
	m := machine(t, engine.MachineOptions{}, engine.Host{
		SystemCall: func(m *engine.Machine, _ uint32) error {
			_, err := m.Load([]byte{0x15}, engine.LoadOptions{})
			return err
		},
		CallToken: func(m *engine.Machine, token uint16) error { return m.Push(engine.IntegerValue(int64(token))) },
		Unloaded: func(_ *engine.Machine, load uint64, threw bool) error {
			loads = append(loads, load)
			return nil
		},
	})
	defer m.Close()
	// CALLT 7
	values := run(t, m, script(systemCall, []byte{0x37, 7, 0}))
	if len(values) != 2 || values[0].Int != 5 || values[1].Int != 7 || len(loads) != 2 || loads[0] == loads[1] {
		t.Errorf("%+v %v", values, loads)
	}
}
