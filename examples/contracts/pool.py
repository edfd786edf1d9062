"""A pool of two NEP-17 tokens that exchanges one for the other, so that the product of its reserves never falls.

Tokens come by transfers to the pool, whose data says what they are for:

- `['swap', minimum]` exchanges them, and sends the other token back; less than the minimum is refused.
- Without data they are a deposit of the sender. `addLiquidity` takes deposits of both tokens for shares of the pool,
  and `withdraw` gives back what is left of them.

So the pool never asks for a signature that counts in another contract: the scope CalledByEntry is enough.
"""

from typing import Any, cast

from boa3.sc import storage
from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.runtime import calling_script_hash, check_witness, executing_script_hash
from boa3.sc.types import UInt160
from boa3.sc.utils import CreateNewEvent, call_contract

# What stays in the pool of each swap, in thousandths.
FEE = 3

# Shares that nobody gets: the price of a share cannot be driven up by the first provider.
LOCKED_SHARES = 1000

TOKEN_A = b'\x00'
TOKEN_B = b'\x01'
# Prefixes, and behind them a token, an account, or both.
RESERVE = b'\x02'
DEPOSIT = b'\x03'
SHARES = b'\x04'
TOTAL_SHARES = b'\x05'


def manifest() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'ExamplePool'
    meta.add_permission(contract='*', methods=['transfer'])
    return meta


on_swap = CreateNewEvent(
    [('account', UInt160), ('token', UInt160), ('amountIn', int), ('amountOut', int)],
    'Swap'
)
on_added = CreateNewEvent([('account', UInt160), ('amountA', int), ('amountB', int), ('shares', int)], 'Added')
on_removed = CreateNewEvent([('account', UInt160), ('amountA', int), ('amountB', int), ('shares', int)], 'Removed')


@public
def _deploy(data: Any, update: bool):
    """Takes the hashes of both tokens as data."""
    if update:
        return
    tokens = cast(list[UInt160], data)
    assert len(tokens) == 2, 'the data must be two tokens'
    assert len(tokens[0]) == 20 and len(tokens[1]) == 20, 'the data must be two tokens'
    assert tokens[0] != tokens[1], 'the tokens are the same'
    storage.put_uint160(TOKEN_A, tokens[0])
    storage.put_uint160(TOKEN_B, tokens[1])


@public(safe=True)
def tokens() -> list[UInt160]:
    return [storage.get_uint160(TOKEN_A), storage.get_uint160(TOKEN_B)]


@public(safe=True)
def reserves() -> list[int]:
    return [storage.get_int(RESERVE + storage.get_uint160(TOKEN_A)),
            storage.get_int(RESERVE + storage.get_uint160(TOKEN_B))]


@public(name='sharesOf', safe=True)
def shares_of(account: UInt160) -> int:
    assert len(account) == 20, 'no account'
    return storage.get_int(SHARES + account)


@public(name='totalShares', safe=True)
def total_shares() -> int:
    return storage.get_int(TOTAL_SHARES)


@public(name='depositOf', safe=True)
def deposit_of(account: UInt160, token: UInt160) -> int:
    assert len(account) == 20, 'no account'
    return storage.get_int(DEPOSIT + token + account)


@public(safe=True)
def quote(token: UInt160, amount: int) -> int:
    """What an amount of a token is exchanged for."""
    assert amount > 0, 'the amount must be positive'
    other = other_of(token)
    return price(amount, storage.get_int(RESERVE + token), storage.get_int(RESERVE + other))


@public(name='onNEP17Payment')
def on_payment(sender: UInt160, amount: int, data: Any):
    """Takes a transfer, see above. Whatever calls it is a token, or must be refused."""
    token = calling_script_hash
    other = other_of(token)
    assert amount > 0, 'the amount must be positive'
    assert sender is not None, 'nobody pays'
    if data is None:
        storage.put_int(DEPOSIT + token + sender, storage.get_int(DEPOSIT + token + sender) + amount)
        return
    order = cast(list, data)
    assert len(order) == 2, 'the data must be swap and a minimum'
    assert cast(str, order[0]) == 'swap', 'the data must be swap and a minimum'
    swap(sender, token, other, amount, cast(int, order[1]))


@public(name='addLiquidity')
def add_liquidity(account: UInt160, most_a: int, most_b: int, least_shares: int) -> int:
    """Puts deposits into the pool, in the ratio of its reserves, and returns the shares for them."""
    assert check_witness(account), 'the account has not signed'
    assert most_a > 0 and most_b > 0, 'the amounts must be positive'
    a = storage.get_uint160(TOKEN_A)
    b = storage.get_uint160(TOKEN_B)
    reserve_a = storage.get_int(RESERVE + a)
    reserve_b = storage.get_int(RESERVE + b)
    total = storage.get_int(TOTAL_SHARES)
    amount_a = most_a
    amount_b = most_b
    shares = 0
    if total == 0:
        shares = root(most_a * most_b) - LOCKED_SHARES
        total = LOCKED_SHARES
    else:
        # Rounded up: the pool never loses by it.
        amount_b = (most_a * reserve_b + reserve_a - 1) // reserve_a
        if amount_b > most_b:
            amount_b = most_b
            amount_a = (most_b * reserve_a + reserve_b - 1) // reserve_b
        shares = min(amount_a * total // reserve_a, amount_b * total // reserve_b)
    assert shares > 0, 'too little for a share'
    assert shares >= least_shares, 'less shares than wanted'
    take_deposit(account, a, amount_a)
    take_deposit(account, b, amount_b)
    storage.put_int(RESERVE + a, reserve_a + amount_a)
    storage.put_int(RESERVE + b, reserve_b + amount_b)
    storage.put_int(SHARES + account, storage.get_int(SHARES + account) + shares)
    storage.put_int(TOTAL_SHARES, total + shares)
    on_added(account, amount_a, amount_b, shares)
    return shares


@public(name='removeLiquidity')
def remove_liquidity(account: UInt160, shares: int, least_a: int, least_b: int):
    """Gives shares back for their part of the reserves."""
    assert check_witness(account), 'the account has not signed'
    own = storage.get_int(SHARES + account)
    assert 0 < shares <= own, 'the account has not so many shares'
    a = storage.get_uint160(TOKEN_A)
    b = storage.get_uint160(TOKEN_B)
    reserve_a = storage.get_int(RESERVE + a)
    reserve_b = storage.get_int(RESERVE + b)
    total = storage.get_int(TOTAL_SHARES)
    amount_a = shares * reserve_a // total
    amount_b = shares * reserve_b // total
    assert amount_a >= least_a and amount_b >= least_b, 'less than wanted'
    storage.put_int(SHARES + account, own - shares)
    storage.put_int(TOTAL_SHARES, total - shares)
    storage.put_int(RESERVE + a, reserve_a - amount_a)
    storage.put_int(RESERVE + b, reserve_b - amount_b)
    on_removed(account, amount_a, amount_b, shares)
    # Last, for the tokens call whoever gets them.
    pay(a, account, amount_a)
    pay(b, account, amount_b)


@public
def withdraw(account: UInt160, token: UInt160, amount: int):
    """Gives a deposit back that was not put into the pool."""
    assert check_witness(account), 'the account has not signed'
    assert amount > 0, 'the amount must be positive'
    take_deposit(account, token, amount)
    pay(token, account, amount)


def swap(account: UInt160, token: UInt160, other: UInt160, amount: int, minimum: int):
    reserve_in = storage.get_int(RESERVE + token)
    reserve_out = storage.get_int(RESERVE + other)
    out = price(amount, reserve_in, reserve_out)
    assert out > 0, 'too little to swap'
    assert out >= minimum, 'less than the minimum'
    storage.put_int(RESERVE + token, reserve_in + amount)
    storage.put_int(RESERVE + other, reserve_out - out)
    on_swap(account, token, amount, out)
    pay(other, account, out)


def price(amount: int, reserve_in: int, reserve_out: int) -> int:
    """The amount that keeps the product of the reserves after the fee, rounded down."""
    assert reserve_in > 0 and reserve_out > 0, 'the pool is empty'
    after_fee = amount * (1000 - FEE)
    return after_fee * reserve_out // (reserve_in * 1000 + after_fee)


def other_of(token: UInt160) -> UInt160:
    a = storage.get_uint160(TOKEN_A)
    b = storage.get_uint160(TOKEN_B)
    if token == a:
        return b
    assert token == b, 'not a token of the pool'
    return a


def take_deposit(account: UInt160, token: UInt160, amount: int):
    key = DEPOSIT + token + account
    left = storage.get_int(key) - amount
    assert left >= 0, 'the deposit is too small'
    if left == 0:
        storage.delete(key)
    else:
        storage.put_int(key, left)


def pay(token: UInt160, account: UInt160, amount: int):
    if amount > 0:
        paid = cast(bool, call_contract(token, 'transfer', [executing_script_hash, account, amount, None]))
        assert paid, 'the token refused to pay'


def root(square: int) -> int:
    """The square root, rounded down, by Newton's method."""
    if square < 2:
        return square
    guess = square
    better = (square + 1) // 2
    while better < guess:
        guess = better
        better = (guess + square // guess) // 2
    return guess
