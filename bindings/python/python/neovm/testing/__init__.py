"""A class for test suites that were written for boa-test-constructor.

Such a suite runs after its import was changed::

    from neovm.testing import SmartContractTestCase     # was: from boaconstructor import ...

There is no node, hence nothing to wait for, and ``facade``, which talks to a node, is not there.
If neo-mamba is installed, hashes, items and notifications are of its types, as in such a suite;
otherwise they are those of neovm.
"""

from __future__ import annotations

import re
import unittest
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from neovm import Fault, Receipt, ScriptBuilder, Signer, UInt160
from neovm.testing import types
from neovm.testing.node import Node, RuntimeLog

__all__ = [
    "AbortException",
    "AssertException",
    "Node",
    "Nep17TransferEvent",
    "RuntimeLog",
    "SmartContractTestCase",
]

_REASON = re.compile(r"Reason: (.*)", re.DOTALL)


class AssertException(Exception):
    """An assertion of a contract does not hold. The message is that of the assertion."""


class AbortException(Exception):
    """A contract aborted. The message is that of the abort."""


class SmartContractTestCase(unittest.IsolatedAsyncioTestCase):
    """Tests of a contract on a chain of their own, which begins anew with each class."""

    #: The chain, and who has its tokens.
    node: Node
    #: The contract that :meth:`call` calls.
    contract_hash: Any

    @classmethod
    def setUpClass(cls) -> None:
        """Make the chain."""
        super().setUpClass()
        cls.node = Node()

    async def asyncSetUp(self) -> None:
        """Forget what was logged."""
        await super().asyncSetUp()
        self.node.runtime_logs.clear()

    @property
    def facade(self) -> NoReturn:
        """What talks to a node: there is none."""
        raise NotImplementedError("there is no node to talk to: use call(), transfer() and get_storage()")

    @property
    def runtime_logs(self) -> list[RuntimeLog]:
        """What contracts logged during the test."""
        return self.node.runtime_logs

    @classmethod
    async def call(
        cls,
        method: str,
        args: list[Any] | None = None,
        *,
        return_type: Any,
        signing_accounts: Sequence[Any] | None = None,
        signers: Sequence[Any] | None = None,
        target_contract: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Call the contract ``contract_hash``.

        Args:
            method: the name of the method.
            args: its arguments.
            return_type: the type of the result: None, bool, int, str, bytes, list, dict, or a class
                of neo-mamba.
            signing_accounts: the accounts that sign the transaction, with the scope CalledByEntry.
                Without them the method is tried out, and nothing is kept.
            signers: signers with other scopes, as many as there are accounts.
            target_contract: another contract.

        Returns:
            The result, and the notifications.

        Raises:
            AssertException: an assertion does not hold.
            AbortException: a contract aborted.
            ValueError: another fault, or the result is of another type.
        """
        if signing_accounts and signers and len(signing_accounts) != len(signers):
            raise ValueError(f"{len(signers)} signers do not go with {len(signing_accounts)} accounts")
        target = cls.contract_hash if target_contract is None else target_contract
        script = ScriptBuilder().call(target, method, *(args or [])).build()
        signed = [_signer(it) for it in signers or [account.script_hash for account in signing_accounts or []]]
        receipt = cls.node.execute(script, signed, keep=bool(signing_accounts))
        _check(receipt)
        notifications = [types.notification(it) for it in receipt.notifications]
        value = receipt.stack[0] if receipt.stack else None
        return types.unwrap(value, return_type), notifications

    @classmethod
    async def deploy(cls, path_to_nef: str, signing_account: Any) -> Any:
        """Deploy a contract, whose manifest lies beside it, and return its hash."""
        try:
            contract = cls.node.chain.deploy(path_to_nef, signer=_signer(signing_account.script_hash))
        except Fault as fault:
            raise ValueError(f"the contract cannot be deployed: {fault}") from fault
        cls.node.chain.mine()
        return types.uint160(contract.hash)

    @classmethod
    async def transfer(
        cls,
        token: Any,
        source: Any,
        destination: Any,
        amount: int,
        decimals: int,
        signing_account: Any = None,
        system_fee: int = 0,
    ) -> tuple[bool, list[Any]]:
        """Transfer an amount of a token, times ten to the power of its decimals.

        Without an account the source signs. Nobody pays a fee.
        """
        accounts = [_Source(source) if signing_account is None else signing_account]
        args = [source, destination, amount * 10**decimals, None]
        result: tuple[bool, list[Any]] = await cls.call(
            "transfer", args, return_type=bool, signing_accounts=accounts, target_contract=token
        )
        return result

    @classmethod
    async def get_storage(
        cls,
        prefix: bytes | None = None,
        *,
        target_contract: Any = None,
        remove_prefix: bool = False,
        key_post_processor: Callable[..., Any] | None = None,
        values_post_processor: Callable[..., Any] | None = None,
    ) -> dict[Any, Any]:
        """Return the storage of the contract ``contract_hash``.

        Args:
            prefix: what the keys begin with.
            target_contract: another contract.
            remove_prefix: whether keys lose the prefix.
            key_post_processor: what makes a key of its bytes.
            values_post_processor: what makes a value of its bytes.
        """
        target = cls.contract_hash if target_contract is None else target_contract
        cut = len(prefix or b"") if remove_prefix else 0
        entries = cls.node.chain.contract(UInt160(target)).storage.find(prefix or b"").items()
        key_of = key_post_processor or bytes
        value_of = values_post_processor or bytes
        return {key_of(key[cut:]): value_of(value) for key, value in entries}


@dataclass
class Nep17TransferEvent:
    """A transfer of a token."""

    source: Any
    destination: Any
    amount: int

    @classmethod
    def from_notification(cls, n: Any) -> Nep17TransferEvent:
        """Read a notification. The source of what was minted, and the destination of what was
        burnt, are zeros."""
        source, destination, amount = types.values(n)
        zero = UInt160.zero().to_array()
        accounts = [types.uint160(UInt160(zero if it is None else it)) for it in (source, destination)]
        return cls(accounts[0], accounts[1], amount)


@dataclass
class _Source:
    """The account that tokens come from."""

    script_hash: Any


def _signer(signer: Any) -> Signer:
    """Take over a signer of neo-mamba, or an account."""
    if isinstance(signer, Signer):
        return signer
    if not hasattr(signer, "scope"):
        return Signer(signer)
    scopes = {0x01: "CalledByEntry", 0x10: "CustomContracts", 0x20: "CustomGroups", 0x40: "WitnessRules", 0x80: "Global"}
    names = [name for bit, name in scopes.items() if int(signer.scope) & bit]
    rules = [rule.to_json() for rule in signer.rules]
    groups = [group.to_array() for group in signer.allowed_groups]
    contracts = list(signer.allowed_contracts)
    return Signer(signer.account, ",".join(names) or "None", contracts=contracts, groups=groups, rules=rules)


def _check(receipt: Receipt) -> None:
    """Raise what a fault is to such suites."""
    if receipt.ok:
        return
    fault = Fault(receipt)
    reason = _REASON.search(fault.message)
    message = reason.group(1).rstrip(".") if reason else str(fault)
    if fault.kind.startswith("Assert"):
        raise AssertException(message) from fault
    if fault.kind.startswith("Abort"):
        raise AbortException(message) from fault
    raise ValueError(f"the script faulted: {fault}") from fault
