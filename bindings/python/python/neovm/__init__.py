"""Run and test smart contracts of Neo N3 within Python.

>>> import neovm
>>> chain = neovm.Chain()
>>> chain.neo.symbol()
'NEO'
>>> neovm.run(neovm.ScriptBuilder().push(2).push(3).op("MUL").build()).stack
[6]
"""

from __future__ import annotations

from functools import cache

from neovm._neovm import (
    Call,
    ContractState,
    Frame,
    InteropInterface,
    KeyPair,
    Label,
    Network,
    Notification,
    Pointer,
    Receipt,
    ScriptBuilder,
    Signer,
    UInt160,
    UInt256,
    __version__,
    assemble,
    disassemble,
)
from neovm.account import Account
from neovm.chain import Chain, Signers, Snapshot
from neovm.contract import Contract, Method, Storage
from neovm.fault import Fault
from neovm.gas import GasReport

__all__ = [
    "Account",
    "Call",
    "Chain",
    "Contract",
    "ContractState",
    "Fault",
    "Frame",
    "GasReport",
    "InteropInterface",
    "KeyPair",
    "Label",
    "Method",
    "Network",
    "Notification",
    "Pointer",
    "Receipt",
    "ScriptBuilder",
    "Signer",
    "Signers",
    "Snapshot",
    "Storage",
    "UInt160",
    "UInt256",
    "__version__",
    "assemble",
    "disassemble",
    "run",
]


@cache
def _chain() -> Chain:
    return Chain()


def run(script: bytes, *, signer: Signers = None, gas: int | None = None) -> Receipt:
    """Run a script on a new private chain, which it does not change, and return the receipt."""
    return _chain().run(script, signer=signer, gas=gas)
