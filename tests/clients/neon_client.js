// neon-js beside `neovm serve`: what a wallet does.
//
//     node neon_client.js URL KEY NEF MANIFEST
//
// KEY is the validator's private key, in 64 hexadecimal digits.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const { experimental, rpc, sc, tx, u, wallet } = require("@cityofzion/neon-js");

const GAS = "d2a4cff31913016155e38e474a2c06d08be276cf";
const NEO = "ef4073a0f2b305a38ec4050e4d3d28bc40ea63f5";

// Builds a transaction of an account, signs it and sends it, and returns its log.
async function send(client, version, script, account, key) {
  const signers = [{ account: account.scriptHash, scopes: tx.WitnessScope.CalledByEntry }];
  const tried = await client.invokeScript(u.HexString.fromHex(script), signers.map((it) => new tx.Signer(it)));
  assert.equal(tried.state, "HALT", tried.exception);
  const transaction = new tx.Transaction({
    signers,
    script,
    systemFee: u.BigInteger.fromNumber(tried.gasconsumed),
    validUntilBlock: (await client.getBlockCount()) + 100,
  });
  // The size of the witness counts for the fee, and the fee is signed.
  transaction.witnesses = [witness(transaction, version, account, key)];
  transaction.networkFee = u.BigInteger.fromNumber(await client.calculateNetworkFee(transaction));
  transaction.witnesses = [witness(transaction, version, account, key)];
  const hash = await client.sendRawTransaction(transaction);
  const log = await client.getApplicationLog(hash);
  assert.equal(log.executions[0].vmstate, "HALT", log.executions[0].exception);
  return log;
}

// The witness of an account that a key signs for alone.
function witness(transaction, version, account, key) {
  const signature = wallet.sign(transaction.getMessageForSigning(version.protocol.network), key.privateKey);
  return new tx.Witness({
    invocationScript: "0c40" + signature,
    verificationScript: u.HexString.fromBase64(account.contract.script).toBigEndian(),
  });
}

function call(contract, operation, ...args) {
  return sc.createScript({ scriptHash: contract, operation, args });
}

async function main(url, secret, nefFile, manifestFile) {
  const client = new rpc.RPCClient(url);
  const version = await client.getVersion();
  assert.equal(version.protocol.validatorscount, 1);
  const key = new wallet.Account(secret);
  const rich = wallet.Account.createMultiSig(1, [key.publicKey]);
  const fresh = new wallet.Account(wallet.generatePrivateKey());

  // GAS and NEO, to a new account.
  const address = (account) => sc.ContractParam.hash160(account.address);
  for (const [token, amount] of [[GAS, 50_0000_0000], [NEO, 7]]) {
    const script = call(token, "transfer", address(rich), address(fresh), sc.ContractParam.integer(amount), sc.ContractParam.any());
    const log = await send(client, version, script, rich, key);
    assert.equal(log.executions[0].stack[0].value, true);
    assert.equal(log.executions[0].notifications[0].eventname, "Transfer");
  }
  const balances = await client.execute(new rpc.Query({ method: "getnep17balances", params: [fresh.address] }));
  assert.deepEqual(balances.balance.map((it) => it.amount).sort(), ["5000000000", "7"]);

  // A contract of the new account, which pays for it.
  const nef = sc.NEF.fromBuffer(fs.readFileSync(nefFile));
  const manifest = sc.ContractManifest.fromJson(JSON.parse(fs.readFileSync(manifestFile, "utf8")));
  const deploy = call("fffdc93764dbaddd97c48f252a53ea4643faa3fd", "deploy",
    sc.ContractParam.byteArray(u.HexString.fromHex(nef.serialize(), true)),
    sc.ContractParam.string(JSON.stringify(manifest.toJson())));
  await send(client, version, deploy, fresh, fresh);
  const hash = experimental.getContractHash(u.HexString.fromHex(fresh.scriptHash), nef.checksum, manifest.name);
  const state = await client.getContractState(hash);
  assert.equal(state.manifest.name, manifest.name);
  const symbol = await client.invokeFunction(hash, "symbol");
  assert.equal(symbol.state, "HALT", symbol.exception);

  // An iterator, in a session.
  const found = await client.invokeFunction("fffdc93764dbaddd97c48f252a53ea4643faa3fd", "getContractHashes");
  assert.equal(found.stack[0].interface, "IIterator");
  const entries = await client.traverseIterator(found.session, found.stack[0].id, 10);
  assert.ok(entries.length >= 1);
  assert.equal(await client.execute(new rpc.Query({ method: "terminatesession", params: [found.session] })), true);

  const block = await client.getBlock(1, true);
  assert.equal(block.tx.length, 1);
  assert.equal((await client.getRawTransaction(block.tx[0].hash, true)).hash, block.tx[0].hash);
  assert.deepEqual(await client.getRawMemPool(), []);
  assert.equal((await client.getCommittee()).length, 1);
  assert.ok((await client.getNativeContracts()).length >= 9);
  assert.equal(await client.validateAddress(fresh.address), true);
  await assert.rejects(client.getContractState("00".repeat(20)), /Unknown contract/);
  console.log("neon-js: all well");
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
