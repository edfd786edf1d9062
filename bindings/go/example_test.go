package neovm_test

import (
	"encoding/json"
	"fmt"
	"log"

	neovm "github.com/neovm/neovm/bindings/go"
)

// A job has the form that it has in job files.
func ExampleJob() {
	token, err := neovm.ParseHash160("0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5")
	if err != nil {
		log.Fatal(err)
	}
	job := &neovm.Job{Gas: 1_0000_0000, Call: &neovm.Call{Contract: token, Method: "symbol"}}
	text, _ := json.Marshal(job)
	fmt.Println(string(text))
	// Output: {"trigger":"Application","gas":100000000,"call":{"contract":"0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5","method":"symbol"}}
}
