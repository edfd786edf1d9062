//! Keys as arguments. The reference does not check that one in uncompressed form is on the curve, and compares it by the
//! y coordinate that it was given.
//!
//! Source: `ECPoint.cs` (`DecodePoint`, `CompareTo`, `Equals`).

mod common;

use common::{next_block, sample::hash};
use neovm_chain::{
    Signer, WitnessScopes,
    contract::{account, bft_address, majority_address},
};
use neovm_crypto::{Curve, uncompress_public_key};
use neovm_host::{Chain, Invocation, ProtocolSettings};
use neovm_types::{CallFlags, PublicKey, ScriptBuilder, StackItem, hash::hash160};

/// 10,000 GAS.
const GAS: i64 = 1_000_000_000_000;

/// The prime of the field of secp256r1, less 2.
const LAST_ODD: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xfd,
];

/// The number 1.
const ONE: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[31] = 1;
    bytes
};

/// A key with an even y coordinate, and the other one with its x coordinate. `is_less` says which has the lesser y.
fn keys(is_less: bool) -> [PublicKey; 2] {
    let with_x = |x: u8, prefix| {
        let mut bytes = [x; 33];
        bytes[0] = prefix;
        PublicKey::from_bytes(&bytes).ok()
    };
    let pairs = (1..=u8::MAX).filter_map(|x| Some([with_x(x, 2)?, with_x(x, 3)?]));
    pairs.into_iter().find(|[even, odd]| (even < odd) == is_less).unwrap()
}

fn uncompressed(key: &PublicKey, y: [u8; 32]) -> StackItem {
    [&[4], &key.0[1..], &y].concat().into()
}

/// An even key as it is, and the odd one with a y coordinate on the other side of the even one; in the order of the reference.
fn cases() -> [([StackItem; 2], [PublicKey; 2]); 2] {
    [(true, ONE), (false, LAST_ODD)].map(|(is_less, y)| {
        let [even, odd] = keys(is_less);
        ([StackItem::from(&even), uncompressed(&odd, y)], if is_less { [odd, even] } else { [even, odd] })
    })
}

#[test]
fn an_account_of_several_keys_has_them_in_the_order_of_the_given_points() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    for (given, [first, second]) in cases() {
        for given in [given.clone(), [given[1].clone(), given[0].clone()]] {
            let mut script = ScriptBuilder::new();
            script.push(StackItem::array(given)).push(1).syscall("System.Contract.CreateMultisigAccount");
            let receipt = chain.invoke(&Invocation::new(script.build().unwrap())).unwrap();
            let mut verification = ScriptBuilder::new();
            verification.push(1).push(&first).push(&second).push(2).syscall("System.Crypto.CheckMultisig");
            assert_eq!(receipt.stack, [&hash160(verification.build().unwrap().bytes()).0[..]]);
        }
    }
}

/// Designates nodes and returns those that are designated then.
fn designated(nodes: &[StackItem]) -> Result<Vec<Vec<u8>>, String> {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let committee = majority_address(&chain.network().settings().standby_committee).unwrap();
    let call = |method: &str, arguments| Invocation::call(hash("RoleManagement"), method, arguments).unwrap();
    let designate = call("designateAsRole", vec![8.into(), StackItem::array(nodes.to_vec())]);
    let signer = Signer::new(committee, WitnessScopes::CALLED_BY_ENTRY);
    if let Some(fault) = chain.execute(&designate.with_signer(signer)).unwrap().fault {
        return Err(fault.kind.to_string());
    }
    let next = next_block(&chain, vec![]);
    chain.persist(&next).unwrap();
    let receipt = chain.invoke(&call("getDesignatedByRole", vec![8.into(), 2.into()])).unwrap();
    let StackItem::Array(nodes) = &receipt.stack[0] else { panic!("{receipt:?}") };
    Ok(nodes.to_vec().iter().map(|node| node.with_bytes(<[u8]>::to_vec).unwrap()).collect())
}

#[test]
fn nodes_are_in_the_order_of_the_given_points() {
    for (given, sorted) in cases() {
        assert_eq!(designated(&given).unwrap(), sorted.map(|key| key.0.to_vec()));
    }
}

#[test]
fn nodes_are_different_if_the_given_points_are() {
    let [even, odd] = keys(true);
    let twice = Err("a key is given twice".into());
    assert_eq!(designated(&[(&even).into(), (&odd).into(), (&even).into()]), twice);
    assert_eq!(designated(&[uncompressed(&odd, ONE), uncompressed(&odd, ONE)]), twice);
    // An odd y coordinate that is not that of the key.
    let both = designated(&[(&odd).into(), uncompressed(&odd, ONE)]);
    assert_eq!(both.unwrap(), [odd.0.to_vec(), odd.0.to_vec()]);
    // And the one that is.
    let y = uncompress_public_key(&odd.0, Curve::Secp256r1).unwrap();
    assert_eq!(designated(&[(&odd).into(), y.into()]), twice);
}

#[test]
fn a_node_whose_key_no_point_has_cannot_be_designated() {
    // There is no point whose x coordinate is 1.
    let unknown = [&[4][..], &ONE, &ONE].concat();
    assert_eq!(designated(&[unknown.into()]), Err("public key is not a point on secp256r1".into()));
}

/// The results of calls of NeoToken, signed by the owner of all tokens and by that of a key, as JSON; or the fault.
fn neo(key: &PublicKey, calls: &[(&str, &[StackItem])]) -> Result<String, String> {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let owner = bft_address(chain.network().settings().standby_validators()).unwrap();
    let mut script = ScriptBuilder::new();
    for (method, arguments) in calls {
        script.dynamic_call(hash("NeoToken"), method, CallFlags::ALL, arguments);
    }
    let mut invocation = Invocation::new(script.build().unwrap()).with_gas(GAS);
    for signer in [owner, account(key)] {
        invocation = invocation.with_signer(Signer::new(signer, WitnessScopes::GLOBAL));
    }
    let receipt = chain.invoke(&invocation).unwrap();
    match receipt.fault {
        Some(fault) => Err(fault.kind.to_string()),
        None => Ok(StackItem::array(receipt.stack.to_vec()).to_json().unwrap()),
    }
}

#[test]
fn a_candidate_whose_key_no_point_has_is_no_candidate_to_read_or_vote_for() {
    let [_, known] = keys(true);
    // There is no point whose x coordinate is 1.
    let unknown = PublicKey::decode_point(&[&[4][..], &ONE, &ONE].concat()).unwrap();
    let owner = bft_address(ProtocolSettings::private().standby_validators()).unwrap();
    for (key, is_known) in [(known, true), (unknown, false)] {
        let given = uncompressed(&key, ONE);
        let results = |items: Vec<StackItem>| Ok(StackItem::array(items).to_json().unwrap());
        let if_known = |items: Vec<StackItem>| {
            if is_known { results(items) } else { Err("public key is not a point on secp256r1".to_owned()) }
        };
        let register: (&str, &[StackItem]) = ("registerCandidate", std::slice::from_ref(&given));
        let votes: (&str, &[StackItem]) = ("getCandidateVote", std::slice::from_ref(&given));
        assert_eq!(neo(&key, &[register, votes]), results(vec![true.into(), 0.into()]));
        let list = StackItem::array([StackItem::structure([(&key).into(), 0.into()])]);
        assert_eq!(neo(&key, &[register, ("getCandidates", &[])]), if_known(vec![true.into(), list]));
        let vote: (&str, &[StackItem]) = ("vote", &[owner.into(), given.clone()]);
        assert_eq!(neo(&key, &[register, vote]), if_known(vec![true.into(), true.into()]));
    }
}
