package sidecar

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	neovm "github.com/neovm/neovm/bindings/go"
)

// A longer message of the sidecar is taken for a mistake; a receipt has up to 64 MiB of bytes.
const maxMessage = 256 << 20

// What a request may not be longer than, as the sidecar has it.
const maxRequest = 16 << 20

// conn is a connection. One goroutine at a time reads, and any number write.
type conn struct {
	net.Conn
	patience time.Duration
	writing  sync.Mutex
	// The number of the last run.
	run uint64
}

func dial(ctx context.Context, path string, patience time.Duration) (*conn, error) {
	var dialer net.Dialer
	made, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("neovm: there is no sidecar: %w", err)
	}
	return &conn{Conn: made, patience: patience}, nil
}

func (c *conn) close() { c.Conn.Close() }

// answer is a message of the sidecar: one of its members is there.
type answer struct {
	Opened *struct {
		Protocol int
		Version  string
	}
	Get     []string
	Seek    *seekForm
	Receipt *struct {
		Receipt      *neovm.Receipt
		Instructions uint64
		File         json.RawMessage
	}
	Stopped string
	Storage *errorForm
	Error   *errorForm
	Chain   *chainForm
	Block   *struct{ Logs, Changes json.RawMessage }
	File    json.RawMessage
}

type seekForm struct {
	Prefix   string
	From     *string
	After    bool
	Backward bool
	Limit    int
}

type errorForm struct {
	Status  neovm.Status
	Message string
}

type chainForm struct {
	Height *uint32
	Root   *neovm.Hash256
}

func (e *errorForm) err() error { return &neovm.Error{Status: e.Status, Message: e.Message} }

// limited refuses a message that is too long for the sidecar.
func limited(name string, length int) error {
	if length <= maxRequest {
		return nil
	}
	return &neovm.Error{Status: neovm.ErrLimit, Message: fmt.Sprintf("the message %s has %d bytes; %d is the limit", name, length, maxRequest)}
}

// send sends a message: an object with one member.
func (c *conn) send(name string, value any) error {
	text, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		return err
	}
	if err := limited(name, len(text)); err != nil {
		return err
	}
	frame := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(text)), uint32(len(text)))
	c.writing.Lock()
	defer c.writing.Unlock()
	c.SetWriteDeadline(time.Now().Add(c.patience))
	_, err = c.Write(append(frame, text...))
	return err
}

// receive waits for a message: at most as long as patience, if it is not 0.
func (c *conn) receive(patience time.Duration) (*answer, error) {
	deadline := time.Time{}
	if patience > 0 {
		deadline = time.Now().Add(patience)
	}
	c.SetReadDeadline(deadline)
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(c, text); err != nil {
		return nil, err
	}
	var message answer
	if err := json.Unmarshal(text, &message); err != nil {
		return nil, fmt.Errorf("a message that cannot be read: %w", err)
	}
	return &message, nil
}

// ask sends a request and waits for the answer.
func (c *conn) ask(name string, value any) (*answer, error) {
	if err := c.send(name, value); err != nil {
		return nil, gone(err)
	}
	message, err := c.receive(c.patience)
	if err != nil {
		return nil, gone(err)
	}
	if message.Error != nil {
		return nil, message.Error.err()
	}
	return message, nil
}

// open chooses the network: a name, or settings as JSON.
func (c *conn) open(network string) error {
	var form any = network
	if len(network) > 0 && network[0] == '{' {
		if !json.Valid([]byte(network)) {
			return &neovm.Error{Status: neovm.ErrInput, Message: "the network is no JSON"}
		}
		form = json.RawMessage(network)
	}
	message, err := c.ask("open", map[string]any{"network": form})
	if err != nil {
		return err
	}
	if message.Opened == nil || message.Opened.Protocol != 1 {
		return fmt.Errorf("neovm: the sidecar has another protocol")
	}
	return nil
}
