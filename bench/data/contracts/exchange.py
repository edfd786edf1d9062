from typing import Any

from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.runtime import calling_script_hash, executing_script_hash
from boa3.sc.storage import get_int, get_uint160, put_int, put_uint160
from boa3.sc.types import UInt160
from boa3.sc.utils import CreateNewEvent, call_contract

TOKEN_A = b'\x00'
TOKEN_B = b'\x01'
RESERVE_A = b'\x02'
RESERVE_B = b'\x03'

on_swap = CreateNewEvent(
    [('account', UInt160), ('token', UInt160), ('paid', int), ('received', int)],
    'Swap'
)


def manifest_metadata() -> NeoMetadata:
    meta = NeoMetadata()
    meta.add_permission(methods=['transfer'])
    return meta


@public(name='getReserves', safe=True)
def get_reserves() -> list[int]:
    return [get_int(RESERVE_A), get_int(RESERVE_B)]


@public(name='onNEP17Payment')
def on_nep17_payment(from_address: UInt160, amount: int, data: Any):
    token = calling_script_hash
    assert token == get_uint160(TOKEN_A) or token == get_uint160(TOKEN_B)


@public
def open(account: UInt160, token_a: UInt160, token_b: UInt160, amount_a: int, amount_b: int):
    assert get_int(RESERVE_A) == 0
    assert amount_a > 0 and amount_b > 0
    put_uint160(TOKEN_A, token_a)
    put_uint160(TOKEN_B, token_b)
    move(token_a, account, executing_script_hash, amount_a)
    move(token_b, account, executing_script_hash, amount_b)
    put_int(RESERVE_A, amount_a)
    put_int(RESERVE_B, amount_b)


@public
def swap(account: UInt160, a_to_b: bool, paid: int, minimum: int) -> int:
    assert paid > 0
    key_in = RESERVE_A
    key_out = RESERVE_B
    token_in = get_uint160(TOKEN_A)
    token_out = get_uint160(TOKEN_B)
    if not a_to_b:
        key_in = RESERVE_B
        key_out = RESERVE_A
        token_in = get_uint160(TOKEN_B)
        token_out = get_uint160(TOKEN_A)
    reserve_in = get_int(key_in)
    reserve_out = get_int(key_out)
    with_fee = paid * 997
    received = with_fee * reserve_out // (reserve_in * 1000 + with_fee)
    assert received >= minimum
    move(token_in, account, executing_script_hash, paid)
    move(token_out, executing_script_hash, account, received)
    put_int(key_in, reserve_in + paid)
    put_int(key_out, reserve_out - received)
    on_swap(account, token_in, paid, received)
    return received


def move(token: UInt160, sender: UInt160, receiver: UInt160, amount: int):
    moved: bool = call_contract(token, 'transfer', [sender, receiver, amount, None])
    assert moved
