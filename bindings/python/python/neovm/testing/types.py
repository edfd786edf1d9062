"""The types of a suite: those of neo-mamba where it is installed, otherwise those of neovm."""

from __future__ import annotations

from typing import Any

from neovm import Notification, UInt160, UInt256

try:
    from neo3.api import noderpc as _noderpc
    from neo3.core import cryptography as _cryptography
    from neo3.core import types as _types
    from neo3.wallet import account as _account
    from neo3.wallet import wallet as _wallet
except ImportError:
    HAS_MAMBA = False
else:
    HAS_MAMBA = True


def uint160(hash: UInt160) -> Any:
    """Return a hash as suites know it."""
    return _types.UInt160(hash.to_array()) if HAS_MAMBA else hash


def uint256(hash: UInt256 | None) -> Any:
    """Return a hash as suites know it."""
    return _types.UInt256(hash.to_array()) if HAS_MAMBA and hash is not None else hash


def public_key(key: bytes) -> Any:
    """Return a public key as suites know it."""
    return _item(key).as_public_key() if HAS_MAMBA else key


def watch_only(hash: UInt160) -> Any:
    """Return an account without a key; None without neo-mamba."""
    if not HAS_MAMBA:
        return None
    account = _account.Account.watch_only(uint160(hash))
    account.label = "committee"
    return account


def wallet() -> Any:
    """Return an empty wallet; None without neo-mamba."""
    return _wallet.Wallet() if HAS_MAMBA else None


def notification(notification: Notification) -> Any:
    """Return a notification as suites know it."""
    if not HAS_MAMBA:
        return notification
    state = _item(list(notification.args))
    return _noderpc.Notification(uint160(notification.contract), notification.name, state)


def values(notification: Any) -> list[Any]:
    """Return the values of a notification."""
    if isinstance(notification, Notification):
        return list(notification.args)
    return [item.value for item in notification.state.as_list()]


def _item(value: Any) -> Any:
    """Make an item of neo-mamba."""
    kind = _noderpc.StackItemType
    if value is None:
        return _noderpc.StackItem(kind.ANY, None)
    if isinstance(value, bool):
        return _noderpc.StackItem(kind.BOOL, value)
    if isinstance(value, int):
        return _noderpc.StackItem(kind.INTEGER, value)
    if isinstance(value, str):
        return _noderpc.StackItem(kind.BYTE_STRING, value.encode())
    if isinstance(value, list):
        return _noderpc.StackItem(kind.ARRAY, [_item(it) for it in value])
    if isinstance(value, dict):
        entries = [(_item(key), _item(it)) for key, it in value.items()]
        return _noderpc.MapStackItem(kind.MAP, entries)
    return _noderpc.StackItem(kind.BYTE_STRING, bytes(value))


def unwrap(value: Any, wanted: Any) -> Any:
    """Return a result as the type that a suite expects.

    Raises:
        ValueError: if it is of another type.
    """
    if wanted is None:
        return _of(value, type(None))
    if wanted is bool or wanted is int or wanted is bytes:
        return _of(value, wanted)
    if wanted is str:
        return _of(value, bytes).decode()
    if wanted is list:
        items = _of(value, list)
        return [_item(it) for it in items] if HAS_MAMBA else items
    if wanted is dict:
        return _item(_of(value, dict)).as_dict() if HAS_MAMBA else _of(value, dict)
    if wanted in (UInt160, UInt256):
        return wanted(_of(value, bytes))
    if HAS_MAMBA and wanted in (_types.UInt160, _types.UInt256):
        return wanted(_of(value, bytes))
    if HAS_MAMBA and wanted is _cryptography.ECPoint:
        return public_key(_of(value, bytes))
    raise ValueError(f"unsupported return type: {wanted}")


def _of(value: Any, wanted: type) -> Any:
    # A bool is an int only in Python.
    if type(value) is not wanted:
        raise ValueError(f"the result is {type(value).__name__}, not {wanted.__name__}: {value!r}")
    return value
