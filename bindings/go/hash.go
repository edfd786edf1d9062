package neovm

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Hash160 is the hash of a script, a contract or an account, in the order of bytes that scripts
// see. As text it is reversed, with 0x before it.
type Hash160 [20]byte

// Hash256 is the hash of a block or a transaction, or a state root, in the order of bytes that
// scripts see. As text it is reversed, with 0x before it.
type Hash256 [32]byte

// ParseHash160 reads 40 digits, with or without 0x before them.
func ParseHash160(text string) (hash Hash160, err error) {
	return hash, parseHash(hash[:], text)
}

// ParseHash256 reads 64 digits, with or without 0x before them.
func ParseHash256(text string) (hash Hash256, err error) {
	return hash, parseHash(hash[:], text)
}

// String returns the hash as people write it.
func (h Hash160) String() string { return hashText(h[:]) }

// String returns the hash as people write it.
func (h Hash256) String() string { return hashText(h[:]) }

// MarshalText returns the hash as people write it.
func (h Hash160) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// MarshalText returns the hash as people write it.
func (h Hash256) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hash160) UnmarshalText(text []byte) error { return parseHash(h[:], string(text)) }

// UnmarshalText reads what MarshalText writes.
func (h *Hash256) UnmarshalText(text []byte) error { return parseHash(h[:], string(text)) }

func hashText(hash []byte) string {
	reversed := slices.Clone(hash)
	slices.Reverse(reversed)
	return "0x" + hex.EncodeToString(reversed)
}

func parseHash(hash []byte, text string) error {
	bytes, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err == nil && len(bytes) != len(hash) {
		err = fmt.Errorf("it has %d bytes", len(bytes))
	}
	if err != nil {
		return fmt.Errorf("%.80q is no hash of %d bytes: %w", text, len(hash), err)
	}
	slices.Reverse(bytes)
	copy(hash, bytes)
	return nil
}
