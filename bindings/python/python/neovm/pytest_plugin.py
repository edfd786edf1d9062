"""Fixtures for tests of contracts, and a report of the gas that they consume.

``chain`` is a chain for one test: what the test changes is taken back at its end. It is made once
a module, as ``neovm_chain``; fixtures of the module that deploy contracts use that one.

``alice``, ``bob`` and ``carol`` are accounts with NEO and GAS.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neovm import Account, Chain, GasReport, Network

#: What each of the accounts owns at first: 10,000 GAS and 10,000 NEO.
GAS = 10_000_0000_0000
NEO = 10_000

_report = pytest.StashKey[GasReport]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the report."""
    group = parser.getgroup("neovm")
    group.addoption("--gas-report", action="store_true", help="show how much gas the methods of contracts consumed")


def pytest_configure(config: pytest.Config) -> None:
    """Begin the report."""
    config.stash[_report] = GasReport()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the report."""
    report = config.stash[_report]
    if config.getoption("--gas-report") and report.methods:
        terminalreporter.section("gas in GAS")
        terminalreporter.write_line(str(report))


@pytest.fixture(scope="session")
def neovm_network() -> Network:
    """The network of all chains. A project may define another one."""
    return Network("private")


@pytest.fixture(scope="session")
def alice() -> Account:
    """An account with NEO and GAS."""
    return Account("alice")


@pytest.fixture(scope="session")
def bob() -> Account:
    """An account with NEO and GAS."""
    return Account("bob")


@pytest.fixture(scope="session")
def carol() -> Account:
    """An account with NEO and GAS."""
    return Account("carol")


@pytest.fixture(scope="module")
def neovm_chain(
    neovm_network: Network, alice: Account, bob: Account, carol: Account, pytestconfig: pytest.Config
) -> Chain:
    """The chain of a module, for fixtures that deploy contracts once."""
    chain = Chain(network=neovm_network)
    chain.default_signer = alice
    for account in (alice, bob, carol):
        chain.fund(account, gas=GAS, neo=NEO)
    if pytestconfig.getoption("--gas-report"):
        chain.observers.append(pytestconfig.stash[_report])
    return chain


@pytest.fixture
def chain(neovm_chain: Chain) -> Iterator[Chain]:
    """The chain of the module. What a test changes is taken back."""
    with neovm_chain.snapshot():
        yield neovm_chain
