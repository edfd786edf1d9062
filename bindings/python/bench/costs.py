"""Measures what things cost: microseconds, the median of several rounds and their range."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import neovm
from neovm import Account, Chain

EXAMPLES = Path(__file__).parents[3] / "examples"
ROUNDS = 9


def measure(name: str, run: Callable[[], object], count: int) -> None:
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(count):
            run()
        rounds.append((time.perf_counter() - begun) / count * 1e6)
    median, least, most = (f"{value:.3g}" for value in (statistics.median(rounds), min(rounds), max(rounds)))
    print(f"| {name} | {median} | {least} to {most} |")


def main() -> None:
    alice, bob = Account("alice"), Account("bob")
    chain = Chain()
    token = chain.deploy(EXAMPLES / "token.nef", signer=alice)
    nothing = neovm.assemble("RET")
    syscall = neovm.assemble("PUSHINT16 1000\nloop: SYSCALL System.Runtime.GetTime\nDROP\nDEC\nDUP\nJMPIF loop")
    print("| | µs | range |\n|---|---|---|")
    measure("an attribute in Rust: `UInt160.address`", lambda: alice.hash.address, 10_000)
    measure("the shortest script: `chain.run`", lambda: chain.run(nothing, signer=()), 2000)
    measure("a thousand system calls in a script", lambda: chain.run(syscall, signer=()), 200)
    measure("a read: `token.balanceOf(bob)`", lambda: token.balanceOf(bob), 2000)
    measure("a change: `token.transfer(...)`", lambda: token.transfer(alice, bob, 1, None, signer=alice), 2000)
    measure("a block", chain.mine, 500)
    measure("a snapshot and the way back", lambda: chain.snapshot().revert(), 2000)
    measure("a copy of the chain", chain.copy, 2000)
    measure("a new chain of a network", lambda: Chain(network=chain.network), 50)


if __name__ == "__main__":
    main()
