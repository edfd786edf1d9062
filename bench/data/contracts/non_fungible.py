from typing import Any

from boa3.sc.compiletime import NeoMetadata, public
from boa3.sc.contracts import ContractManagement
from boa3.sc.runtime import check_witness
from boa3.sc.storage import delete, find, get, get_int, put, put_int
from boa3.sc.types import FindOptions, UInt160
from boa3.sc.utils import CreateNewEvent, call_contract
from boa3.sc.utils.iterator import Iterator

SUPPLY_KEY = b'\x00'
BALANCE = b'\x01'
OWNER = b'\x02'
TOKEN_OF = b'\x03'

on_transfer = CreateNewEvent(
    [('from', UInt160 | None), ('to', UInt160 | None), ('amount', int), ('tokenId', bytes)],
    'Transfer'
)


def manifest_metadata() -> NeoMetadata:
    meta = NeoMetadata()
    meta.supported_standards = ['NEP-11']
    meta.add_permission(methods=['onNEP11Payment'])
    return meta


@public(safe=True)
def symbol() -> str:
    return 'NON'


@public(safe=True)
def decimals() -> int:
    return 0


@public(name='totalSupply', safe=True)
def total_supply() -> int:
    return get_int(SUPPLY_KEY)


@public(name='balanceOf', safe=True)
def balance_of(owner: UInt160) -> int:
    assert len(owner) == 20
    return get_int(BALANCE + owner)


@public(name='ownerOf', safe=True)
def owner_of(tokenId: bytes) -> UInt160:
    return UInt160(get(OWNER + tokenId))


@public(name='tokensOf', safe=True)
def tokens_of(owner: UInt160) -> Iterator:
    assert len(owner) == 20
    return find(TOKEN_OF + owner, options=FindOptions.REMOVE_PREFIX | FindOptions.KEYS_ONLY)


@public
def mint(to: UInt160, tokenId: bytes):
    assert len(to) == 20
    assert 0 < len(tokenId) <= 64
    assert len(get(OWNER + tokenId)) == 0
    put_int(SUPPLY_KEY, get_int(SUPPLY_KEY) + 1)
    gain(to, tokenId)
    on_transfer(None, to, 1, tokenId)


@public
def transfer(to: UInt160, tokenId: bytes, data: Any) -> bool:
    assert len(to) == 20
    owner = UInt160(get(OWNER + tokenId))
    if not check_witness(owner):
        return False
    if owner != to:
        delete(TOKEN_OF + owner + tokenId)
        put_int(BALANCE + owner, get_int(BALANCE + owner) - 1)
        gain(to, tokenId)
    on_transfer(owner, to, 1, tokenId)
    if ContractManagement.get_contract(to) is not None:
        call_contract(to, 'onNEP11Payment', [owner, 1, tokenId, data])
    return True


def gain(owner: UInt160, tokenId: bytes):
    put(OWNER + tokenId, owner)
    put(TOKEN_OF + owner + tokenId, b'\x01')
    put_int(BALANCE + owner, get_int(BALANCE + owner) + 1)
