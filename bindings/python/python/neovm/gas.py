"""How much gas methods consume."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from neovm._neovm import Receipt
from neovm.contract import Contract


@dataclass
class GasUse:
    """What the calls of a method consumed, in datoshi."""

    calls: int = 0
    faults: int = 0
    least: int = 0
    most: int = 0
    total: int = 0

    @property
    def mean(self) -> int:
        """The mean of all calls."""
        return self.total // self.calls if self.calls else 0


class GasReport:
    """Adds up what methods consume. It is an observer of chains:

    >>> import neovm
    >>> chain, report = neovm.Chain(), neovm.GasReport()
    >>> chain.observers.append(report)
    >>> chain.neo.symbol()
    'NEO'
    >>> print(report)
    method           calls      least       mean       most  faults
    NeoToken.symbol      1    0.00984    0.00984    0.00984       0
    """

    def __init__(self) -> None:
        self.methods: dict[tuple[str, str], GasUse] = {}
        self._names: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def __call__(self, contract: Contract, method: str, receipt: Receipt) -> None:
        """Take a call into account."""
        hash = contract.to_array()
        with self._lock:
            if hash not in self._names:
                self._names[hash] = contract.state.name
            use = self.methods.setdefault((self._names[hash], method), GasUse())
            use.least = min(use.least, receipt.gas) if use.calls else receipt.gas
            use.most = max(use.most, receipt.gas)
            use.calls += 1
            use.faults += not receipt.ok
            use.total += receipt.gas

    def __str__(self) -> str:
        rows = [(f"{name}.{method}", use) for (name, method), use in sorted(self.methods.items())]
        width = max([len("method"), *(len(name) for name, _ in rows)])
        lines = [f"{'method':<{width}}  {'calls':>5} {'least':>10} {'mean':>10} {'most':>10} {'faults':>7}"]
        for name, use in rows:
            amounts = " ".join(f"{amount / 10**8:>10.5f}" for amount in (use.least, use.mean, use.most))
            lines.append(f"{name:<{width}}  {use.calls:>5} {amounts} {use.faults:>7}")
        return "\n".join(lines)
