"""Tests of the token as methods: `neovm test examples/contracts/token_test.nef`."""

from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.types import UInt160
from boa3.sc.utils import call_contract

from neovm_test import Test

TOKEN = b'token'


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'ExampleTokenTest'
    meta.add_permission(contract='*', methods='*')
    return meta


@public(name='setUp')
def set_up():
    """Runs once; each test has a copy of what it leaves."""
    owner = Test.account('owner')
    alice = Test.account('alice')
    token = Test.deploy('token', owner)
    storage.put_uint160(TOKEN, token)
    Test.set_signers([owner])
    call_contract(token, 'mint', [alice, 1000])


@public(name='testTransfer')
def test_transfer(amount: int):
    """Whatever is transferred, nothing is lost, and nobody has less than nothing."""
    alice = Test.account('alice')
    bob = Test.account('bob')
    Test.set_signers([alice])
    if amount < 0:
        Test.expect_fault('the amount is negative')
    moved = transfer(alice, bob, amount)
    assert moved == (amount <= 1000), 'who has enough can pay'
    assert balance(alice) + balance(bob) == 1000, 'tokens were lost'
    assert balance(alice) >= 0, 'a balance is negative'


@public(name='testNobodyElseTransfers')
def test_nobody_else_transfers(thief: UInt160, amount: int) -> bool:
    alice = Test.account('alice')
    if thief == alice or amount < 0:
        return True
    Test.set_signers([thief])
    return not transfer(alice, thief, amount)


@public(name='testOnlyTheOwnerMints')
def test_only_the_owner_mints():
    Test.set_signers([Test.account('alice')])
    Test.expect_fault('only the owner mints')
    call_contract(storage.get_uint160(TOKEN), 'mint', [Test.account('alice'), 1])


@public(name='invariantSupply')
def invariant_supply() -> bool:
    """The supply is what all accounts have, whatever they have done."""
    supply = cast(int, call_contract(storage.get_uint160(TOKEN), 'totalSupply', []))
    known = balance(Test.account('owner')) + balance(Test.account('alice'))
    return 0 <= known <= supply


def transfer(sender: UInt160, receiver: UInt160, amount: int) -> bool:
    data: Any = None
    return cast(bool, call_contract(storage.get_uint160(TOKEN), 'transfer', [sender, receiver, amount, data]))


def balance(account: UInt160) -> int:
    return cast(int, call_contract(storage.get_uint160(TOKEN), 'balanceOf', [account]))
