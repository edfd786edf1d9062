"""neo-mamba beside `neovm serve`: what a wallet does.

    python mamba_client.py URL KEY NEF MANIFEST

KEY is the validator's private key, in 64 hexadecimal digits.
"""

import asyncio
import json
import sys

from neo3.api import noderpc
from neo3.api.helpers import signing
from neo3.api.wrappers import ChainFacade, GasToken, GenericContract, NEP17Contract, NeoToken
from neo3.contracts import manifest, nef
from neo3.network.payloads.verification import Signer, WitnessScope
from neo3.wallet import account, wallet


def accounts(key):
    """The wallet with the validator's account, and the account of one of one signature that holds the genesis funds."""
    mine = wallet.Wallet()
    single = account.Account.from_private_key(bytes.fromhex(key))
    mine.account_add(single)
    rich = mine.import_multisig_address(1, [single.public_key])
    return single, rich


async def main(url, key, nef_file, manifest_file):
    single, rich = accounts(key)
    new = account.Account.create_new()
    facade = ChainFacade(rpc_host=url, receipt_retry_delay=0.05, receipt_timeout=20)
    facade.add_signer(
        signing.sign_with_multisig_account(rich), Signer(rich.script_hash, WitnessScope.CALLED_BY_ENTRY)
    )

    # GAS and NEO, to a new account.
    gas, neo = GasToken(), NeoToken()
    receipt = await facade.invoke(gas.transfer(rich.address, new.address, 50_0000_0000))
    assert receipt.state == "HALT" and receipt.result is True, receipt
    assert receipt.notifications[0].event_name == "Transfer", receipt
    receipt = await facade.invoke(neo.transfer(rich.address, new.address, 7))
    assert receipt.result is True, receipt
    assert (await facade.test_invoke(gas.balance_of(new.address))).result == 50_0000_0000
    assert (await facade.test_invoke(neo.balance_of(new.address))).result == 7

    # A contract of the new account, which pays for it.
    of_new = [(signing.sign_with_account(new), Signer(new.script_hash, WitnessScope.CALLED_BY_ENTRY))]
    with open(manifest_file) as file:
        described = manifest.ContractManifest.from_json(json.load(file))
    deployed = await facade.invoke(
        GenericContract.deploy(nef.NEF.from_file(nef_file), described), signers=of_new, append_system_fee=1000
    )
    assert deployed.state == "HALT", deployed
    token = NEP17Contract(deployed.result)
    assert isinstance((await facade.test_invoke(token.symbol())).result, str)
    assert (await facade.test_invoke(token.total_supply())).result >= 0

    async with noderpc.NeoRpcClient(url) as client:
        state = await client.get_contract_state(deployed.result)
        assert state.manifest.name == described.name
        balances = await client.get_nep17_balances(new.address)
        assert {balance.asset_hash for balance in balances.balances} >= {gas.hash, neo.hash}, balances
        transfers = await client.get_nep17_transfers(new.address)
        assert len(transfers.received) >= 2, transfers
        version = await client.get_version()
        assert version.protocol.validators_count == 1, version
        block = await client.get_block(deployed.included_in_block)
        assert deployed.tx_hash in [transaction.hash() for transaction in block.transactions]
        header = await client.get_block_header(0)
        assert header.hash() == await client.get_block_hash(0)
        log = await client.get_application_log_block(await client.get_best_block_hash())
        assert len(log.executions) == 2, log
        found = [key async for key, _ in client.find_states(neo.hash, b"\x0e")]
        assert found, "the committee is stored"
        assert not await client.get_candidates(), "nobody stands for election"
        assert len(await client.get_committee()) == 1
        assert (await client.get_raw_mempool()).verified == []
        assert await client.validate_address(new.address)
        assert await client.get_unclaimed_gas(rich.address) >= 0
        iterated = await client.invoke_function(gas.hash, "symbol")
        assert iterated.state == "HALT"
        try:
            await client.get_contract_state(new.script_hash)
            raise AssertionError("no such contract")
        except noderpc.JsonRpcError as error:
            assert error.code == -102, error
    print("neo-mamba: all well")


asyncio.run(main(*sys.argv[1:]))
