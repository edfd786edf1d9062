"""Contracts as objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, final

from neovm._neovm import ContractState, Receipt, UInt160
from neovm.fault import Fault

if TYPE_CHECKING:
    from neovm.chain import Chain, Signers


class Method:
    """A method of a contract.

    A call returns what the method returns, or raises :class:`Fault`. Changes are kept unless
    the manifest says that the method is safe.
    """

    def __init__(self, contract: Contract, name: str) -> None:
        self.contract = contract
        self.name = name

    def __call__(self, *args: Any, signer: Signers = None, gas: int | None = None) -> Any:
        """Call the method and return its result."""
        receipt = self._perform(args, signer, gas, None)
        if not receipt.ok:
            raise Fault(receipt)
        return receipt.result

    def run(self, *args: Any, signer: Signers = None, gas: int | None = None) -> Receipt:
        """Call the method as a transaction and return the receipt, also of a fault."""
        return self._perform(args, signer, gas, True)

    def invoke(self, *args: Any, signer: Signers = None, gas: int | None = None) -> Receipt:
        """Try the method out, keep nothing, and return the receipt, also of a fault."""
        return self._perform(args, signer, gas, False)

    def _perform(self, args: tuple[Any, ...], signer: Signers, gas: int | None, keep: bool | None) -> Receipt:
        contract = self.contract
        chain = contract.chain
        if signer is None:
            signer = contract._signers
        limit = chain.gas_limit if gas is None else gas
        receipt = chain._core.call(contract.hash, self.name, args, (chain._signers(signer), limit), keep)
        chain._executed(receipt, contract, self.name)
        return receipt

    def __repr__(self) -> str:
        return f"<method {self.name} of {self.contract!r}>"


class Storage(MutableMapping[bytes, bytes]):
    """The storage of a contract: what it wrote, by its own keys.

    Values that are set or deleted here are not charged and send no events.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def __getitem__(self, key: bytes | str) -> bytes:
        value = self._contract.chain._core.storage_get(self._contract.id, _key(key))
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes | str, value: bytes) -> None:
        self._contract.chain._core.storage_put(self._contract.id, _key(key), value)

    def __delitem__(self, key: bytes | str) -> None:
        if key not in self:
            raise KeyError(key)
        self._contract.chain._core.storage_put(self._contract.id, _key(key), None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.find())

    def __len__(self) -> int:
        return len(self.find())

    def find(self, prefix: bytes | str = b"") -> dict[bytes, bytes]:
        """Return the entries whose keys begin with a prefix, in the order of the keys."""
        return dict(self._contract.chain._core.storage_find(self._contract.id, _key(prefix)))


def _key(key: bytes | str) -> bytes:
    return key.encode() if isinstance(key, str) else key


@final
class Contract:
    """A contract on a chain. Its methods are attributes.

    A method whose name is that of an attribute of this class, or is no identifier, is reached
    by :meth:`method`.
    """

    def __init__(self, chain: Chain, hash: UInt160, signers: Signers = None) -> None:
        self.chain = chain
        self.hash = hash
        self._signers = signers

    @property
    def state(self) -> ContractState:
        """The contract as it is stored now."""
        state = self.chain._core.contract(self.hash)
        if state is None:
            raise LookupError(f"there is no contract {self.hash}")
        return state

    @property
    def address(self) -> str:
        """The hash as an address."""
        return self.hash.address

    @property
    def id(self) -> int:
        """The id, under which the storage lies."""
        return self.state.id

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it is now."""
        manifest: dict[str, Any] = json.loads(self.state.manifest)
        return manifest

    @property
    def storage(self) -> Storage:
        """The storage, as a mapping."""
        return Storage(self)

    def method(self, name: str) -> Method:
        """Return a method by its name."""
        if name not in self.chain._methods.get(self.hash, ()):
            methods = frozenset(method["name"] for method in self.manifest["abi"]["methods"])
            self.chain._methods[self.hash] = methods
            if name not in methods:
                known = ", ".join(sorted(it for it in methods if not it.startswith("_")))
                raise AttributeError(f"{self.state.name} has no method {name!r}, but {known}")
        return Method(self, name)

    def signed_by(self, *signers: Any) -> Contract:
        """Return the same contract, with calls that these accounts sign."""
        return Contract(self.chain, self.hash, signers)

    def to_array(self) -> bytes:
        """The bytes of the hash: what an argument of a contract is made of."""
        return self.hash.to_array()

    def __getattr__(self, name: str) -> Method:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.method(name)

    def __dir__(self) -> list[str]:
        methods = [method["name"] for method in self.manifest["abi"]["methods"]]
        return sorted({*super().__dir__(), *methods})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contract) and other.chain is self.chain and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __repr__(self) -> str:
        state = self.chain._core.contract(self.hash)
        return f"<Contract {state.name if state else 'that is gone'} {self.hash}>"
