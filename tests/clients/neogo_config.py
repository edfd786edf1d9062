"""Prints the configuration of a neo-go node for the network of a private chain's config.json.

    python neogo_config.py CONFIG PORT
"""

import json
import sys

with open(sys.argv[1]) as file:
    protocol = json.load(file)["ProtocolConfiguration"]
hardforks = {name.removeprefix("HF_"): height for name, height in protocol["Hardforks"].items()}
# JSON is YAML.
print(json.dumps({
    "ProtocolConfiguration": {
        "Magic": protocol["Network"],
        "MaxTraceableBlocks": protocol["MaxTraceableBlocks"],
        "MaxValidUntilBlockIncrement": protocol["MaxValidUntilBlockIncrement"],
        "InitialGASSupply": str(protocol["InitialGasDistribution"] // 10**8),
        "TimePerBlock": f"{protocol['MillisecondsPerBlock']}ms",
        "MemPoolSize": 50000,
        "StandbyCommittee": protocol["StandbyCommittee"],
        "ValidatorsCount": protocol["ValidatorsCount"],
        "SeedList": [],
        "VerifyTransactions": True,
        "Hardforks": hardforks,
    },
    "ApplicationConfiguration": {
        "LogLevel": "warn",
        "DBConfiguration": {"Type": "inmemory"},
        "P2P": {"Addresses": ["127.0.0.1:0"], "MinPeers": 0, "MaxPeers": 1},
        "RPC": {"Enabled": True, "Addresses": [f"127.0.0.1:{sys.argv[2]}"], "MaxGasInvoke": 20, "SessionEnabled": True},
        "Consensus": {"Enabled": False},
    },
}, indent=2))
