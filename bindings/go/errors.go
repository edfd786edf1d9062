package neovm

import (
	"errors"
	"fmt"
)

// Status says of what kind an error is. All are errors, to be used with [errors.Is]:
//
//	if errors.Is(err, neovm.ErrInput) { ... }
//
// The numbers are those of neovm.h.
type Status int32

const (
	// ErrArgument is an argument that cannot be, such as a trigger that does not exist.
	ErrArgument Status = -1
	// ErrSize is a struct that the library does not know; the package was built with a newer header.
	ErrSize Status = -2
	// ErrHandle is an object that was closed, or a machine of another thread.
	ErrHandle Status = -3
	// ErrBusy is a machine that is running.
	ErrBusy Status = -4
	// ErrInput is bytes or JSON that cannot be read.
	ErrInput Status = -5
	// ErrState is a storage that lacks what every execution reads, or that is damaged.
	ErrState Status = -6
	// ErrLimit is a value that is too large, or one too many.
	ErrLimit Status = -7
	// ErrPanic is a defect of the engine.
	ErrPanic Status = -8
	// ErrFault is a fault of the script, in a system call of a host.
	ErrFault Status = -9
)

var statusTexts = map[Status]string{
	ErrArgument: "an argument cannot be used",
	ErrSize:     "the library does not know a struct of this header",
	ErrHandle:   "the object was closed, or belongs to another thread",
	ErrBusy:     "the machine is running",
	ErrInput:    "the input cannot be read",
	ErrState:    "the storage cannot be used",
	ErrLimit:    "a limit is exceeded",
	ErrPanic:    "a defect of the engine, please report it",
	ErrFault:    "a fault of the script",
}

// Error returns what the status means.
func (s Status) Error() string {
	if text, known := statusTexts[s]; known {
		return "neovm: " + text
	}
	return fmt.Sprintf("neovm: status %d", int32(s))
}

// Error is an error of the engine. [errors.Is] compares it by its status.
type Error struct {
	// Status is what kind of error it is.
	Status Status
	// Message says what is wrong.
	Message string
}

// Error returns the message, or what the status means if there is none.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Status.Error()
	}
	return "neovm: " + e.Message
}

// Unwrap returns the status.
func (e *Error) Unwrap() error { return e.Status }

// ErrBudget says that an execution was stopped because it had used its budget of instructions.
// It has no receipt.
var ErrBudget = errors.New("neovm: the budget of instructions is used")

// StorageError says that the host's storage failed, and therefore the execution. It is no fault:
// run the job again when the cause is gone. [errors.Is] and [errors.As] find the cause.
type StorageError struct {
	// Operation is what failed: get, seek, next, and so on.
	Operation string
	// Err is what the storage returned.
	Err error
}

// Error says what failed and why.
func (e *StorageError) Error() string { return "neovm: storage: " + e.Operation + ": " + e.Err.Error() }

// Unwrap returns what the storage returned.
func (e *StorageError) Unwrap() error { return e.Err }
