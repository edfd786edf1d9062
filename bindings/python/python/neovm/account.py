"""Accounts of tests."""

from __future__ import annotations

import hashlib
import itertools

from neovm._neovm import KeyPair, UInt160

_unnamed = itertools.count(1)


class Account:
    """An account with a key pair.

    The same name always makes the same account. ``private_key`` makes that of a key: 32 bytes.
    """

    def __init__(self, name: str | None = None, *, private_key: bytes | None = None) -> None:
        if name is None:
            name = f"account {next(_unnamed)}"
        elif not isinstance(name, str):
            raise TypeError(f"the name of an account is a str, not {type(name).__name__}")
        if private_key is None:
            private_key = hashlib.sha256(b"neovm account: " + name.encode()).digest()
        self.name = name
        self.private_key = private_key
        self._keys = KeyPair(private_key)
        self._hash = self._keys.hash

    @property
    def hash(self) -> UInt160:
        """The script hash, by which contracts know the account."""
        return self._hash

    @property
    def script_hash(self) -> UInt160:
        """The same as ``hash``."""
        return self._hash

    @property
    def address(self) -> str:
        """The address."""
        return self._hash.address

    @property
    def public_key(self) -> bytes:
        """The public key on secp256r1: 33 bytes."""
        return self._keys.public_key

    def sign(self, message: bytes) -> bytes:
        """Sign a message with ECDSA and SHA-256: 64 bytes."""
        return self._keys.sign(message)

    def to_array(self) -> bytes:
        """The bytes of the script hash: what an argument of a contract is made of."""
        return self._hash.to_array()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Account) and other._hash == self._hash

    def __hash__(self) -> int:
        return hash(self._hash)

    def __repr__(self) -> str:
        return f"Account({self.name!r})"
