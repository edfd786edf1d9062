"""Tokens that are each one of a kind, of the standard NEP-11: who owns the contract mints them."""

from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.contracts import ContractManagement
from boa3.sc.runtime import calling_script_hash, check_witness, script_container
from boa3.sc.types import FindOptions, UInt160
from boa3.sc.utils import CreateNewEvent, call_contract
from boa3.sc.utils.iterator import Iterator

SYMBOL = 'EXN'

# Keys of the storage: prefixes, and behind them an account, the id of a token, or both.
SUPPLY = b'\x00'
OWNER = b'\x01'
BALANCE = b'\x02'
TOKEN_OWNER = b'\x03'
TOKEN_NAME = b'\x04'
TOKEN_OF = b'\x05'

MAX_ID = 32


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'ExampleNft'
    meta.supported_standards = ['NEP-11']
    meta.add_permission(contract='*', methods=['onNEP11Payment'])
    meta.add_permission(contract='0xfffdc93764dbaddd97c48f252a53ea4643faa3fd', methods=['getContract'])
    return meta


on_transfer = CreateNewEvent(
    [('from', UInt160 | None), ('to', UInt160 | None), ('amount', int), ('tokenId', bytes)],
    'Transfer'
)


@public
def _deploy(data: Any, update: bool):
    """Makes who deploys the contract its owner."""
    if not update:
        storage.put_uint160(OWNER, script_container.sender)


@public(safe=True)
def symbol() -> str:
    return SYMBOL


@public(safe=True)
def decimals() -> int:
    # A token cannot be divided.
    return 0


@public(name='totalSupply', safe=True)
def total_supply() -> int:
    return storage.get_int(SUPPLY)


@public(name='balanceOf', safe=True)
def balance_of(account: UInt160) -> int:
    assert len(account) == 20, 'no account'
    return storage.get_int(BALANCE + account)


@public(name='ownerOf', safe=True)
def owner_of(token: bytes) -> UInt160:
    return holder(token)


@public(name='tokensOf', safe=True)
def tokens_of(account: UInt160) -> Iterator:
    assert len(account) == 20, 'no account'
    options = FindOptions.KEYS_ONLY | FindOptions.REMOVE_PREFIX
    return storage.find(TOKEN_OF + account, storage.get_read_only_context(), options)


@public(safe=True)
def tokens() -> Iterator:
    options = FindOptions.KEYS_ONLY | FindOptions.REMOVE_PREFIX
    return storage.find(TOKEN_OWNER, storage.get_read_only_context(), options)


@public(safe=True)
def properties(token: bytes) -> dict[Any, Any]:
    holder(token)
    return {'name': storage.get_str(TOKEN_NAME + token)}


@public
def transfer(to_account: UInt160, token: bytes, data: Any) -> bool:
    """Hands a token over. As the standard wants it, it returns false if the holder has not signed."""
    assert len(to_account) == 20, 'no receiver'
    from_account = holder(token)
    if from_account != calling_script_hash and not check_witness(from_account):
        return False
    if from_account != to_account:
        count(from_account, -1)
        storage.delete(TOKEN_OF + from_account + token)
        give(to_account, token)
    moved(from_account, to_account, token, data)
    return True


@public
def mint(account: UInt160, token: bytes, name: str):
    """Makes a token, which only the owner of the contract may do."""
    assert check_witness(storage.get_uint160(OWNER)), 'only the owner mints'
    assert len(account) == 20, 'no account'
    assert 0 < len(token) <= MAX_ID, 'an id has 1 to 32 bytes'
    assert len(storage.get(TOKEN_OWNER + token)) == 0, 'the token is there already'
    storage.put_str(TOKEN_NAME + token, name)
    storage.put_int(SUPPLY, storage.get_int(SUPPLY) + 1)
    give(account, token)
    moved(None, account, token, None)


@public
def burn(token: bytes):
    """Destroys a token, which only its holder may do."""
    account = holder(token)
    assert check_witness(account), 'only the holder burns'
    count(account, -1)
    storage.delete(TOKEN_OF + account + token)
    storage.delete(TOKEN_OWNER + token)
    storage.delete(TOKEN_NAME + token)
    storage.put_int(SUPPLY, storage.get_int(SUPPLY) - 1)
    moved(account, None, token, None)


def holder(token: bytes) -> UInt160:
    """The account that holds a token, which must exist."""
    assert 0 < len(token) <= MAX_ID, 'an id has 1 to 32 bytes'
    stored = storage.get(TOKEN_OWNER + token)
    assert len(stored) == 20, 'there is no such token'
    return UInt160(stored)


def give(account: UInt160, token: bytes):
    count(account, 1)
    storage.put_uint160(TOKEN_OWNER + token, account)
    storage.put(TOKEN_OF + account + token, b'\x01')


def count(account: UInt160, change: int):
    balance = storage.get_int(BALANCE + account) + change
    if balance == 0:
        storage.delete(BALANCE + account)
    else:
        storage.put_int(BALANCE + account, balance)


def moved(from_account: UInt160 | None, to_account: UInt160 | None, token: bytes, data: Any):
    """Tells everybody, and the receiver if it is a contract. All changes are made by then: it may call back."""
    on_transfer(from_account, to_account, 1, token)
    if to_account is None:
        return
    # Not joined by `and`: neo3-boa computes both sides of it.
    receiver = cast(UInt160, to_account)
    if ContractManagement.get_contract(receiver) is not None:
        call_contract(receiver, 'onNEP11Payment', [from_account, 1, token, data])
