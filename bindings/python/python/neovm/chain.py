"""Chains to test contracts on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from types import TracebackType
from typing import Any, Union, cast

from neovm._neovm import Core, CoreSnapshot, Network, Receipt, Signer, UInt160, UInt256
from neovm.account import Account
from neovm.compiler import ManifestSource, Source, load
from neovm.contract import Contract
from neovm.fault import Fault

#: An account that signs: a :class:`Signer`, or what stands for an account, which then signs
#: with the scope CalledByEntry.
SignerLike = Union[Signer, Account, Contract, UInt160, str, bytes]

#: Who signs: one, several of which the first is the sender, or None for the default.
Signers = Union[SignerLike, Iterable[SignerLike], None]

#: The gas that a call may use unless it says otherwise: 20 GAS, as on a node.
GAS_LIMIT = 20_0000_0000

#: What a deployment may use: 10,000 GAS.
DEPLOYMENT_GAS = 10_000_0000_0000

#: Told of each execution of a contract's method.
Observer = Callable[[Contract, str, Receipt], None]

_NATIVES = {
    "management": "0xfffdc93764dbaddd97c48f252a53ea4643faa3fd",
    "std_lib": "0xacce6fd80d44e1796aa0c2c625e9e4e0ce39efc0",
    "crypto_lib": "0x726cb6e0cd8628a1350a611384688911ab75f51b",
    "ledger": "0xda65b600f7124ce6c79950c1772a36403104f2be",
    "neo": "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5",
    "gas": "0xd2a4cff31913016155e38e474a2c06d08be276cf",
    "policy": "0xcc5e4edd9f5f8dba8bb65734541df7a1c081c67b",
    "roles": "0x49cf4e5378ffcd4dec034fd98a174c5491e395e2",
    "oracle": "0xfe924b7cfe89ddd271abaf7210a80a7e11178758",
    "notary": "0xc1e14f19c3e60d0b9244d06dd7ba9b113135ec3b",
    "treasury": "0x156326f25b1b5d839a4d326aeaa75383c9563ac1",
}


_DEFAULT = Account("default")


class Snapshot:
    """A state of a chain to come back to, as often as is wanted.

    It is a context manager: at the end of ``with`` the chain comes back to it.
    """

    def __init__(self, chain: Chain, state: CoreSnapshot) -> None:
        self._chain = chain
        self._state = state

    def revert(self) -> None:
        """Bring the chain back to this state."""
        self._chain._core.revert(self._state)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.revert()


class Chain:
    """A chain with all native contracts, in memory or in a folder.

    Calls run in the block that comes next, one after the other; nobody pays for them.
    :meth:`mine` appends the block. A chain in a folder writes to it when :meth:`save` is called,
    and only then.

    Several threads may use a chain. Those that change it wait for each other, the others do not.
    """

    def __init__(
        self,
        folder: str | PathLike[str] | None = None,
        *,
        network: Network | str = "private",
        hardfork: str | None = None,
        height: int | None = None,
        block_time: int | None = None,
    ) -> None:
        """Make a chain that begins with the genesis block of a network, or open a folder.

        Args:
            folder: where the chain is kept; it is made if it is not there.
            network: a :class:`Network`, which chains can share, or what makes one.
            hardfork: the last hardfork that is active, from the first block on.
            height: the height of the last block of a chain in memory.
            block_time: the milliseconds between two blocks.
        """
        if isinstance(network, Network):
            if hardfork is not None or block_time is not None:
                raise ValueError("hardfork and block_time are settings of the network that was given")
        else:
            network = Network(network, hardfork=hardfork, block_time=block_time)
        self._start(network, Core(network, None if folder is None else fspath(folder), height))

    def _start(self, network: Network, core: Core) -> None:
        self.network = network
        self._core = core
        #: Who signs if a call does not say.
        self.default_signer: Signers = _DEFAULT
        #: The gas that a call may use if it does not say, in datoshi.
        self.gas_limit = GAS_LIMIT
        #: Who is told of each execution of a contract's method.
        self.observers: list[Observer] = []
        self._local = threading.local()
        # The names of methods that contracts had when they were asked for.
        self._methods: dict[UInt160, frozenset[str]] = {}

    def copy(self) -> Chain:
        """Make another chain with the state of this one. It takes no longer for a large state."""
        chain = Chain.__new__(type(self))
        chain._start(self.network, self._core.copy())
        chain.default_signer = self.default_signer
        chain.gas_limit = self.gas_limit
        return chain

    # Blocks and time

    @property
    def height(self) -> int:
        """The index of the last block."""
        return self._core.height

    @property
    def last_hash(self) -> UInt256:
        """The hash of the last block."""
        return self._core.last_hash

    @property
    def time(self) -> int:
        """The time stamp that calls see, that of the block that comes next, in milliseconds.

        It can be set to any time after the last block.
        """
        return self._core.time

    @time.setter
    def time(self, milliseconds: int) -> None:
        self._core.time = milliseconds

    def mine(self, count: int = 1, *, time: int | None = None) -> None:
        """Append blocks, the first of them at a time in milliseconds."""
        self._core.mine(count, time)

    def advance(self, seconds: float) -> None:
        """Append a block and let so much time pass, a millisecond at least."""
        time = self.time
        then = time + round(seconds * 1000)
        if not time < then < 2**64:
            raise ValueError(f"{seconds} seconds cannot pass at {time}")
        self.mine()
        self.time = then

    # States

    def snapshot(self) -> Snapshot:
        """Keep the state, to come back to it. It takes no longer for a large state."""
        return Snapshot(self, self._core.snapshot())

    def save(self) -> None:
        """Write to the folder what was executed since the last time.

        Calls since the last block end in a block. When this returns, the blocks survive a
        power cut. Snapshots that were taken before can no longer be used.
        """
        self._core.save()

    def close(self) -> None:
        """Let go of the folder. What was not saved is gone; nothing can be called any more.

        A chain is a context manager, which closes it.
        """
        self._core.close()

    def __enter__(self) -> Chain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Contracts

    def deploy(
        self,
        source: Source,
        manifest: ManifestSource = None,
        *,
        data: Any = None,
        signer: Signers = None,
        gas: int = DEPLOYMENT_GAS,
    ) -> Contract:
        """Deploy a contract.

        Args:
            source: a NEF file, its bytes, or a source for neo3-boa, which must be installed.
            manifest: its manifest, ``X.manifest.json`` beside ``X.nef`` unless given.
            data: what its method ``_deploy`` is given.
            signer: who signs; the sender is part of the contract's hash.
            gas: the gas that may be used, in datoshi.

        Raises:
            Fault: if the contract is refused.
        """
        nef, text = load(source, manifest)
        receipt = self._core.deploy(nef, text, data, (self._signers(signer), gas))
        self._local.receipt = receipt
        if not receipt.ok:
            raise Fault(receipt)
        contract = Contract(self, UInt160(receipt.result[2]))
        self._executed(receipt, contract, "_deploy")
        return contract

    def contract(self, hash: UInt160 | str | bytes) -> Contract:
        """Return a contract that is deployed, by its hash or its address.

        Raises:
            LookupError: if there is none.
        """
        contract = Contract(self, UInt160(hash))
        contract.state
        return contract

    def __getattr__(self, name: str) -> Contract:
        try:
            hash = _NATIVES[name]
        except KeyError:
            raise AttributeError(f"Chain has no attribute {name!r}") from None
        return Contract(self, UInt160(hash))

    def run(
        self, script: bytes, *, signer: Signers = None, gas: int | None = None, keep: bool = False
    ) -> Receipt:
        """Run a script and return the receipt, also of a fault. With ``keep``, changes are kept."""
        limit = self.gas_limit if gas is None else gas
        receipt = self._core.run(script, (self._signers(signer), limit), keep)
        self._local.receipt = receipt
        return receipt

    @property
    def last_receipt(self) -> Receipt | None:
        """The receipt of the last call that this thread made on the chain."""
        return getattr(self._local, "receipt", None)

    # Accounts

    @property
    def committee(self) -> UInt160:
        """The account of the committee, which may change policy."""
        return self._core.committee

    @property
    def validators(self) -> UInt160:
        """The account of the validators, to which the first block gives all NEO and GAS."""
        return self._core.validators

    def fund(self, account: Account | Contract | UInt160 | str, *, gas: int = 0, neo: int = 0) -> None:
        """Transfer GAS, in datoshi, and NEO from the validators to an account."""
        for token, amount in ((self.gas, gas), (self.neo, neo)):
            if amount and not token.transfer(self.validators, account, amount, None, signer=self.validators):
                raise ValueError(f"the validators do not have {amount} of {token.symbol()}")

    @contextmanager
    def signed_by(self, *signers: SignerLike) -> Iterator[None]:
        """Let these accounts sign calls within ``with`` that do not say who signs."""
        former, self.default_signer = self.default_signer, signers
        try:
            yield
        finally:
            self.default_signer = former

    def _signers(self, signers: Signers) -> list[Signer]:
        if signers is None:
            signers = self.default_signer
        if signers is None:
            return []
        if isinstance(signers, (str, bytes)) or not isinstance(signers, Iterable):
            signers = (signers,)
        several = cast("Iterable[SignerLike]", signers)
        return [_signer(signer) for signer in several]

    def _executed(self, receipt: Receipt, contract: Contract, method: str) -> None:
        self._local.receipt = receipt
        for observer in self.observers:
            observer(contract, method, receipt)

    def __repr__(self) -> str:
        return f"<Chain of {self.network!r} at height {self.height}>"


def _signer(signer: Any) -> Signer:
    return signer if isinstance(signer, Signer) else Signer(signer)
