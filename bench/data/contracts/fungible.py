from typing import Any

from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.contracts import ContractManagement
from boa3.sc.runtime import calling_script_hash, check_witness, script_container
from boa3.sc.storage import delete, get_int, put_int
from boa3.sc.types import Transaction, UInt160
from boa3.sc.utils import CreateNewEvent, call_contract

SUPPLY_KEY = b'\x00'
BALANCE = b'\x01'
TOTAL = 1_000_000_000_000_000_000

on_transfer = CreateNewEvent(
    [('from', UInt160 | None), ('to', UInt160 | None), ('amount', int)],
    'Transfer'
)


def manifest_metadata() -> NeoMetadata:
    meta = NeoMetadata()
    meta.supported_standards = ['NEP-17']
    meta.add_permission(methods=['onNEP17Payment'])
    return meta


@public(safe=True)
def symbol() -> str:
    return 'FUN'


@public(safe=True)
def decimals() -> int:
    return 8


@public(name='totalSupply', safe=True)
def total_supply() -> int:
    return get_int(SUPPLY_KEY)


@public(name='balanceOf', safe=True)
def balance_of(account: UInt160) -> int:
    assert len(account) == 20
    return get_int(BALANCE + account)


@public
def transfer(from_address: UInt160, to_address: UInt160, amount: int, data: Any) -> bool:
    assert len(from_address) == 20
    assert len(to_address) == 20
    assert amount >= 0
    if from_address != calling_script_hash and not check_witness(from_address):
        return False
    balance = get_int(BALANCE + from_address)
    if balance < amount:
        return False
    if amount > 0 and from_address != to_address:
        if balance == amount:
            delete(BALANCE + from_address)
        else:
            put_int(BALANCE + from_address, balance - amount)
        put_int(BALANCE + to_address, get_int(BALANCE + to_address) + amount)
    on_transfer(from_address, to_address, amount)
    if ContractManagement.get_contract(to_address) is not None:
        call_contract(to_address, 'onNEP17Payment', [from_address, amount, data])
    return True


@public
def _deploy(data: Any, update: bool):
    if update:
        return
    container: Transaction = script_container
    put_int(SUPPLY_KEY, TOTAL)
    put_int(BALANCE + container.sender, TOTAL)
    on_transfer(None, container.sender, TOTAL)
