"""Sources for neo3-boa: with the compiler, which need not be installed, and without it."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from neovm import Account, Chain

COUNTER = Path(__file__).parents[1] / "bench" / "counter.py"

has_compiler = find_spec("boa3") is not None
needs_compiler = pytest.mark.skipif(not has_compiler, reason="SKIPPED: neo3-boa is not installed, see .ci/peers full")


@needs_compiler
def test_a_source_is_compiled_and_deployed(chain: Chain, alice: Account, bob: Account) -> None:
    counter = chain.deploy(COUNTER)
    assert counter.manifest["name"] == "counter"
    assert counter.total() == 0
    assert counter.add(alice, 3) == 3
    receipt = counter.add.run(alice, 4)
    assert receipt.result == 7
    (event,) = receipt.notifications
    assert (event.name, event["who"], event["amount"]) == ("Added", alice.hash, 4)
    refused = counter.add.run(bob, 4, signer=alice)
    assert refused.fault is not None and "no witness" in refused.fault
    assert counter.total() == 7
    # The same source has the same hash under another account's name, and is compiled once.
    assert chain.deploy(str(COUNTER), signer=bob).hash != counter.hash


@needs_compiler
def test_what_does_not_compile_is_an_error(chain: Chain, tmp_path: Path) -> None:
    source = tmp_path / "wrong.py"
    source.write_text("from boa3.sc.compiletime import public\n\n@public\ndef get() -> int:\n    return 'text'\n")
    with pytest.raises(ValueError, match=r"wrong\.py does not compile: .*5:4 - Expected type 'int', got 'str'"):
        chain.deploy(source)


@pytest.mark.skipif(has_compiler, reason="neo3-boa is installed")
def test_without_a_compiler_it_says_what_to_install(chain: Chain) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"counter\.py is a source.*pip install neo3-boa"):
        chain.deploy(COUNTER)
    with pytest.raises(ValueError, match="makes the manifest"):
        chain.deploy(COUNTER, "{}")
