"""The same calls at two servers, compared field by field.

    python compare.py URL OTHER

OTHER, a node of the same network that makes no blocks, is given those of URL first. The differences are printed, a
line each, and the exit code says whether there are any but those of docs/rpc.md.
"""

import json
import re
import sys
import urllib.request

GAS = "0xd2a4cff31913016155e38e474a2c06d08be276cf"
NEO = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5"
ZERO = "0x" + 64 * "0"

# Where neo-go answers otherwise, by method and field; docs/rpc.md says why.
KNOWN = {
    ("getversion", ".tcpport"),
    ("getversion", ".nonce"),
    ("getversion", ".useragent"),
    ("getstateheight", ".validatedrootindex"),
    ("getapplicationlog", ".error"),
    ("getapplicationlog", ".executions[].exception"),
    ("getapplicationlog", ".executions[].invocations"),
    ("getrawtransaction", ".vmstate"),
    ("getnep17transfers", ".sent"),
    ("getnep17transfers", ".received"),
    ("getnep17balances", ".balance[].lastupdatedblock"),
    ("findstorage", ".error"),
    ("findstorage", ".next"),
    ("findstorage", ".results"),
    ("findstorage", ".truncated"),
    ("getstorage", ".error"),
    ("invokefunction", ".exception"),
    ("invokescript", ".exception"),
    ("getblock", ".error"),
}


def call(url, method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer = json.load(answer)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    result = {"error": answer["error"]["code"]} if "error" in answer else answer["result"]
    if method == "getnep17balances":
        # Their order says nothing.
        result["balance"].sort(key=lambda balance: balance["assethash"])
    return result


def differences(path, mine, theirs):
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted(mine.keys() | theirs.keys()):
            if key not in mine or key not in theirs:
                yield f"{path}.{key}", mine.get(key, "(missing)"), theirs.get(key, "(missing)")
            else:
                yield from differences(f"{path}.{key}", mine[key], theirs[key])
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for i, pair in enumerate(zip(mine, theirs)):
            yield from differences(f"{path}[{i}]", *pair)
    elif mine != theirs:
        yield path, mine, theirs


def calls(url):
    count = call(url, "getblockcount", [])
    for method in ["getversion", "getblockcount", "getbestblockhash", "getblockheadercount", "getrawmempool",
                   "getcommittee", "getcandidates", "getnextblockvalidators", "getnativecontracts", "getstateheight",
                   "getconnectioncount"]:
        yield method, []
    accounts = set()
    for index in range(count):
        for verbose in [False, True]:
            yield "getblock", [index, verbose]
            yield "getblockheader", [call(url, "getblockhash", [index]), verbose]
        yield "getblockhash", [index]
        yield "getstateroot", [index]
        block = call(url, "getblock", [index, True])
        yield "getapplicationlog", [block["hash"]]
        yield "getapplicationlog", [block["hash"], "OnPersist"]
        for transaction in block["tx"]:
            accounts.add(transaction["sender"])
            hash = transaction["hash"]
            yield "getrawtransaction", [hash]
            yield "getrawtransaction", [hash, True]
            yield "gettransactionheight", [hash]
            yield "getapplicationlog", [hash]
            yield "calculatenetworkfee", [call(url, "getrawtransaction", [hash])]
            yield "sendrawtransaction", [call(url, "getrawtransaction", [hash])]
    for account in sorted(accounts):
        yield "getunclaimedgas", [account]
        yield "getnep17balances", [account]
        yield "getnep17transfers", [account, 0]
        yield "getnep11balances", [account]
        yield "validateaddress", [account]
    root = call(url, "getstateroot", [count - 1])["roothash"]
    yield "getproof", [root, NEO, "Dg=="]
    yield "verifyproof", [root, call(url, "getproof", [root, NEO, "Dg=="])]
    yield "getstate", [root, NEO, "Dg=="]
    yield "findstates", [root, NEO, "Dg=="]
    for contract in [NEO, GAS, "ContractManagement", 1, -5, 77, "x"]:
        yield "getcontractstate", [contract]
        yield "findstorage", [contract, "", 0]
        yield "getstorage", [contract, "Dg=="]
    yield "invokefunction", [GAS, "symbol"]
    yield "invokefunction", [GAS, "nothing"]
    yield "invokefunction", [GAS, "balanceOf", [{"type": "Hash160", "value": NEO}]]
    yield "invokefunction", [NEO, "getCandidates", [], [{"account": GAS, "scopes": "Global"}]]
    yield "invokescript", ["EUA="]
    yield "invokescript", ["//8="]
    yield "invokecontractverify", [GAS]
    for method, params in [("getblock", [ZERO]), ("getblock", [999999]), ("getblockhash", [999999]), ("getblock", []),
                           ("getblock", ["x"]), ("getrawtransaction", [ZERO]), ("gettransactionheight", [ZERO]),
                           ("getapplicationlog", [ZERO]), ("getstateroot", [999999]), ("sendrawtransaction", ["AA=="]),
                           ("terminatesession", [ZERO]), ("nothing", []), ("invokescript", ["%"]),
                           ("getunclaimedgas", ["x"]), ("validateaddress", ["x"]), ("getcontractstate", [ZERO[:42]])]:
        yield method, params


def main(url, other):
    for index in range(call(other, "getblockcount", []), call(url, "getblockcount", [])):
        call(other, "submitblock", [call(url, "getblock", [index])])
    total = unknown = 0
    for method, params in calls(url):
        total += 1
        for path, mine, theirs in differences("", call(url, method, params), call(other, method, params)):
            if (method, re.sub(r"\[\d+\]", "[]", path)) not in KNOWN:
                unknown += 1
                shown = [json.dumps(value)[:160] for value in (params, mine, theirs)]
                print(f"{method} {shown[0]}: {path or 'all'}: {shown[1]}, there {shown[2]}")
    print(f"{total} calls, {unknown} differences")
    sys.exit(unknown > 0)


main(*sys.argv[1:])
