"""Faults as exceptions."""

from __future__ import annotations

from neovm._neovm import Frame, Receipt

#: How many characters of a message ``str()`` shows: a script may throw any text.
_SHOWN = 1000


class Fault(Exception):
    """A script faulted.

    The message is that of the reference; ``str()`` cuts it off if it is long, and adds where it
    happened and the calls that led there.
    """

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.fault)
        self.receipt = receipt

    @property
    def message(self) -> str:
        """Why it faulted, in the words of the reference."""
        return self.receipt.fault or ""

    @property
    def kind(self) -> str:
        """The kind of the fault, as the Rust library calls it: Abort, Assert, InsufficientGas, ..."""
        return self.receipt.fault_kind or ""

    @property
    def gas(self) -> int:
        """The gas that was consumed, in datoshi."""
        return self.receipt.gas

    @property
    def frames(self) -> list[Frame]:
        """The contexts on the invocation stack, the one that faulted first."""
        return self.receipt.frames

    def __str__(self) -> str:
        message = self.message
        if len(message) > _SHOWN:
            message = f"{message[:_SHOWN]}... ({len(message)} characters)"
        lines = [message]
        for i, frame in enumerate(self.frames):
            lines.append(f"  {'called from' if i else 'at'} {frame}")
        return "\n".join(lines)
