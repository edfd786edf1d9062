"""A wallet of several owners: what enough of them approve is carried out.

A contract, in contrast to an account with a script of several signatures, collects the approvals one by one, and the
owners see meanwhile what they sign.
"""

from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.contracts import StdLib
from boa3.sc.runtime import calling_script_hash, check_witness, time
from boa3.sc.types import UInt160
from boa3.sc.utils import CreateNewEvent, call_contract, to_bytes

# How long a proposal can be approved and executed: a week, in milliseconds.
LIFETIME = 7 * 24 * 60 * 60 * 1000

MAX_OWNERS = 16

THRESHOLD = b'\x00'
OWNER_COUNT = b'\x01'
PROPOSALS = b'\x02'
# Prefixes, and behind them an owner, the number of a proposal, or both.
OWNER = b'\x03'
CALL = b'\x04'
EXPIRES = b'\x05'
APPROVALS = b'\x06'
APPROVED = b'\x07'


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'ExampleWallet'
    # The owners decide what is called.
    meta.add_permission(contract='*', methods='*')
    return meta


on_received = CreateNewEvent([('token', UInt160), ('from', UInt160 | None), ('amount', int)], 'Received')
on_proposed = CreateNewEvent([('number', int), ('owner', UInt160)], 'Proposed')
on_approved = CreateNewEvent([('number', int), ('owner', UInt160), ('approvals', int)], 'Approved')
on_revoked = CreateNewEvent([('number', int), ('owner', UInt160), ('approvals', int)], 'Revoked')
on_executed = CreateNewEvent([('number', int)], 'Executed')


@public
def _deploy(data: Any, update: bool):
    """Takes how many must approve, and a list of the owners, as data."""
    if update:
        return
    parts = cast(list, data)
    assert len(parts) == 2, 'the data must be a threshold and owners'
    threshold = cast(int, parts[0])
    owners = cast(list[UInt160], parts[1])
    assert 0 < len(owners) <= MAX_OWNERS, 'one to sixteen owners'
    assert 0 < threshold <= len(owners), 'the threshold must be one to the number of owners'
    for owner in owners:
        assert len(owner) == 20, 'no account'
        assert not storage.get_bool(OWNER + owner), 'an owner occurs twice'
        storage.put_bool(OWNER + owner, True)
    storage.put_int(THRESHOLD, threshold)
    storage.put_int(OWNER_COUNT, len(owners))


@public(safe=True)
def threshold() -> int:
    return storage.get_int(THRESHOLD)


@public(name='isOwner', safe=True)
def is_owner(account: UInt160) -> bool:
    assert len(account) == 20, 'no account'
    return storage.get_bool(OWNER + account)


@public(safe=True)
def approvals(number: int) -> int:
    return storage.get_int(APPROVALS + key(number))


@public(safe=True)
def proposal(number: int) -> list:
    """The call that a proposal makes: contract, method and arguments."""
    return call_of(number)


@public
def propose(owner: UInt160, contract: UInt160, method: str, arguments: list) -> int:
    """Proposes a call, which the owner approves by it, and returns its number."""
    require_owner(owner)
    assert len(contract) == 20, 'no contract'
    assert len(method) > 0, 'no method'
    number = storage.get_int(PROPOSALS) + 1
    storage.put_int(PROPOSALS, number)
    storage.put(CALL + key(number), StdLib.serialize([contract, method, arguments]))
    storage.put_int(EXPIRES + key(number), time + LIFETIME)
    on_proposed(number, owner)
    count_approval(number, owner)
    return number


@public
def approve(owner: UInt160, number: int):
    require_owner(owner)
    require_open(number)
    assert not storage.get_bool(APPROVED + key(number) + owner), 'the owner has approved already'
    count_approval(number, owner)


@public
def revoke(owner: UInt160, number: int):
    """Takes an approval back."""
    require_owner(owner)
    require_open(number)
    assert storage.get_bool(APPROVED + key(number) + owner), 'the owner has not approved'
    storage.delete(APPROVED + key(number) + owner)
    count = storage.get_int(APPROVALS + key(number)) - 1
    storage.put_int(APPROVALS + key(number), count)
    on_revoked(number, owner, count)


@public
def execute(number: int) -> Any:
    """Carries out what enough owners have approved. Anybody may call it, once."""
    require_open(number)
    assert storage.get_int(APPROVALS + key(number)) >= storage.get_int(THRESHOLD), 'too few owners have approved'
    call = call_of(number)
    # Before the call: what it calls cannot execute it again.
    storage.delete(CALL + key(number))
    storage.delete(EXPIRES + key(number))
    on_executed(number)
    return call_contract(cast(UInt160, call[0]), cast(str, call[1]), cast(list, call[2]))


@public(name='onNEP17Payment')
def on_payment(sender: UInt160 | None, amount: int, data: Any):
    """Takes tokens of all kinds."""
    on_received(calling_script_hash, sender, amount)


@public(name='onNEP11Payment')
def on_nft_payment(sender: UInt160 | None, amount: int, token: bytes, data: Any):
    """Takes tokens of all kinds."""
    on_received(calling_script_hash, sender, amount)


def key(number: int) -> bytes:
    """The number in eight bytes, so that no key is the beginning of another one."""
    assert 0 < number < 2 ** 63, 'there is no such proposal'
    return to_bytes(number, 8)


def call_of(number: int) -> list:
    stored = storage.get(CALL + key(number))
    assert len(stored) > 0, 'there is no such proposal'
    return cast(list, StdLib.deserialize(stored))


def require_owner(owner: UInt160):
    assert len(owner) == 20, 'no account'
    assert storage.get_bool(OWNER + owner), 'not an owner'
    assert check_witness(owner), 'the owner has not signed'


def require_open(number: int):
    expires = storage.get_int(EXPIRES + key(number))
    assert expires > 0, 'there is no such proposal'
    assert time < expires, 'the proposal has expired'


def count_approval(number: int, owner: UInt160):
    storage.put_bool(APPROVED + key(number) + owner, True)
    count = storage.get_int(APPROVALS + key(number)) + 1
    storage.put_int(APPROVALS + key(number), count)
    on_approved(number, owner, count)
