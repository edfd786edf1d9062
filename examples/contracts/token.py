"""A fungible token of the standard NEP-17: who owns the contract mints, and holders transfer and burn."""

from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.contracts import ContractManagement
from boa3.sc.runtime import calling_script_hash, check_witness, script_container
from boa3.sc.types import UInt160
from boa3.sc.utils import CreateNewEvent, call_contract

SYMBOL = 'EXT'
DECIMALS = 8

# Keys of the storage. Balances lie under the prefix and the account.
SUPPLY = b'\x00'
OWNER = b'\x01'
BALANCE = b'\x02'


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'ExampleToken'
    meta.supported_standards = ['NEP-17']
    # Only this is called of other contracts.
    meta.add_permission(contract='*', methods=['onNEP17Payment'])
    meta.add_permission(contract='0xfffdc93764dbaddd97c48f252a53ea4643faa3fd', methods=['getContract'])
    return meta


on_transfer = CreateNewEvent(
    [('from', UInt160 | None), ('to', UInt160 | None), ('amount', int)],
    'Transfer'
)

on_owner = CreateNewEvent([('previous', UInt160), ('owner', UInt160)], 'OwnerChanged')


@public
def _deploy(data: Any, update: bool):
    """Makes the account in the data the owner, or else who deploys the contract."""
    if update:
        return
    if data is None:
        storage.put_uint160(OWNER, script_container.sender)
        return
    owner: UInt160 = data
    assert len(owner) == 20, 'the data must be the account of the owner'
    storage.put_uint160(OWNER, owner)


@public(safe=True)
def symbol() -> str:
    return SYMBOL


@public(safe=True)
def decimals() -> int:
    return DECIMALS


@public(name='totalSupply', safe=True)
def total_supply() -> int:
    return storage.get_int(SUPPLY)


@public(name='balanceOf', safe=True)
def balance_of(account: UInt160) -> int:
    assert len(account) == 20, 'no account'
    return storage.get_int(BALANCE + account)


@public(safe=True)
def owner() -> UInt160:
    return storage.get_uint160(OWNER)


@public
def transfer(from_account: UInt160, to_account: UInt160, amount: int, data: Any) -> bool:
    """Moves tokens. As the standard wants it, it returns false if the sender has not signed or has too little."""
    assert len(from_account) == 20, 'no sender'
    assert len(to_account) == 20, 'no receiver'
    assert amount >= 0, 'the amount is negative'
    # A contract may spend what is its own.
    if from_account != calling_script_hash and not check_witness(from_account):
        return False
    balance = storage.get_int(BALANCE + from_account)
    if balance < amount:
        return False
    if amount > 0 and from_account != to_account:
        add(from_account, -amount)
        add(to_account, amount)
    moved(from_account, to_account, amount, data)
    return True


@public
def mint(account: UInt160, amount: int):
    """Makes new tokens, which only the owner may do."""
    assert check_witness(storage.get_uint160(OWNER)), 'only the owner mints'
    assert len(account) == 20, 'no account'
    assert amount > 0, 'the amount must be positive'
    add(account, amount)
    storage.put_int(SUPPLY, storage.get_int(SUPPLY) + amount)
    moved(None, account, amount, None)


@public
def burn(account: UInt160, amount: int):
    """Destroys tokens of an account that has signed."""
    assert check_witness(account), 'the account has not signed'
    assert amount > 0, 'the amount must be positive'
    assert storage.get_int(BALANCE + account) >= amount, 'the account has too little'
    add(account, -amount)
    storage.put_int(SUPPLY, storage.get_int(SUPPLY) - amount)
    moved(account, None, amount, None)


@public(name='setOwner')
def set_owner(account: UInt160):
    """Hands the contract over. The new owner signs too, so that it cannot go to nobody."""
    previous = storage.get_uint160(OWNER)
    assert check_witness(previous), 'only the owner hands over'
    assert len(account) == 20, 'no account'
    assert check_witness(account), 'the new owner has not signed'
    storage.put_uint160(OWNER, account)
    on_owner(previous, account)


def add(account: UInt160, amount: int):
    """Changes a balance. An account without tokens takes no storage."""
    balance = storage.get_int(BALANCE + account) + amount
    if balance == 0:
        storage.delete(BALANCE + account)
    else:
        storage.put_int(BALANCE + account, balance)


def moved(from_account: UInt160 | None, to_account: UInt160 | None, amount: int, data: Any):
    """Tells everybody, and the receiver if it is a contract. All changes are made by then: it may call back."""
    on_transfer(from_account, to_account, amount)
    if to_account is None:
        return
    # Not joined by `and`: neo3-boa computes both sides of it.
    receiver = cast(UInt160, to_account)
    if ContractManagement.get_contract(receiver) is not None:
        call_contract(receiver, 'onNEP17Payment', [from_account, amount, data])
