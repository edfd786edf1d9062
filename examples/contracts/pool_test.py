"""Tests of the pool as methods: `neovm test examples/contracts/pool_test.nef`."""

from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.types import UInt160
from boa3.sc.utils import call_contract

from neovm_test import Test

A = b'a'
B = b'b'
POOL = b'pool'


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'ExamplePoolTest'
    meta.add_permission(contract='*', methods='*')
    return meta


@public(name='setUp')
def set_up():
    """Two tokens, of which alice has put a million and four millions into the pool, and has as much left."""
    alice = Test.account('alice')
    owner = Test.account('owner')
    # Who deploys a contract decides on its hash.
    Test.set_signers([owner, alice])
    a = Test.deploy('token', owner)
    Test.set_signers([alice, owner])
    b = Test.deploy('token', owner)
    pool = Test.deploy('pool', [a, b])
    storage.put_uint160(A, a)
    storage.put_uint160(B, b)
    storage.put_uint160(POOL, pool)
    call_contract(a, 'mint', [alice, 2_000_000])
    call_contract(b, 'mint', [alice, 8_000_000])
    pay(a, alice, 1_000_000, None)
    pay(b, alice, 4_000_000, None)
    call_contract(pool, 'addLiquidity', [alice, 1_000_000, 4_000_000, 0])


@public(name='testSwap')
def test_swap(amount: int):
    """The product of the reserves never falls, and what is paid is what was quoted."""
    if amount <= 0 or amount > 1_000_000:
        return
    alice = Test.account('alice')
    a = storage.get_uint160(A)
    b = storage.get_uint160(B)
    pool = storage.get_uint160(POOL)
    before = product()
    balance = balance_of(b, alice)
    quote = cast(int, call_contract(pool, 'quote', [a, amount]))
    if quote == 0:
        Test.expect_fault('too little to swap')
    Test.set_signers([alice])
    pay(a, alice, amount, ['swap', quote])
    assert product() >= before, 'the pool has lost'
    assert balance_of(b, alice) == balance + quote, 'another amount than quoted'


@public(name='testThereAndBack')
def test_there_and_back(amount: int):
    """Nobody gains by swapping to and fro."""
    if amount <= 0 or amount > 1_000_000:
        return
    alice = Test.account('alice')
    a = storage.get_uint160(A)
    b = storage.get_uint160(B)
    pool = storage.get_uint160(POOL)
    quote = cast(int, call_contract(pool, 'quote', [a, amount]))
    if quote == 0:
        return
    Test.set_signers([alice])
    before = balance_of(a, alice)
    pay(a, alice, amount, ['swap', 0])
    back = cast(int, call_contract(pool, 'quote', [b, quote]))
    if back == 0:
        return
    pay(b, alice, quote, ['swap', 0])
    assert balance_of(a, alice) <= before, 'alice has gained'


@public(name='invariantSolvent')
def invariant_solvent() -> bool:
    """Whatever anybody does, the pool has what it says it has."""
    pool = storage.get_uint160(POOL)
    reserves = cast(list[int], call_contract(pool, 'reserves', []))
    if balance_of(storage.get_uint160(A), pool) < reserves[0]:
        return False
    return balance_of(storage.get_uint160(B), pool) >= reserves[1]


def product() -> int:
    reserves = cast(list[int], call_contract(storage.get_uint160(POOL), 'reserves', []))
    return reserves[0] * reserves[1]


def pay(token: UInt160, sender: UInt160, amount: int, data: Any):
    paid = cast(bool, call_contract(token, 'transfer', [sender, storage.get_uint160(POOL), amount, data]))
    assert paid, 'the token refused to pay'


def balance_of(token: UInt160, account: UInt160) -> int:
    return cast(int, call_contract(token, 'balanceOf', [account]))
