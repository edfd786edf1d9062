"""What stands for the node of a suite: a chain in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neovm import Account, Chain, Network, Receipt, Signer
from neovm.testing import types

#: Shared by all suites: what was decoded once need not be decoded again.
_NETWORK = Network("private")


@dataclass
class RuntimeLog:
    """What a contract logged."""

    txid: Any
    contract: Any
    msg: str


class Wallet:
    """Accounts with labels, where neo-mamba's wallet is not installed."""

    def __init__(self) -> None:
        self.accounts: list[Any] = []

    def account_new(self, label: str | None = None, is_default: bool = False) -> Account:
        """Make an account."""
        account = Account(label)
        self.accounts.append(account)
        return account

    def account_get_by_label(self, label: str) -> Any:
        """Return the account with a label; None if there is none."""
        return next((account for account in self.accounts if account.name == label), None)


@dataclass(frozen=True)
class Committee:
    """The account of the committee and the validators, which has all NEO and GAS at first."""

    script_hash: Any
    name: str = "committee"
    label: str = "committee"


class Node:
    """The chain of a suite, its accounts, and what was logged."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.chain = Chain(network=_NETWORK)
        self.runtime_logs: list[RuntimeLog] = []
        self.account_committee: Any = types.watch_only(self.chain.validators) or Committee(self.chain.validators)
        self.wallet: Any = types.wallet() or Wallet()
        self.wallet.accounts.append(self.account_committee)

    def start(self) -> None:
        """There is nothing to start."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def execute(self, script: bytes, signers: list[Signer], keep: bool) -> Receipt:
        """Run a script. What is kept has a block of its own, as on the node of a suite."""
        receipt = self.chain.run(script, signer=signers, keep=keep)
        for contract, message in receipt.logs:
            txid = types.uint256(receipt.transaction_hash)
            self.runtime_logs.append(RuntimeLog(txid, types.uint160(contract), message))
        if keep:
            self.chain.mine()
        return receipt
