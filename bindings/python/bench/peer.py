"""Times a suite with boa-test-constructor, which starts a neo-go node, beside the same suite with neovm.

It needs boa-test-constructor 0.7.0, neo3-boa 1.5.0 and neovm, and Python 3.13. `.ci/peers --case
python_peer` makes such an environment and runs it. Both sides take turns, each in a process of its
own; a figure is the median of all turns, with the least and the greatest.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
SIDES = ("boaconstructor", "neovm.testing")
TURNS = 5
CHANGES = 20
READS = 200


def suite(module: str) -> dict[str, float]:
    """Run the suite, and return the seconds that its parts took."""
    import asyncio
    import importlib
    import io
    import unittest

    from neo3.core import types

    case = importlib.import_module(module).SmartContractTestCase
    seconds: dict[str, float] = {}

    class CounterTest(case):  # type: ignore[misc, valid-type]
        @classmethod
        def setUpClass(cls) -> None:
            begun = time.perf_counter()
            super().setUpClass()
            cls.owner = cls.node.wallet.account_new(label="owner")
            asyncio.run(cls.prepare())
            seconds["fixture"] = time.perf_counter() - begun

        @classmethod
        async def prepare(cls) -> None:
            gas = types.UInt160.from_string("0xd2a4cff31913016155e38e474a2c06d08be276cf")
            committee = cls.node.account_committee
            await cls.transfer(gas, committee.script_hash, cls.owner.script_hash, 1000, 8, committee)
            cls.contract_hash = await cls.deploy(str(FOLDER / "counter.nef"), cls.owner)

        async def test_counter(self) -> None:
            begun = time.perf_counter()
            for i in range(CHANGES):
                args = [self.owner.script_hash, 5]
                total, events = await self.call("add", args, return_type=int, signing_accounts=[self.owner])
                assert (total, len(events)) == (5 * (i + 1), 1)
            seconds["change"] = (time.perf_counter() - begun) / CHANGES
            begun = time.perf_counter()
            for _ in range(READS):
                assert (await self.call("total", return_type=int))[0] == 5 * CHANGES
            seconds["read"] = (time.perf_counter() - begun) / READS

    # In a suite, so that the fixture of the class is made.
    result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.TestSuite([CounterTest("test_counter")]))
    assert result.wasSuccessful(), result.errors + result.failures
    return seconds


def compile_contract() -> None:
    from boa3.boa3 import Boa3

    if not (FOLDER / "counter.nef").exists():
        Boa3.compile_and_save(str(FOLDER / "counter.py"), output_path=str(FOLDER / "counter.nef"))


def shown(values: list[float]) -> str:
    median, least, most = (f"{value * 1000:.3g}" for value in (statistics.median(values), min(values), max(values)))
    return f"{median} ({least} to {most})"


def main() -> None:
    compile_contract()
    taken: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(TURNS):
        for side in SIDES:
            output = subprocess.run([sys.executable, __file__, side], capture_output=True, text=True, check=True).stdout
            taken[side].append(json.loads(output.splitlines()[-1]))
    print(f"milliseconds, the median of {TURNS} turns and their range\n")
    print("| | boa-test-constructor | neovm | ratio |\n|---|---|---|---|")
    names = {"fixture": "start, fund an account, deploy", "change": "call that changes state", "read": "read"}
    for part, name in names.items():
        peer, own = ([turn[part] for turn in taken[side]] for side in SIDES)
        ratio = statistics.median(peer) / statistics.median(own)
        print(f"| {name} | {shown(peer)} | {shown(own)} | {ratio:,.0f} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(suite(sys.argv[1])))
    else:
        main()
