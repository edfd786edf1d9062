// Package neovm holds what the engine of neovm takes and gives: jobs, storages, receipts.
//
// It is pure Go and runs nothing itself. Two packages do, with one interface, [Runner]:
//
//   - engine calls the library libneovm by cgo. It has the machine level, too.
//   - sidecar talks to a process beside this one, `neovm sidecar`, and needs no cgo.
//
// A job is an execution as a node makes it: a transaction's script, a witness, a call, or what
// native contracts do before and after the transactions of a block. It reads the state through a
// [Storage], which is the host's, and gives a [Receipt]: state, gas, result stack, notifications,
// and the changes that the host writes if it wants to.
//
// Jobs and receipts have the JSON form of job files, which docs/embedding.md of the repository
// describes.
package neovm
