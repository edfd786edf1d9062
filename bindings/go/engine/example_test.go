//go:build cgo

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	neovm "github.com/neovm/neovm/bindings/go"
	"github.com/neovm/neovm/bindings/go/engine"
)

// A machine asks its host for the time.
func ExampleEngine_NewMachine() {
	one, err := engine.New(engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer one.Close()
	// System.Runtime.GetTime: an id is the first four bytes of the SHA-256 of the name.
	const getTime = 0x0388c3b7
	machine, err := one.NewMachine(engine.MachineOptions{}, engine.Host{
		SystemCall: func(machine *engine.Machine, id uint32) error {
			if id != getTime {
				return engine.Fault("there is no such system call")
			}
			return errors.Join(machine.AddFee(8*300000), machine.Push(engine.IntegerValue(1700000000000)))
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer machine.Close()
	// SYSCALL System.Runtime.GetTime, PUSHINT16 1000, DIV
	machine.Load([]byte{0x41, 0xb7, 0xc3, 0x88, 0x03, 0x01, 0xe8, 0x03, 0xa1}, engine.LoadOptions{})
	halted, err := machine.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	results, _ := machine.Results()
	state, _ := machine.State()
	fmt.Println(halted, results[0].Int, state.GasPico)
	// Output: true 1700000000 5100000
}

// A storage that lacks what it needs is an error, a script that fails is none.
func ExampleEngine_Run() {
	one, err := engine.New(engine.Options{Network: "private"})
	if err != nil {
		log.Fatal(err)
	}
	defer one.Close()
	job := &neovm.Job{Gas: 1_0000_0000, Script: []byte{0x12, 0x13, 0x9e}} // PUSH2 PUSH3 ADD
	_, err = one.Run(context.Background(), job, neovm.NewMemoryStorage())
	fmt.Println(errors.Is(err, neovm.ErrState))
	// Output: true
}
