package sidecar

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"

	neovm "github.com/neovm/neovm/bindings/go"
)

// run is a job under way.
type run struct {
	conn    *conn
	ctx     context.Context
	storage neovm.Storage
	// The connection cannot be used again.
	broken bool
	// The sidecar has answered something.
	begun bool
	// Why the storage failed.
	failed error
	panic  any
}

func (r *run) do(job *neovm.Job, text []byte) (*neovm.Receipt, error) {
	r.conn.run++
	id := r.conn.run
	request := map[string]any{
		"id": id, "job": json.RawMessage(text), "budget": job.Budget, "calls": job.WantCalls, "file": job.WantFile,
	}
	if err := r.conn.send("run", request); err != nil {
		var limit *neovm.Error
		r.broken = !errors.As(err, &limit)
		if !r.broken {
			return nil, err
		}
		return nil, gone(err)
	}
	done := make(chan struct{})
	stop := context.AfterFunc(r.ctx, func() {
		defer close(done)
		// It is answered by the end of the run, at once unless the sidecar hangs.
		if r.conn.send("cancel", id) != nil {
			r.conn.close()
		}
	})
	receipt, err := r.wait()
	if !stop() {
		<-done
	}
	if r.broken && err == nil {
		err = ErrGone
	}
	return receipt, err
}

// wait answers what the sidecar asks, until the run ends.
func (r *run) wait() (*neovm.Receipt, error) {
	for {
		message, err := r.conn.receive(0)
		if err != nil {
			r.broken = true
			if cause := context.Cause(r.ctx); cause != nil {
				return nil, cause
			}
			return nil, gone(err)
		}
		r.begun = true
		switch {
		case message.Get != nil:
			err = r.answer("get", func() (string, any, error) { return r.get(message.Get) })
		case message.Seek != nil:
			err = r.answer("seek", func() (string, any, error) { return r.seek(message.Seek) })
		default:
			return r.end(message)
		}
		if err != nil {
			r.broken = true
			return nil, gone(err)
		}
	}
}

// end returns what came of the run.
func (r *run) end(message *answer) (*neovm.Receipt, error) {
	switch {
	case r.failed != nil && message.Storage != nil:
		return nil, r.failed
	case message.Storage != nil:
		return nil, &neovm.StorageError{Operation: "check", Err: message.Storage.err()}
	case message.Error != nil:
		return nil, message.Error.err()
	case message.Stopped == "budget":
		return nil, neovm.ErrBudget
	case message.Stopped != "":
		if cause := context.Cause(r.ctx); cause != nil {
			return nil, cause
		}
		r.broken = true
		return nil, ErrGone
	case message.Receipt != nil && message.Receipt.Receipt != nil:
		receipt := message.Receipt.Receipt
		receipt.Instructions = message.Receipt.Instructions
		if string(message.Receipt.File) != "null" {
			receipt.File = message.Receipt.File
		}
		return receipt, nil
	}
	r.broken = true
	return nil, gone(errors.New("a message that is no answer to a job"))
}

// answer sends what the storage answers, or that it failed. The error is that of the connection.
func (r *run) answer(operation string, body func() (string, any, error)) error {
	name, value, err := r.guarded(operation, body)
	if err == nil {
		err = r.conn.send(name, value)
		var limit *neovm.Error
		if !errors.As(err, &limit) {
			return err
		}
		err = &neovm.StorageError{Operation: operation, Err: err}
	}
	r.failed = err
	return r.conn.send("failed", err.Error())
}

// guarded runs what the storage does, whatever becomes of it.
func (r *run) guarded(operation string, body func() (string, any, error)) (name string, value any, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			r.panic = caught
			err = errors.New("a panic")
		}
	}()
	if err := context.Cause(r.ctx); err != nil {
		return "", nil, err
	}
	name, value, err = body()
	if err != nil {
		err = &neovm.StorageError{Operation: operation, Err: err}
	}
	return name, value, err
}

func (r *run) get(keys []string) (string, any, error) {
	list := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if list[i], err = hex.DecodeString(key); err != nil {
			return "", nil, err
		}
	}
	if prefetcher, can := r.storage.(neovm.Prefetcher); can && len(list) > 1 {
		prefetcher.Prefetch(list)
	}
	values, size := make([]*string, len(list)), 0
	for i, key := range list {
		value, found, err := r.storage.Get(key)
		if err != nil {
			return "", nil, err
		}
		if found {
			// Before it is encoded, for which the sidecar may not wait.
			size += hex.EncodedLen(len(value))
			if err := limited("values", size); err != nil {
				return "", nil, err
			}
			text := hex.EncodeToString(value)
			values[i] = &text
		}
	}
	return "values", values, nil
}

func (r *run) seek(form *seekForm) (string, any, error) {
	prefix, err := hex.DecodeString(form.Prefix)
	if err != nil {
		return "", nil, err
	}
	var from []byte
	if form.From != nil {
		if from, err = hex.DecodeString(*form.From); err != nil {
			return "", nil, err
		}
	}
	cursor, err := r.storage.Seek(prefix, from, form.Backward)
	if err != nil {
		return "", nil, err
	}
	if cursor == nil {
		return "", nil, errors.New("the storage returned no cursor")
	}
	defer cursor.Close()
	entries, size := [][2]string{}, 0
	for {
		key, value, found, err := cursor.Next()
		if err != nil {
			return "", nil, &cursorError{err}
		}
		text := hex.EncodeToString(key)
		if found && form.After && len(entries) == 0 && text == *form.From {
			// That one was read before.
			continue
		}
		size += len(key) + len(value)
		full := len(entries) >= form.Limit || len(entries) > 0 && size > maxRequest/4
		if !found || full {
			return "entries", map[string]any{"entries": entries, "more": found}, nil
		}
		if err := limited("entries", hex.EncodedLen(size)); err != nil {
			return "", nil, err
		}
		entries = append(entries, [2]string{text, hex.EncodeToString(value)})
	}
}

// cursorError is an error of a cursor.
type cursorError struct{ err error }

func (e *cursorError) Error() string { return "next: " + e.err.Error() }
func (e *cursorError) Unwrap() error { return e.err }
