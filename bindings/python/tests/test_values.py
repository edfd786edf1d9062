"""Values on their way into the machine and back, hostile ones among them."""

import gc
import pickle
from random import Random
from typing import Any

import pytest

import neovm
from neovm import Account, Chain, ScriptBuilder, UInt160, UInt256


def pushed(value: Any) -> Any:
    """What a script leaves that pushes a value."""
    (result,) = neovm.run(ScriptBuilder().push(value).build()).stack
    return result


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -1, 2**63, -(2**63) - 1, 2**255 - 1, -(2**255), b"", b"\x00\xff", [], [1, [2, [None]]], {}],
)
def test_values_come_back(value: Any) -> None:
    result = pushed(value)
    assert result == value and type(result) is type(value)


def test_values_that_become_others() -> None:
    assert pushed("ä") == "ä".encode()
    assert pushed((1, 2)) == [1, 2]
    assert pushed(bytearray(b"ab")) == pushed(memoryview(b"ab")) == b"ab"
    assert pushed({"a": 1, 2: [3]}) == {b"a": 1, 2: [3]}
    alice = Account("alice")
    assert pushed(alice) == pushed(alice.hash) == alice.hash.to_array()


@pytest.mark.parametrize("value", [2**255, -(2**255) - 1, 1 << 100_000], ids=["2^255", "-2^255-1", "2^100000"])
def test_integers_that_are_too_great(value: int) -> None:
    with pytest.raises(OverflowError, match="256"):
        pushed(value)


def test_values_that_are_none_of_the_machine() -> None:
    for value, why in ((1.5, "no fractions"), (object(), "object"), ({1, 2}, "set"), ([1, {"a": 1.5}], "float")):
        with pytest.raises(TypeError, match=why):
            pushed(value)
    with pytest.raises(TypeError, match="key"):
        pushed({(1,): 1})
    with pytest.raises(TypeError, match="key"):
        pushed({None: 1})
    with pytest.raises(ValueError, match='same key of a map: "a"$'):
        pushed({"a": 1, b"a": 2})
    with pytest.raises(ValueError, match="LDLOC cannot have an operand of 0 bytes: it takes 1$"):
        ScriptBuilder().op("LDLOC").build()
    with pytest.raises(UnicodeEncodeError):
        pushed("\ud800")


def test_cyclic_deep_and_large_values_are_refused() -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    through: dict[str, Any] = {}
    through["a"] = [through]
    for value in (cyclic, through):
        with pytest.raises(ValueError, match="contains itself"):
            pushed(value)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    # Each list doubles the one before.
    wide: list[Any] = []
    for _ in range(64):
        wide = [wide, wide]
    for value in (deep, wide, [0] * 3000, list(range(10_000_000))):
        with pytest.raises(ValueError, match="2048|holds"):
            pushed(value)


def test_a_dict_that_changes_while_it_is_read() -> None:
    class Key:
        def to_array(self) -> bytes:
            table[len(table)] = 1
            return b"key"

    table: dict[Any, Any] = {Key(): 1}
    assert pushed(table) == {b"key": 1}


def test_a_list_of_lists_as_deep_as_the_machine_allows() -> None:
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]
    result = pushed(deep)
    for _ in range(1000):
        (result,) = result
    assert result == []


# A script that leaves an array that holds itself, and a map that holds it.
CYCLE = "NEWARRAY0\nDUP\nDUP\nAPPEND\nNEWMAP\nDUP\nPUSH1\nPUSH3\nPICK\nSETITEM"


def test_cyclic_results_are_cyclic() -> None:
    array, map = neovm.run(neovm.assemble(CYCLE)).stack
    assert array[0] is array
    assert map[1][0] is map[1]


def test_items_that_are_shared_stay_shared() -> None:
    ((first, second),) = neovm.run(neovm.assemble("NEWARRAY0\nDUP\nPUSH2\nPACK")).stack
    assert first is second
    # 2^60 arrays, if each were copied.
    doubled = neovm.run(neovm.assemble("NEWARRAY0\n" + "DUP\nPUSH2\nPACK\n" * 60)).stack[0]
    assert doubled[0] is doubled[1]


def test_maps_that_are_no_dicts() -> None:
    script = neovm.assemble("NEWMAP\nDUP\nPUSH1\nPUSH5\nSETITEM\nDUP\nPUSHT\nPUSH6\nSETITEM")
    receipt = neovm.run(script)
    assert receipt.ok
    with pytest.raises(ValueError, match="cannot be a dict"):
        receipt.stack


def test_pointers_and_objects_of_the_node() -> None:
    (pointer,) = neovm.run(neovm.assemble("PUSHA here\nhere: RET")).stack
    assert (type(pointer), pointer.position) == (neovm.Pointer, 5)
    script = ScriptBuilder().syscall("System.Storage.GetContext").build()
    assert neovm.run(script).ok is False


def leaks(run: Any) -> int:
    """The objects that a thousand runs leave behind."""
    for _ in range(50):
        run()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(1000):
        run()
    gc.collect()
    return len(gc.get_objects()) - before


def resident() -> int:
    """The memory of the process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_nothing_leaks() -> None:
    script = neovm.assemble(CYCLE)

    def run() -> None:
        neovm.run(script).stack
        with pytest.raises(ValueError):
            cyclic: list[Any] = []
            cyclic.append(cyclic)
            pushed(cyclic)

    assert leaks(run) < 50
    big = neovm.assemble("PUSHINT32 100000\nNEWBUFFER\nNEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\nROT\nAPPEND")
    for _ in range(100):
        neovm.run(big)
    before = resident()
    for _ in range(1000):
        neovm.run(big)
    assert resident() - before < 20_000_000, "each run makes a cycle that holds 100 kB"


def test_hashes() -> None:
    text = "0x0123456789abcdef0123456789abcdef01234567"
    hash = UInt160(text)
    assert str(hash) == text and hash.to_array()[::-1].hex() == text[2:]
    assert hash == UInt160(hash.to_array()) == UInt160(hash) == UInt160(hash.address) == UInt160(text[2:])
    assert UInt160.from_string(text) == UInt160.from_address(hash.address) == hash
    assert len({hash, UInt160(text)}) == 1 and UInt160.zero() < hash
    assert pickle.loads(pickle.dumps(hash)) == hash
    assert bytes(hash) == hash.to_array() and repr(hash) == f"UInt160('{text}')"
    assert str(UInt256.zero()) == "0x" + "0" * 64
    for wrong in ("", "0x12", "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAax", b"", bytes(21)):
        with pytest.raises(ValueError):
            UInt160(wrong)
    mistyped: list[Any] = [5, None, []]
    for value in mistyped:
        with pytest.raises(TypeError):
            UInt160(value)


def test_arguments_have_the_types_of_the_manifest(chain: Chain, alice: Account) -> None:
    neo, lib = chain.neo, chain.std_lib
    balance = neo.balanceOf(alice)
    assert balance > 0
    for form in (alice, alice.hash, alice.address, str(alice.hash), alice.to_array()):
        assert neo.balanceOf(form) == balance
    for wrong, error in ((5, TypeError), ("N", ValueError), (b"abc", ValueError), ([], TypeError)):
        with pytest.raises(error, match="argument 'account' of balanceOf"):
            neo.balanceOf(wrong)
    for no_int in (True, "5", 1.0, b"5"):
        with pytest.raises(TypeError, match="argument 'value' of itoa: an int is expected"):
            lib.itoa(no_int)
    assert lib.itoa(2**255 - 1) == str(2**255 - 1)
    with pytest.raises(OverflowError, match="argument 'value' of itoa: an int of 257 bits"):
        lib.itoa(2**255)
    assert lib.base64Encode("text") == lib.base64Encode(b"text") == "dGV4dA=="
    assert lib.memoryCompare(b"a", b"b") == -1
    assert lib.stringSplit("a,b", ",") == [b"a", b"b"]


def test_results_have_the_types_of_the_manifest(chain: Chain) -> None:
    assert type(chain.ledger.currentHash()) is UInt256
    assert type(chain.neo.getCommitteeAddress()) is UInt160
    (member,) = chain.neo.getCommittee()
    assert type(member) is bytes and len(member) == 33


def test_whatever_a_script_does_python_survives() -> None:
    """Random scripts, of bytes and of instructions that make compounds: each receipt can be read whole."""
    random = Random(15)
    chain = Chain()
    makers = ["NEWARRAY0", "NEWMAP", "NEWSTRUCT0", "DUP", "OVER", "PUSH1", "PUSH2", "PUSHT", "PACK", "PACKMAP", "APPEND"]
    makers += ["SETITEM", "SWAP", "ROT", "PICK", "PUSH0", "PUSHNULL", "PUSHM1", "SHL", "CAT", "VALUES", "UNPACK"]
    halted = 0
    for i in range(3000):
        if i % 2:
            script = random.randbytes(random.randrange(60))
        else:
            builder = ScriptBuilder().push([1, {2: b"3"}]).push(2**255 - 1)
            for _ in range(random.randrange(30)):
                builder.op(random.choice(makers))
            script = builder.build()
        receipt = chain.run(script, gas=10**7)
        halted += receipt.ok
        try:
            assert len(receipt.stack) >= 0 and type(receipt.result) is not float
        except ValueError as error:
            assert "cannot be a dict" in str(error)
        assert receipt.calls.name is None and isinstance(repr(receipt), str)
        assert receipt.ok == (receipt.fault is None) == (not receipt.frames)
        assert all(str(frame) for frame in receipt.frames)
        assert neovm.assemble(neovm.disassemble(script)) == script
    assert halted > 150
