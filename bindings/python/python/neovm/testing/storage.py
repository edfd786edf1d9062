"""What makes values of the bytes of a storage, for ``get_storage`` of a suite."""

from __future__ import annotations

from typing import Any

from neovm import Chain, UInt160, UInt256
from neovm.testing import types


def as_uint160(data: bytes, *_: Any) -> Any:
    """A script hash."""
    return types.uint160(UInt160(data))


def as_uint256(data: bytes, *_: Any) -> Any:
    """The hash of a transaction or a block."""
    return types.uint256(UInt256(data))


def as_int(data: bytes, *_: Any) -> int:
    """An integer, as contracts store it."""
    return int.from_bytes(data, "little", signed=True)


def as_str(data: bytes, *_: Any) -> str:
    """A text."""
    return data.decode()


def as_address(data: bytes, *_: Any) -> str:
    """A script hash as an address."""
    return UInt160(data).address


def as_public_key(data: bytes, *_: Any) -> Any:
    """A public key: a point of neo-mamba, or its bytes without neo-mamba."""
    return types.public_key(data)


def stdlib_deserialize(data: bytes, *_: Any) -> Any:
    """What StdLib serialized."""
    return Chain().std_lib.deserialize(data)
