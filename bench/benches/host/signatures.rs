//! Signatures and pairings in scripts, for which the C# node has no figures or only those of one key.

use neovm::{
    Hash160, OpCode, Script, Signer, StackItem, Transaction, WitnessScopes,
    chain::UnsignedTransaction,
    crypto::sha256,
    host::{execute, native::NATIVES},
    types::{CallFlags, ScriptBuilder},
};

use crate::{
    inputs::World,
    timing::{Times, measure},
};

/// Keys that follow one another. All of them fit the cache of decompressed keys.
const KEYS: u16 = 300;
const PAIRINGS: u16 = 10;

/// The generators.
const G1: &str = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const G2: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                  024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

/// A name, and what measures it.
type Figure<'a> = (&'static str, Box<dyn Fn() -> Times + 'a>);
/// Returns the public key and the signature that the key with a number makes of data.
type Sign = fn(u16, &[u8]) -> (Vec<u8>, Vec<u8>);

/// The figures: a name, and what measures it.
pub(crate) fn figures(world: &World) -> Vec<Figure<'_>> {
    vec![
        ("checksig_300_keys", Box::new(|| time(world, KEYS, check_sig))),
        ("ecdsa_secp256r1_300_keys", Box::new(|| time(world, KEYS, |script, data| verify(script, data, p256, 23)))),
        ("ecdsa_secp256k1_300_keys", Box::new(|| time(world, KEYS, |script, data| verify(script, data, k256, 22)))),
        ("bls12381_pairing", Box::new(|| time(world, PAIRINGS, |script, _| pairings(script)))),
    ]
}

/// Measures a script that does something `count` times and leaves nothing. It gets the signed data.
fn time(world: &World, count: u16, write: impl Fn(&mut ScriptBuilder, &[u8])) -> Times {
    let transaction = transaction();
    let data = transaction.sign_data(world.network.settings().network);
    let mut builder = ScriptBuilder::new();
    write(&mut builder, &data);
    let script = builder.build().expect("a script");
    let job = world.job(&transaction, &script, CallFlags::ALL, i64::MAX);
    let run = || {
        let receipt = execute(&world.network, &world.genesis, &job).expect("a good state");
        assert!(receipt.halted(), "{:?}", receipt.fault);
    };
    measure(run) / f64::from(count)
}

fn transaction() -> Transaction {
    let unsigned = UnsignedTransaction {
        version: 0,
        nonce: 0,
        system_fee: 0,
        network_fee: 0,
        valid_until_block: 1,
        signers: vec![Signer::new(Hash160::default(), WitnessScopes::NONE)],
        attributes: Vec::new(),
        script: Script::from(vec![OpCode::RET as u8]),
    };
    unsigned.with_empty_witnesses().expect("a transaction")
}

/// A secret number.
fn secret(index: u16) -> [u8; 32] {
    sha256(&index.to_le_bytes())
}

/// A key, and its signature of data.
fn p256(index: u16, data: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use p256::ecdsa::{Signature, SigningKey, signature::Signer};
    let key = SigningKey::from_slice(&secret(index)).expect("a secret number");
    let signature: Signature = key.sign(data);
    (key.verifying_key().to_sec1_point(true).as_bytes().to_vec(), signature.to_bytes().to_vec())
}

fn k256(index: u16, data: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use k256::ecdsa::{Signature, SigningKey, signature::Signer};
    let key = SigningKey::from_slice(&secret(index)).expect("a secret number");
    let signature: Signature = key.sign(data);
    (key.verifying_key().to_sec1_point(true).as_bytes().to_vec(), signature.to_bytes().to_vec())
}

fn check_sig(script: &mut ScriptBuilder, data: &[u8]) {
    for index in 0..KEYS {
        let (key, signature) = p256(index, data);
        script.push(signature).push(key).syscall("System.Crypto.CheckSig").op(OpCode::ASSERT);
    }
}

fn verify(script: &mut ScriptBuilder, data: &[u8], sign: Sign, curve: i32) {
    for index in 0..KEYS {
        let (key, signature) = sign(index, data);
        let arguments = [StackItem::from(data), key.into(), signature.into(), curve.into()];
        script.dynamic_call(crypto_lib(), "verifyWithECDsa", CallFlags::NONE, &arguments).op(OpCode::ASSERT);
    }
}

fn pairings(script: &mut ScriptBuilder) {
    script.op_with(OpCode::INITSLOT, &[2, 0]);
    for (point, store) in [(G1, OpCode::STLOC0), (G2, OpCode::STLOC1)] {
        let bytes = hex::decode(point).expect("hexadecimal");
        script.dynamic_call(crypto_lib(), "bls12381Deserialize", CallFlags::NONE, &[bytes.into()]).op(store);
    }
    for _ in 0..PAIRINGS {
        script.op(OpCode::LDLOC1).op(OpCode::LDLOC0).push(2).op(OpCode::PACK);
        script.push(i32::from(CallFlags::NONE.bits())).push("bls12381Pairing").push(crypto_lib());
        script.syscall("System.Contract.Call").op(OpCode::DROP);
    }
}

fn crypto_lib() -> Hash160 {
    NATIVES.into_iter().find(|native| native.name == "CryptoLib").expect("a native contract").hash
}
