"""The class for suites of boa-test-constructor.

With neo-mamba the suite meets that package's types, without it those of neovm; both run here if
neo-mamba is installed, and otherwise one of them.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from neovm import Account, Signer, UInt160
from neovm.testing import (
    AbortException,
    AssertException,
    Nep17TransferEvent,
    SmartContractTestCase,
    types,
)
from neovm.testing.storage import as_address, as_int, as_str, as_uint160, as_uint256, stdlib_deserialize

TOKEN = Path(__file__).parents[3] / "examples" / "token.nef"
GAS = UInt160("0xd2a4cff31913016155e38e474a2c06d08be276cf")
STD_LIB = UInt160("0xacce6fd80d44e1796aa0c2c625e9e4e0ce39efc0")
MANAGEMENT = UInt160("0xfffdc93764dbaddd97c48f252a53ea4643faa3fd")


class TokenTest(SmartContractTestCase):
    owner: Any
    friend: Any

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.owner = cls.node.wallet.account_new(label="owner")
        cls.friend = cls.node.wallet.account_new(label="friend")
        asyncio.run(cls.prepare())

    @classmethod
    async def prepare(cls) -> None:
        committee = cls.node.account_committee
        source, target = committee.script_hash, cls.owner.script_hash
        ok, notifications = await cls.transfer(GAS, source, target, 1000, 8, signing_account=committee)
        assert ok and len(notifications) == 1
        cls.contract_hash = await cls.deploy(str(TOKEN), cls.owner)

    async def test_a_call_without_accounts_keeps_nothing(self) -> None:
        supply, none = await self.call("totalSupply", return_type=int)
        assert supply > 0 and none == []
        before = await self.call("balanceOf", [self.friend.script_hash], return_type=int)
        args = [self.owner.script_hash, self.friend.script_hash, 5, None]
        ok, notifications = await self.call("transfer", args, return_type=bool, signers=[Signer(self.owner.script_hash)])
        assert ok is True and len(notifications) == 1
        assert await self.call("balanceOf", [self.friend.script_hash], return_type=int) == before

    async def test_a_call_with_accounts_is_kept_in_a_block(self) -> None:
        height = self.node.chain.height
        args = [self.owner.script_hash, self.friend.script_hash, 5, None]
        ok, notifications = await self.call("transfer", args, return_type=bool, signing_accounts=[self.owner])
        assert ok is True and self.node.chain.height == height + 1
        event = Nep17TransferEvent.from_notification(notifications[0])
        assert (event.source, event.destination, event.amount) == (self.owner.script_hash, self.friend.script_hash, 5)
        assert (await self.call("balanceOf", [self.friend.script_hash], return_type=int))[0] >= 5
        nobody, _ = await self.call("transfer", args, return_type=bool, signing_accounts=[self.friend])
        assert nobody is False
        limited = Signer(self.owner.script_hash, "None")
        both = {"signing_accounts": [self.owner], "signers": [limited]}
        assert (await self.call("transfer", args, return_type=bool, **both))[0] is False

    async def test_faults_are_exceptions(self) -> None:
        with pytest.raises(AssertException):
            await self.call("balanceOf", [b""], return_type=int)
        with pytest.raises(ValueError, match="faulted"):
            await self.call("nothing", return_type=int)
        with pytest.raises(ValueError, match="cannot be deployed"):
            await self.deploy(str(TOKEN), self.owner)
        with pytest.raises(ValueError, match="signers"):
            await self.call("symbol", return_type=str, signing_accounts=[self.owner], signers=[GAS, GAS])

    async def test_results_are_of_the_type_that_is_expected(self) -> None:
        assert (await self.call("symbol", return_type=str))[0] == "TOKEN"
        assert (await self.call("symbol", return_type=bytes))[0] == b"TOKEN"
        for wrong in (int, bool, list, dict, None, UInt160):
            with pytest.raises(ValueError):
                await self.call("symbol", return_type=wrong)
        with pytest.raises(ValueError, match="unsupported"):
            await self.call("symbol", return_type=float)
        parsed, _ = await self.call("jsonDeserialize", ['{"a":[1]}'], return_type=dict, target_contract=STD_LIB)
        assert list(parsed) == [b"a"]
        items, _ = await self.call("getContract", [GAS], return_type=list, target_contract=MANAGEMENT)
        assert getattr(items[0], "value", items[0]) == -6
        nothing, _ = await self.call("getContract", [UInt160.zero()], return_type=None, target_contract=MANAGEMENT)
        assert nothing is None

    async def test_storage_is_read(self) -> None:
        entries = await self.get_storage(b"\x01", remove_prefix=True, values_post_processor=as_int)
        assert entries[types.uint160(UInt160(self.owner.script_hash)).to_array()] > 0
        by_account = await self.get_storage(b"\x01", remove_prefix=True, key_post_processor=as_uint160)
        assert self.owner.script_hash in by_account
        assert set(await self.get_storage()) > set(await self.get_storage(b"\x01"))
        assert await self.get_storage(b"\x14" + bytes(20), target_contract=GAS) == {}

    async def test_there_is_no_node(self) -> None:
        with pytest.raises(NotImplementedError):
            self.facade
        assert self.runtime_logs == []
        self.node.start()
        self.node.stop()


def test_what_makes_values_of_bytes() -> None:
    account = Account("alice")
    assert as_address(account.to_array()) == account.address
    assert as_str("ä".encode()) == "ä" and as_int(b"\xff") == -1
    assert as_uint160(account.to_array()).to_array() == account.to_array()
    assert as_uint256(bytes(32)).to_array() == bytes(32)
    assert stdlib_deserialize(b"\x40\x02\x21\x01\x01\x21\x01\x02") == [1, 2]


class LogTest(SmartContractTestCase):
    async def test_logs_and_aborts(self) -> None:
        from neovm import ScriptBuilder
        from neovm.testing import _check

        script = ScriptBuilder().push("hello").syscall("System.Runtime.Log").push("so be it").op("ABORTMSG").build()
        receipt = self.node.execute(script, [Signer(Account("a"))], keep=True)
        (log,) = self.runtime_logs
        assert log.msg == "hello" and log.txid.to_array() != bytes(32)
        with pytest.raises(AbortException, match="^so be it$"):
            _check(receipt)
