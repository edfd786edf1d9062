"""Chains: calls, signers, time, states, folders."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import neovm
from neovm import Account, Chain, Contract, Fault, Network, Signer, UInt160


def test_a_call_returns_what_the_method_returns(token: Contract, alice: Account, bob: Account) -> None:
    assert token.symbol() == "TOKEN"
    assert token.totalSupply() == token.balanceOf(alice)
    assert token.transfer(alice, bob, 500, None) is True
    assert token.balanceOf(bob) == 500


def test_a_test_takes_back_what_it_changed(token: Contract, bob: Account) -> None:
    assert token.balanceOf(bob) == 0


def test_signers_decide(token: Contract, alice: Account, bob: Account) -> None:
    assert token.transfer(alice, bob, 1, None, signer=bob) is False
    assert token.signed_by(bob).transfer(alice, bob, 1, None) is False
    assert token.transfer(alice, bob, 1, None, signer=[bob, alice]) is True
    assert token.transfer(alice, bob, 1, None, signer=Signer(alice, "None")) is False
    assert token.transfer(alice, bob, 1, None, signer=Signer(alice, "Global")) is True
    with token.chain.signed_by(bob):
        assert token.transfer(alice, bob, 1, None) is False
        assert token.transfer(bob, alice, 1, None) is True


def test_scopes_and_rules_are_those_of_the_node(token: Contract, alice: Account, bob: Account) -> None:
    custom = Signer(alice, "None", contracts=[token])
    assert custom.scopes == "CustomContracts"
    assert token.transfer(alice, bob, 1, None, signer=custom) is True
    elsewhere = Signer(alice, "None", contracts=[token.chain.neo])
    assert token.transfer(alice, bob, 1, None, signer=elsewhere) is False
    rule = {"action": "Deny", "condition": {"type": "ScriptHash", "hash": str(token.hash)}}
    assert token.transfer(alice, bob, 1, None, signer=Signer(alice, "WitnessRules", rules=[rule])) is False
    for scopes in ("Everywhere", "Global, CalledByEntry"):
        with pytest.raises(ValueError, match="scopes"):
            Signer(alice, scopes)
    with pytest.raises(ValueError, match="hexadecimal|key"):
        Signer(alice, groups=["02"])


def test_a_receipt_tells_what_happened(token: Contract, alice: Account, bob: Account) -> None:
    receipt = token.transfer.run(alice, bob, 7, None)
    assert (receipt.ok, receipt.state, receipt.result, receipt.stack) == (True, "HALT", True, [True])
    assert 0 < receipt.gas < 1_0000_0000 and receipt.instructions > 20
    (event,) = receipt.notifications
    assert (event.name, event.contract, event.names) == ("Transfer", token.hash, ("from", "to", "amount"))
    assert event.args == (alice.hash, bob.hash, 7)
    assert event["amount"] == event[2] == 7
    with pytest.raises(KeyError):
        event["price"]
    ((id, key, old, new),) = [change for change in receipt.changes if change[1].endswith(bob.to_array())]
    assert (id, old, new) == (token.id, None, b"\x07")
    assert token.storage[key] == b"\x07"
    assert token.chain.last_receipt is receipt


def test_invoke_keeps_nothing(token: Contract, alice: Account, bob: Account) -> None:
    assert token.transfer.invoke(alice, bob, 7, None).result is True
    assert token.balanceOf(bob) == 0


def test_gas_is_limited(token: Contract, alice: Account, bob: Account) -> None:
    with pytest.raises(Fault) as caught:
        token.transfer(alice, bob, 1, None, gas=1000)
    assert (caught.value.kind, caught.value.message) == ("InsufficientGas", "Insufficient GAS.")
    assert token.balanceOf(bob) == 0
    with pytest.raises(ValueError, match="gas is -1: an int from 0"):
        token.symbol(gas=-1)


def test_a_fault_tells_where_it_happened(token: Contract, bob: Account) -> None:
    with pytest.raises(Fault) as caught:
        token.transfer(bytes(20), bob, -1, None)
    fault = caught.value
    assert fault.kind == "Assert" and fault.receipt.fault_opcode == "ASSERT"
    at, caller = fault.frames
    assert (at.name, at.method, at.instruction) == ("Token", "transfer", "ASSERT")
    assert at.contract == token.hash and at.position == fault.receipt.fault_position
    assert caller.name is None and caller.instruction == "SYSCALL System.Contract.Call"
    assert "at Token.transfer, byte" in str(fault) and "called from script, byte" in str(fault)
    assert fault.receipt.notifications == [] and fault.receipt.changes == []


def test_frames_of_one_script_are_read_together() -> None:
    # CALL calls itself until there are too many contexts; what follows is there to be disassembled.
    script = bytes([0x34, 0]) + bytes([0x21]) * 60_000
    begun = time.monotonic()
    frames = Chain().run(script).frames
    assert len(frames) == 1024
    assert {(frame.position, frame.instruction) for frame in frames} == {(0, "CALL L0000")}
    # Once for each frame, it takes ten times as long even where nothing else runs.
    assert time.monotonic() - begun < 5


def test_calls_form_a_tree(token: Contract, alice: Account, bob: Account) -> None:
    root = token.transfer.run(alice, bob, 1, None).calls
    assert root.name is None
    (transfer,) = root.calls
    assert (transfer.name, transfer.method) == ("Token", "transfer")
    assert [(it.name, it.method) for it in transfer.calls] == [("ContractManagement", "getContract")]
    faulted = token.transfer.run(bytes(20), bob, -1, None).calls
    assert [it.method for it in faulted.calls] == ["transfer"]


def test_methods_are_those_of_the_manifest(token: Contract, alice: Account) -> None:
    assert "transfer" in dir(token) and not hasattr(token, "burn")
    with pytest.raises(AttributeError, match="Token has no method 'burn', but balanceOf, decimals"):
        token.burn
    with pytest.raises(TypeError, match=r"2 arguments were given: transfer\(from: Hash160, to: Hash160"):
        token.transfer(alice, alice)


def test_a_contract_that_calls_back_is_found_by_its_hash(chain: Chain, token: Contract) -> None:
    assert chain.contract(token.hash) == chain.contract(str(token.hash)) == chain.contract(token.address) == token
    with pytest.raises(LookupError, match="no contract"):
        chain.contract(UInt160.zero())
    with pytest.raises(LookupError):
        Contract(chain, UInt160.zero()).symbol


def test_what_cannot_be_deployed_is_a_fault(chain: Chain, examples: Path, token: Contract) -> None:
    with pytest.raises(Fault, match="there is a contract"):
        chain.deploy(examples / "token.nef")
    with pytest.raises(Fault):
        chain.deploy(b"NEF3", "{}")
    with pytest.raises(ValueError, match="need a manifest"):
        chain.deploy((examples / "token.nef").read_bytes())
    with pytest.raises(FileNotFoundError):
        chain.deploy("missing.nef")


def test_natives_work(chain: Chain, alice: Account, bob: Account) -> None:
    assert chain.neo.symbol() == "NEO" and chain.gas.decimals() == 8
    assert chain.gas.transfer(alice, bob, 5, "for you") is True
    assert chain.policy.getFeePerByte() == 1000
    with pytest.raises(Fault):
        chain.policy.setFeePerByte(1)
    chain.policy.setFeePerByte(1, signer=chain.committee)
    assert chain.policy.getFeePerByte() == 1
    assert chain.std_lib.jsonSerialize({"a": [1, None, True]}) == b'{"a":[1,null,true]}'
    assert chain.std_lib.jsonDeserialize(b'{"a":[1,null,true]}') == {b"a": [1, None, True]}
    # An iterator is read.
    assert chain.neo.getAllCandidates() == []


def test_keys_sign(chain: Chain, alice: Account) -> None:
    signature = alice.sign(b"message")
    curve = 23  # secp256r1 with SHA-256
    assert chain.crypto_lib.verifyWithECDsa(b"message", alice.public_key, signature, curve) is True
    assert chain.crypto_lib.verifyWithECDsa(b"other", alice.public_key, signature, curve) is False
    assert Account("alice") == alice and Account() != Account()
    with pytest.raises(TypeError, match="the name of an account is a str, not int"):
        Account(5)  # type: ignore[arg-type]
    one = Account(private_key=(1).to_bytes(32, "big"))
    assert one.public_key.hex() == "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    with pytest.raises(ValueError, match="private key"):
        Account(private_key=bytes(32))


def test_time_passes_as_one_likes(chain: Chain) -> None:
    height, time = chain.height, chain.time
    script = neovm.ScriptBuilder().syscall("System.Runtime.GetTime").build()
    assert chain.run(script).stack == [time]
    chain.advance(3600)
    assert (chain.height, chain.time) == (height + 1, time + 3_600_000)
    assert chain.run(script).stack == [time + 3_600_000]
    chain.mine()
    assert chain.time == time + 3_600_000 + chain.network.block_time
    chain.mine(10)
    assert chain.height == height + 12 and chain.ledger.currentIndex() == chain.height
    with pytest.raises(ValueError, match="cannot follow"):
        chain.time = time
    with pytest.raises(ValueError, match="cannot follow"):
        chain.mine(time=time)
    height = chain.height
    for seconds in (0, -1e6, 1e18):
        with pytest.raises(ValueError, match="cannot pass"):
            chain.advance(seconds)
    assert chain.height == height
    chain.mine(time=2**64 - 1)
    with pytest.raises(ValueError, match="cannot follow"):
        chain.mine()
    assert chain.height == height + 1
    for call, text in (
        (lambda: chain.mine(-1), "count is -1: an int from 0 to 4294967295 is expected"),
        (lambda: chain.mine(1, time=2**64), "time is 18446744073709551616: an int from 0 to"),
        (lambda: setattr(chain, "time", -5), "time is -5: an int from 0 to"),
        (lambda: chain.run(script, gas=-1), "gas is -1: an int from 0 to 9223372036854775807 is expected"),
        (lambda: chain.neo.symbol(gas=2**64), "gas is 18446744073709551616: an int from 0 to"),
    ):
        with pytest.raises(ValueError, match=text):
            call()
    with pytest.raises(TypeError):
        chain.run(script, gas="5")  # type: ignore[arg-type]
    assert chain.height == height + 1


def test_a_long_message_is_cut_off(chain: Chain) -> None:
    script = neovm.ScriptBuilder().push("x" * 100_000).op("THROW").build()
    receipt = chain.run(script)
    fault = Fault(receipt)
    assert len(fault.message) > 100_000 and len(str(fault)) < 1200 and len(repr(receipt)) < 200


def test_snapshots_can_be_reverted_in_any_order(token: Contract, alice: Account, bob: Account) -> None:
    chain = token.chain
    first = chain.snapshot()
    token.transfer(alice, bob, 1, None)
    chain.mine()
    second = chain.snapshot()
    token.transfer(alice, bob, 1, None)
    first.revert()
    assert token.balanceOf(bob) == 0
    second.revert()
    assert token.balanceOf(bob) == 1
    first.revert()
    with pytest.raises(RuntimeError), chain.snapshot():
        token.transfer(alice, bob, 1, None)
        raise RuntimeError
    assert token.balanceOf(bob) == 0
    with pytest.raises(ValueError, match="another chain"):
        Chain(network=chain.network)._core.revert(first._state)


def test_copies_are_chains_of_their_own(token: Contract, alice: Account, bob: Account) -> None:
    copy = token.chain.copy()
    there = copy.contract(token.hash)
    there.transfer(alice, bob, 3, None)
    assert (there.balanceOf(bob), token.balanceOf(bob)) == (3, 0)


def test_storage_is_a_mapping(token: Contract, alice: Account, bob: Account) -> None:
    key = b"\x01" + bob.to_array()
    assert key not in token.storage and token.storage.get(key) is None
    token.storage[key] = b"\x05"
    assert token.balanceOf(bob) == 5
    assert set(token.storage.find(b"\x01")) == {key, b"\x01" + alice.to_array()}
    assert len(token.storage) == len(dict(token.storage)) == 3
    del token.storage[key]
    assert token.balanceOf(bob) == 0
    with pytest.raises(KeyError):
        del token.storage[key]


def test_a_folder_keeps_the_chain(tmp_path: Path, examples: Path, alice: Account, bob: Account) -> None:
    chain = Chain(tmp_path / "chain")
    token = chain.deploy(examples / "token.nef", signer=alice)
    assert token.transfer(alice, bob, 5, None, signer=alice)
    before = chain.snapshot()
    chain.save()
    height = chain.height
    with pytest.raises(ValueError, match="saved"):
        before.revert()
    token.transfer(alice, bob, 5, None, signer=alice)
    assert token.balanceOf(bob) == 10
    with pytest.raises(OSError, match="in use already, by this process or another one"):
        Chain(tmp_path / "chain")
    with pytest.raises(ValueError, match="folder"):
        chain.copy()
    receipt = token.chain.last_receipt
    chain.close()
    chain.close()
    uses: list[Callable[[], object]] = [
        lambda: token.balanceOf(bob),
        lambda: token.transfer.run(alice, bob, 5, None),
        lambda: token.storage[b"key"],
        lambda: len(token.storage),
        lambda: token.manifest,
        lambda: chain.run(b"\x11"),
        lambda: chain.run(b"\x11", signer=alice, keep=True),
        lambda: chain.deploy(examples / "token.nef", signer=bob),
        lambda: chain.mine(),
        lambda: chain.advance(1),
        lambda: chain.save(),
        lambda: chain.height,
        lambda: chain.last_hash,
        lambda: chain.time,
        lambda: chain.committee,
        lambda: chain.validators,
    ]
    for use in uses:
        with pytest.raises(RuntimeError, match="the chain was closed"):
            use()
    assert receipt is not None and receipt.result == 10
    with Chain(tmp_path / "chain") as chain:
        token = chain.contract(token.hash)
        # What was not saved is gone.
        assert (chain.height, token.balanceOf(bob)) == (height, 5)
        with chain.snapshot():
            del token.storage[b"\x01" + bob.to_array()]
            assert token.balanceOf(bob) == 0
            assert len(token.storage) == 2
        for i in range(1000):
            token.storage[b"\x02" + i.to_bytes(2, "big")] = b"%d" % i
        chain.mine(3)
        chain.save()
    with Chain(tmp_path / "chain") as chain:
        token = chain.contract(token.hash)
        assert (chain.height, token.balanceOf(bob)) == (height + 3, 5)
        # More than are read at a time, with one that is added and one that is deleted.
        token.storage[b"\x02\x00\x05x"] = b"new"
        del token.storage[b"\x02\x01\x00"]
        values = list(token.storage.find(b"\x02").values())
        expected = [b"%d" % i for i in range(1000) if i != 256]
        assert values == [*expected[:6], b"new", *expected[6:]]
    # A chain that nobody holds any more has let go of the folder.
    Chain(tmp_path / "chain").neo.symbol()
    with pytest.raises(OSError, match="network"):
        Chain(tmp_path / "chain", network="mainnet")


def test_receipts_outlive_what_they_ran_on(tmp_path: Path, examples: Path, alice: Account, bob: Account) -> None:
    with Chain(tmp_path / "chain") as chain:
        token = chain.deploy(examples / "token.nef", signer=alice)
        receipt = token.transfer.run(alice, bob, 5, None, signer=alice)
        changes = receipt.changes
        assert receipt.calls.calls[0].method == "transfer"
        assert (token.id, b"\x01" + bob.to_array(), None, b"\x05") in changes
        chain.save()
        # The folder has the new values now.
        assert receipt.changes == changes
        with pytest.raises(RuntimeError, match="saved since"):
            receipt.calls
        again = token.transfer.run(alice, bob, 5, None, signer=alice)
        assert again.calls.calls[0].method == "transfer"
    assert receipt.changes == changes
    with pytest.raises(RuntimeError, match="the chain was closed"):
        again.calls


def test_a_state_that_cannot_be_read_is_no_fault(tmp_path: Path, examples: Path, alice: Account) -> None:
    with Chain(tmp_path / "chain") as chain:
        token = chain.deploy(examples / "token.nef", signer=alice)
        chain.save()
        # Two million rounds of a loop, and a call of symbol, whose contract is read then.
        count = b"\x02" + (2_000_000).to_bytes(4, "little") + b"\x9d\x4a\x24\xfe\x45"
        call = b"\xc2\x1f\x0c\x06symbol\x0c\x14" + token.hash.to_array() + b"\x41\x62\x7d\x5b\x52"
        receipt = chain.run(count + call, gas=100_0000_0000)
        assert receipt.ok
        with ThreadPoolExecutor() as threads:
            calls = threads.submit(lambda: receipt.calls)
            time.sleep(0.05)
            chain.close()
            assert not calls.done()
            with pytest.raises(RuntimeError, match="^the chain was closed"):
                calls.result()


def test_a_damaged_folder_is_an_error_of_the_system(tmp_path: Path, examples: Path, alice: Account) -> None:
    with Chain(tmp_path / "chain") as chain:
        token = chain.deploy(examples / "token.nef", signer=alice)
        token.storage[b"key"] = b"what is kept"
        chain.save()
    file = tmp_path / "chain" / "chain.redb"
    file.write_bytes(file.read_bytes().replace(b"what is kept", b"What is kept"))
    with pytest.raises(OSError, match="the file is damaged"), Chain(tmp_path / "chain") as chain:
        list(chain.contract(token.hash).storage.items())


def test_a_contract_that_is_gone_has_no_storage(examples: Path, alice: Account, bob: Account) -> None:
    chain = Chain()
    with chain.snapshot():
        gone = chain.deploy(examples / "token.nef", signer=alice)
        assert len(gone.storage) == 2
    other = chain.deploy(examples / "token.nef", signer=bob)
    assert len(other.storage) == 2
    with pytest.raises(LookupError):
        len(gone.storage)


def test_networks_differ(tmp_path: Path) -> None:
    assert Chain(network="mainnet").network.magic == 860833102
    assert Chain(network="mainnet", height=1_730_000).height == 1_730_000
    old = Chain(hardfork="Aspidochelone")
    assert not hasattr(old.std_lib, "hexEncode") and hasattr(Chain().std_lib, "hexEncode")
    assert Chain(block_time=1000).network.block_time == 1000
    for bad in ({"network": "nowhere"}, {"hardfork": "Next"}, {"block_time": 0}):
        with pytest.raises(ValueError):
            Chain(**bad)
    with pytest.raises(ValueError, match="network that was given"):
        Chain(network=Network(), block_time=5)
    with pytest.raises(ValueError, match="height"):
        Chain(tmp_path, height=5)


def test_a_script_runs_on_a_chain_of_its_own() -> None:
    receipt = neovm.run(neovm.assemble("PUSH2\nPUSH3\nMUL"))
    assert receipt.stack == [6]
    assert neovm.run(b"\x38").fault_kind == "Abort"
    assert neovm.run(b"").stack == []


def test_a_builder_builds_and_a_listing_is_assembled() -> None:
    builder = neovm.ScriptBuilder()
    end = builder.label()
    script = builder.push(1).jump("JMPIF", end).op("ABORT").bind(end).push([1, {"a": b"b"}]).build()
    assert neovm.run(script).stack == [[1, {b"a": b"b"}]]
    assert neovm.assemble(neovm.disassemble(script)) == script
    neo = Chain().neo
    assert neovm.run(neovm.ScriptBuilder().call(neo, "symbol").build()).stack == [b"NEO"]
    for wrong in (
        lambda: neovm.ScriptBuilder().op("PUSH99"),
        lambda: neovm.ScriptBuilder().syscall("System.Nothing"),
        lambda: neovm.ScriptBuilder().op("PUSHINT8").build(),
        lambda: neovm.ScriptBuilder().jump("JMP", neovm.ScriptBuilder().label()).build(),
        lambda: neovm.assemble("PUSH99"),
    ):
        with pytest.raises(ValueError):
            wrong()
