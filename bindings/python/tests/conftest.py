"""What the tests share."""

from pathlib import Path

import pytest

from neovm import Chain, Contract

pytest_plugins = ["pytester"]

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="session")
def examples() -> Path:
    return EXAMPLES


@pytest.fixture(scope="module")
def neovm_token(neovm_chain: Chain) -> Contract:
    """The token, whose supply belongs to alice."""
    return neovm_chain.deploy(EXAMPLES / "token.nef")


@pytest.fixture
def token(chain: Chain, neovm_token: Contract) -> Contract:
    return neovm_token
