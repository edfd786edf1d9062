"""A suite of boa-test-constructor for the example token, run by `neovm serve` in place of that package's node.

    python boa_suite.py URL KEY

KEY is the validator's private key, in 64 hexadecimal digits.
"""

import sys
import unittest
from pathlib import Path

import boaconstructor
from boaconstructor import AssertException, Nep17TransferEvent, SmartContractTestCase
from boaconstructor.storage import as_int
from neo3.api.wrappers import ChainFacade
from neo3.core import types
from neo3.wallet import account, wallet

TOKEN = Path(__file__).parents[2] / "examples" / "contracts" / "token.nef"
GAS = types.UInt160.from_string("0xd2a4cff31913016155e38e474a2c06d08be276cf")


class NeovmNode:
    """A server that runs already, in place of boa-test-constructor's node."""

    url = key = ""

    def __init__(self):
        self.runtime_logs = []
        self.wallet = wallet.Wallet()
        single = account.Account.from_private_key(bytes.fromhex(self.key))
        self.wallet.account_add(single)
        self.account_committee = self.wallet.import_multisig_address(1, [single.public_key])
        self.facade = ChainFacade(rpc_host=self.url, receipt_retry_delay=0.05, receipt_timeout=20)

    def start(self):
        pass

    stop = reset = start


class TokenTest(SmartContractTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.node.wallet.account_new(label="owner")
        cls.friend = cls.node.wallet.account_new(label="friend")

    async def asyncSetUp(self):
        await super().asyncSetUp()
        cls = type(self)
        if not hasattr(cls, "contract_hash"):
            committee = self.node.account_committee
            ok, events = await self.transfer(GAS, committee.script_hash, self.owner.script_hash, 1000, 8)
            assert ok and len(events) == 1
            cls.contract_hash = await self.deploy(str(TOKEN), self.owner)
            await self.call("mint", [self.owner.script_hash, 500], return_type=None, signing_accounts=[self.owner])

    async def balance(self, holder):
        return (await self.call("balanceOf", [holder.script_hash], return_type=int))[0]

    async def test_what_it_says_of_itself(self):
        self.assertEqual((await self.call("symbol", return_type=str))[0], "EXT")
        self.assertEqual((await self.call("decimals", return_type=int))[0], 8)
        self.assertEqual((await self.call("owner", return_type=types.UInt160))[0], self.owner.script_hash)

    async def test_a_transfer_moves_tokens(self):
        before = await self.balance(self.friend)
        args = [self.owner.script_hash, self.friend.script_hash, 7, None]
        ok, events = await self.call("transfer", args, return_type=bool, signing_accounts=[self.owner])
        event = Nep17TransferEvent.from_notification(events[0])
        self.assertTrue(ok)
        self.assertEqual((event.source, event.destination, event.amount), (*args[:2], 7))
        self.assertEqual(await self.balance(self.friend), before + 7)

    async def test_a_test_run_keeps_nothing(self):
        before = await self.balance(self.friend)
        args = [self.owner.script_hash, self.friend.script_hash, 7, None]
        self.assertFalse((await self.call("transfer", args, return_type=bool))[0])
        self.assertEqual(await self.balance(self.friend), before)

    async def test_nobody_else_mints(self):
        with self.assertRaises(AssertException) as raised:
            await self.call("mint", [self.friend.script_hash, 1], return_type=None)
        self.assertIn("only the owner mints", str(raised.exception))

    async def test_the_storage_is_that_of_the_balances(self):
        found = await self.get_storage(b"\x02", remove_prefix=True, values_post_processor=as_int)
        self.assertIn(self.owner.script_hash.to_array(), found)
        supply = (await self.call("totalSupply", return_type=int))[0]
        self.assertEqual(sum(found.values()), supply)


NeovmNode.url, NeovmNode.key = sys.argv[1:3]
boaconstructor.NeoGoNode = NeovmNode
unittest.main(argv=sys.argv[:1])
