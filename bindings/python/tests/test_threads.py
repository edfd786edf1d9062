"""Chains that threads share, and what interrupts executions."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import neovm
from neovm import Account, Chain, Contract

# Loops until the gas is gone.
ENDLESS = neovm.assemble("loop: JMP loop")


def test_threads_share_a_chain(token: Contract, alice: Account) -> None:
    accounts = [Account(f"account {i}") for i in range(8)]

    def pay(account: Account) -> int:
        for _ in range(100):
            assert token.transfer(alice, account, 1, None) is True
            token.balanceOf(alice)
        receipt = token.chain.last_receipt
        assert receipt is not None and receipt.ok
        balance: int = token.balanceOf(account)
        return balance

    supply = token.totalSupply()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(pay, accounts)) == [100] * 8
    assert token.balanceOf(alice) == supply - 800


def test_threads_with_chains_of_one_network(token: Contract, alice: Account, bob: Account) -> None:
    def pay(count: int) -> int:
        there = token.chain.copy().contract(token.hash)
        for _ in range(count):
            there.transfer(alice, bob, 1, None)
        balance: int = there.balanceOf(bob)
        return balance

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pay, range(50, 70))) == list(range(50, 70))


def test_other_threads_run_meanwhile(chain: Chain) -> None:
    done = threading.Event()
    counted = 0

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted
        chain.run(ENDLESS, gas=100 * 10**8)
        assert counted - before > 100, "the GIL was not released"
    finally:
        done.set()
        thread.join()


def test_reads_do_not_wait_for_a_change(chain: Chain) -> None:
    begun = threading.Event()

    def change() -> None:
        begun.set()
        chain.run(ENDLESS, gas=400 * 10**8, keep=True)

    thread = threading.Thread(target=change)
    thread.start()
    begun.wait()
    reads = 0
    while thread.is_alive():
        chain.neo.symbol()
        reads += 1
    thread.join()
    assert reads > 10


def test_ctrl_c_ends_an_execution(chain: Chain) -> None:
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        while time.monotonic() - begun < 60:
            chain.run(ENDLESS, gas=10**6 * 10**8, keep=True)
    # The chain is as it was, and nobody holds it.
    assert chain.neo.transfer(chain.validators, chain.committee, 1, None, signer=chain.validators)


def test_a_signal_handler_cannot_change_the_chain(chain: Chain) -> None:
    caught: list[BaseException] = []

    def handler(number: int, frame: object) -> None:
        try:
            chain.mine()
        except RuntimeError as error:
            caught.append(error)

    former = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        begun = time.monotonic()
        while not caught and time.monotonic() - begun < 60:
            chain.run(ENDLESS, gas=400 * 10**8, keep=True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    assert caught and "being changed" in str(caught[0])


def test_the_interpreter_ends_while_a_thread_runs() -> None:
    script = """
import threading, time, neovm
chain = neovm.Chain()
run = lambda: chain.run(neovm.assemble("loop: JMP loop"), gas=10**15)
threading.Thread(target=run, daemon=True).start()
time.sleep({})
"""
    for i in range(5):
        code = script.format(0.1 + i * 0.013)
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_goes_on(chain: Chain, alice: Account, bob: Account) -> None:
    """What was compiled before the fork is there, and what becomes hot after it is interpreted."""
    loop = "PUSHINT32 {}\nloop: DEC\nDUP\nJMPIF loop"
    chain.run(neovm.assemble(loop.format(300_000)))
    child = os.fork()
    if child == 0:
        ok = all(chain.run(neovm.assemble(loop.format(300_000 + i))).ok for i in range(3))
        chain.gas.transfer(alice, bob, 1, None)
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_small_stack_is_enough(examples: Path) -> None:
    threading.stack_size(256 * 1024)
    try:
        with ThreadPoolExecutor(1) as pool:
            deep: list[object] = []
            for _ in range(1000):
                deep = [deep]
            script = neovm.ScriptBuilder().push(deep).build()
            assert pool.submit(lambda: neovm.run(script).ok).result()
            chain = pool.submit(Chain).result()
            token = pool.submit(chain.deploy, examples / "token.nef").result()
            assert pool.submit(token.symbol).result() == "TOKEN"
    finally:
        threading.stack_size(0)


def test_a_signal_handler_cannot_save_what_executes(tmp_path: Path) -> None:
    """It could only wait for the execution that it interrupts."""
    script = """
import signal, sys, threading, time, neovm
chain = neovm.Chain(sys.argv[1])
chain.mine()
def handler(number, frame):
    if sys.argv[2] == "save":
        chain.save()
    else:
        # A thread waits to save, which must not keep this one from reading.
        assert chain.neo.symbol() == "NEO"
        raise RuntimeError("executes something")
def save():
    time.sleep(0.1)
    chain.save()
if sys.argv[2] == "read":
    saver = threading.Thread(target=save)
    saver.start()
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    chain.run(neovm.assemble("loop: JMP loop"), gas=2**62)
except RuntimeError as error:
    assert "executes something" in str(error)
chain.save()
print(chain.height)
"""
    for what in ("save", "read"):
        command = [sys.executable, "-c", script, str(tmp_path / what), what]
        ended = subprocess.run(command, capture_output=True, timeout=60)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"1\n", b"")


def test_ctrl_c_ends_waiting_for_another_thread() -> None:
    script = """
import os, signal, threading, time, neovm
chain = neovm.Chain()
run = lambda: chain.run(neovm.assemble("loop: JMP loop"), gas=2**62, keep=True)
threading.Thread(target=run, daemon=True).start()
time.sleep(0.2)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    chain.mine()
except KeyboardInterrupt:
    print("interrupted")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"interrupted\n", b"")
