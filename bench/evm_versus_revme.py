"""Times `neovm evm` beside `revme`, in turns: state tests, and code that runs again and again.

    python3 bench/evm_versus_revme.py NEOVM REVME ARCHIVE [--rounds N] [--count]

NEOVM and REVME are the programs, ARCHIVE is a tar archive of GeneralStateTests. With --count, callgrind counts the machine instructions of
state tests instead of taking times. revme is built as neovm is:

    CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 cargo install revme --version 43.0.3 --locked

Both run the same tests. The files that revme skips are left out, by its list in `cmd/statetest/runner.rs`, and so is Constantinople.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import tarfile
import tempfile
import time

SKIPPED = {
    'RevertInCreateInInit_Paris', 'RevertInCreateInInit', 'dynamicAccountOverwriteEmpty', 'dynamicAccountOverwriteEmpty_Paris',
    'RevertInCreateInInitCreate2Paris', 'create2collisionStorage', 'RevertInCreateInInitCreate2', 'create2collisionStorageParis',
    'InitCollision', 'InitCollisionParis', 'ValueOverflow', 'ValueOverflowParis', 'Call50000_sha256', 'static_Call50000_sha256', 'loopMul',
    'CALLBlake2f_MaxRounds',
}
SENDER, CONTRACT, CHILD = '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b', '0x' + 'c0' * 20, '0x' + 'c1' * 20
ZERO = '0x' + '00' * 32


def turns(count, body):
    """A loop from a number of turns down to zero, which `body` finds on the stack."""
    return f'61{count:04x}5b{body}60019003806003575000'


# The code, how many slots of its storage have a value, and how often a test runs it: the start of a program, a few milliseconds, should not
# count.
CASES = {
    'loop': (turns(20_000, '80800260030160ff0450'), 0, 600),
    'hash': (turns(5_000, '805f5260205f2050'), 0, 350),
    'read': (turns(500, '805450'), 500, 900),
    'change': (turns(500, '805481018155'), 500, 800),
    'set': (turns(500, '805481018155'), 0, 800),
    'calls': (turns(1_000, f'5f5f5f5f5f73{CHILD[2:]}5af150'), 0, 2_000),
    'nothing': ('00', 0, 20_000),
}
# Counted are fewer executions, as callgrind takes fifty times as long.
COUNTED = 10
# So many starts of a program are one measurement.
STARTS = 20


def state_test(code, slots, outcome, repeated):
    """A state test that runs code in a transaction, several times."""
    account = {'balance': '0x0de0b6b3a7640000', 'nonce': '0x00', 'code': '0x', 'storage': {}}
    values = {f'0x{slot:02x}' if slot < 256 else f'0x{slot:04x}': '0x07' for slot in range(1, slots + 1)}
    post = {'hash': outcome['stateRoot'], 'logs': outcome['logsHash'], 'indexes': {'data': 0, 'gas': 0, 'value': 0}}
    return {'case': {
        'env': {
            'currentCoinbase': '0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba', 'currentDifficulty': '0x00', 'currentRandom': ZERO,
            'currentGasLimit': '0x02625a00', 'currentNumber': '0x01', 'currentTimestamp': '0x03e8', 'currentBaseFee': '0x07',
            'currentExcessBlobGas': '0x00',
        },
        'pre': {
            SENDER: account,
            CONTRACT: account | {'code': '0x' + code, 'nonce': '0x01', 'storage': values},
            CHILD: account | {'code': '0x00', 'nonce': '0x01'},
        },
        'transaction': {
            'data': ['0x'], 'gasLimit': ['0xf42400'], 'value': ['0x00'], 'gasPrice': '0x0a', 'nonce': '0x00', 'to': CONTRACT,
            'sender': SENDER, 'secretKey': '0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8',
        },
        'post': {'Cancun': [post] * repeated},
    }}


def unpack(archive, folder):
    """The tests of an archive that both run."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        for member in tar:
            name = pathlib.PurePath(member.name)
            if not member.isfile() or name.suffix != '.json' or name.stem in SKIPPED:
                continue
            text = tar.extractfile(member).read()
            tests = json.loads(text)
            if any(test['post'].pop('Constantinople', None) for test in tests.values()):
                text = json.dumps(tests).encode()
            path = folder / '-'.join(name.parts)
            path.write_bytes(text)
    return folder


def write_cases(neovm, folder, part):
    """A state test for each case, or for a part of its executions: its outcome is what neovm finds, and revme finds the same or fails."""
    folder.mkdir()
    for name, (code, slots, repeated) in CASES.items():
        path = folder / f'{name}.json'
        path.write_text(json.dumps(state_test(code, slots, {'stateRoot': ZERO, 'logsHash': ZERO}, 1)))
        found = json.loads(subprocess.run([neovm, 'evm', 'statetest', '--json', path], capture_output=True, check=False).stdout)
        path.write_text(json.dumps(state_test(code, slots, found, repeated // part)))
    return folder


def commands(neovm, revme, path, threads):
    """The command of each: revme takes one thread or as many as there are processors."""
    one = threads == 1
    return [
        [neovm, 'evm', 'statetest', '--jobs', str(threads), path],
        [revme, 'statetest', '--omit-progress', *(['--single-thread'] if one else []), path],
    ]


def timed(command):
    """Wall, user and system seconds, and megabytes at most, of a process that must succeed."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (command, process.returncode)
    return time.perf_counter() - begun, usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1024


def started(command):
    """What `timed` finds for several starts of a program, for one of them."""
    runs = [timed(command) for _ in range(STARTS)]
    return tuple(statistics.mean(run[figure] for run in runs) for figure in range(4))


def compare(name, pair, rounds, measure=timed):
    """Prints a row for two commands that take turns."""
    runs = [[measure(command) for command in pair] for _ in range(rounds + 1)][1:]
    ours, theirs = ([statistics.median(run[side][figure] for run in runs) for figure in range(4)] for side in range(2))
    # What takes less than a millisecond may count as nothing.
    ratios = [[max(run[0][figure], 1e-3) / max(run[1][figure], 1e-3) for run in runs] for figure in range(2)]
    spread = [f'{statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})' for ratio in ratios]
    figures = [f'{a:.4f} | {b:.4f}' for a, b in zip(ours[:3], theirs[:3])]
    print(f'| {name} | {" | ".join(figures)} | {ours[3]:.0f} | {theirs[3]:.0f} | {" | ".join(spread)} |', flush=True)


def count(command):
    """Machine instructions of a process, in millions."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out.name}', *command],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        )
        return int(re.search(r'^(?:summary|totals): (\d+)', pathlib.Path(out.name).read_text(), re.MULTILINE)[1]) / 1e6


def benched(command):
    """Microseconds a run, as a program's own measurement prints them: neovm's median, criterion's estimate."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    units = {'ns': 1e-3, 'µs': 1, 'us': 1, 'ms': 1e3, 's': 1e6}
    found = re.search(r'gas: ([\d.]+)(\S+) \(median\)', text) or re.search(r'time:\s+\[\S+ \S+ ([\d.]+) (\S+)', text)
    return float(found[1]) * units[found[2]]


def main():
    arguments = argparse.ArgumentParser()
    for name in ('neovm', 'revme', 'archive'):
        arguments.add_argument(name)
    arguments.add_argument('--rounds', type=int, default=5)
    arguments.add_argument('--count', action='store_true')
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cases, public = write_cases(given.neovm, folder / 'cases', COUNTED if given.count else 1), unpack(given.archive, folder / 'public')
        if given.count:
            print('| state tests | neovm, million instructions | revme | ratio |\n|---|--:|--:|--:|')
            for path in [*(cases / f'{name}.json' for name in CASES), public]:
                ours, theirs = (count(command) for command in commands(given.neovm, given.revme, path, 1))
                print(f'| {path.stem} | {ours:,.1f} | {theirs:,.1f} | {ours / theirs:.2f} |', flush=True)
            return
        print('| state tests | wall, s: neovm | revme | user: neovm | revme | system: neovm | revme | MB: neovm | revme | wall, ratio | user, ratio |')
        print('|---' + '|--:' * 10 + '|')
        cores = os.cpu_count()
        compare('public, one thread', commands(given.neovm, given.revme, public, 1), given.rounds)
        compare(f'public, {cores} threads', commands(given.neovm, given.revme, public, cores), given.rounds)
        for name in CASES:
            compare(name, commands(given.neovm, given.revme, cases / f'{name}.json', 1), given.rounds)
        compare('start', [[given.neovm, 'evm', 'run', '00'], [given.revme, 'evm', '00']], given.rounds, started)
        print('\n| code by `--bench` | neovm, us | revme, us | ratio |\n|---|--:|--:|--:|')
        for name in ('loop', 'hash', 'set'):
            code = CASES[name][0]
            runs = [[benched([given.neovm, 'evm', 'run', code, '--bench']), benched([given.revme, 'evm', code, '--bench'])] for _ in range(given.rounds)]
            ours, theirs = (statistics.median(run[side] for run in runs) for side in range(2))
            print(f'| {name} | {ours:,.1f} | {theirs:,.1f} | {statistics.median(run[0] / run[1] for run in runs):.2f} |', flush=True)


if __name__ == '__main__':
    main()
