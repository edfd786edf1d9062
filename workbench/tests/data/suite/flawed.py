from typing import Any

from boa3.sc import storage
from boa3.sc.compiletime import public
from boa3.sc.contracts import LedgerContract, OracleContract
from boa3.sc.runtime import check_witness, time
from boa3.sc.types import UInt160


@public
def add(number: int):
    # Nothing stops it from growing.
    if number > 0:
        storage.put_int(b'n', storage.get_int(b'n') + number)


@public(safe=True)
def get() -> int:
    return storage.get_int(b'n')


@public(safe=True)
def now() -> int:
    return time


@public(safe=True)
def height() -> int:
    return LedgerContract.get_current_index()


@public(safe=True)
def signed(account: UInt160) -> bool:
    return check_witness(account)


@public
def ask():
    OracleContract.request('https://example.org', '', 'answered', 'about it', 10000000)


@public
def answered(url: str, data: Any, code: int, result: bytes):
    assert code == 0, 'the oracle failed'
    storage.put(b'answer', result)


@public(safe=True)
def answer() -> bytes:
    return storage.get(b'answer')
