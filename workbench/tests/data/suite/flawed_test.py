from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.types import UInt160
from boa3.sc.utils import call_contract

from neovm_test import Test


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'FlawedTest'
    meta.add_permission(contract='*', methods='*')
    return meta


@public(name='setUp')
def set_up():
    Test.account('alice')
    storage.put_uint160(b'flawed', Test.deploy('flawed', None))


@public(name='testSmall')
def test_small(number: int):
    assert number < 1000, 'the number is large'


@public(name='testTime')
def test_time():
    Test.set_time(1734567890123)
    assert cast(int, call('now')) == 1734567890123, 'the time is another one'


@public(name='testMine')
def test_mine():
    before = cast(int, call('height'))
    time = cast(int, call('now'))
    Test.mine(3)
    assert cast(int, call('height')) == before + 3, 'the height is another one'
    assert cast(int, call('now')) > time, 'the time stands still'


@public(name='testSigners')
def test_signers():
    alice = Test.account('alice')
    flawed = storage.get_uint160(b'flawed')
    assert not cast(bool, call_contract(flawed, 'signed', [alice])), 'alice has signed'
    Test.set_signers([alice])
    assert cast(bool, call_contract(flawed, 'signed', [alice])), 'alice has not signed'
    nobody: list[UInt160] = []
    Test.set_signers(nobody)
    assert not cast(bool, call_contract(flawed, 'signed', [alice])), 'alice has still signed'


@public(name='testOracle')
def test_oracle():
    call('ask')
    Test.respond_oracle(0, 0, b'42')
    assert cast(bytes, call('answer')) == b'42', 'the answer is another one'


@public(name='testOracleFails')
def test_oracle_fails():
    call('ask')
    Test.expect_fault('the oracle failed')
    Test.respond_oracle(0, 20, b'')


@public(name='testNoFault')
def test_no_fault():
    Test.expect_fault('whatever')


@public(name='testFalse')
def test_false() -> bool:
    return False


@public(name='testIsolated')
def test_isolated():
    assert cast(int, call('get')) == 0, 'another test was here'
    call_contract(storage.get_uint160(b'flawed'), 'add', [1])


@public(name='testIsolatedToo')
def test_isolated_too():
    assert cast(int, call('get')) == 0, 'another test was here'
    call_contract(storage.get_uint160(b'flawed'), 'add', [1])


@public(name='invariantSmall')
def invariant_small() -> bool:
    return cast(int, call('get')) < 100


@public(name='invariantPositive')
def invariant_positive() -> bool:
    return cast(int, call('get')) >= 0


def call(method: str) -> Any:
    return call_contract(storage.get_uint160(b'flawed'), method, [])
