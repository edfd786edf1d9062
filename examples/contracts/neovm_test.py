"""What only `neovm test` has: a native contract that says when a test runs, who signs and what is to happen."""

from typing import Any

from boa3.sc.compiletime import contract, display_name
from boa3.sc.types import UInt160


@contract('0x7e577e577e577e577e577e577e577e577e577e57')
class Test:
    hash: UInt160

    @staticmethod
    def account(name: str) -> UInt160:
        """The account of a name, the same as in test files."""
        pass

    @staticmethod
    def deploy(name: str, data: Any) -> UInt160:
        """Deploys `name.nef`, which lies beside the test, and returns its hash."""
        pass

    @staticmethod
    @display_name('setSigners')
    def set_signers(accounts: list[UInt160]):
        """From now on these accounts have signed, everywhere."""
        pass

    @staticmethod
    @display_name('setTime')
    def set_time(milliseconds: int):
        """From now on it is so many milliseconds after 1970."""
        pass

    @staticmethod
    def mine(blocks: int):
        """Appends empty blocks."""
        pass

    @staticmethod
    @display_name('expectFault')
    def expect_fault(message: str):
        """The test passes only if it ends with a fault that says this."""
        pass

    @staticmethod
    @display_name('respondOracle')
    def respond_oracle(number: int, code: int, result: bytes):
        """Appends a block with the answer to an oracle request."""
        pass
