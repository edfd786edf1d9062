//! Transitions, compared with what geth makes of the same accounts, blocks and transactions.

use std::fs;

use neovm_evm::{
    Alloc, Fork,
    primitives::{Bytes, U256},
    t8n::{Env, Transactions, Transition, TransitionError, Transitioned},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A transition that geth has made.
#[derive(Deserialize)]
struct Case {
    fork: String,
    reward: i64,
    input: Input,
    output: Value,
}

#[derive(Deserialize)]
struct Input {
    alloc: Alloc,
    env: Env,
    txs: Transactions,
}

fn case(name: &str) -> Case {
    let text = fs::read_to_string(format!("tests/data/t8n/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn run(fork: Fork, reward: i64, input: Input) -> Result<Transitioned, TransitionError> {
    let Input { alloc, env, txs } = input;
    let reward = u64::try_from(reward).ok();
    Transition { fork, chain_id: 1, reward, alloc, env, transactions: txs }.run()
}

/// The result, with no more than the places of transactions that were rejected: geth says why in other words.
fn result(mut result: Value) -> Value {
    let rejected = result.get("rejected").and_then(Value::as_array).cloned().unwrap_or_default();
    result["rejected"] = rejected.iter().map(|one| one["index"].clone()).collect();
    result
}

#[test]
fn geth_makes_the_same() {
    let mut names: Vec<_> = fs::read_dir("tests/data/t8n").unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 14, "{names:?}");
    for name in names.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()) {
        let Case { fork, reward, input, output } = case(name);
        let done = run(fork.parse().unwrap(), reward, input).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(json!(done.body), output["body"], "{name}");
        let accounts: Alloc = serde_json::from_value(output["alloc"].clone()).unwrap();
        assert_eq!(done.alloc, accounts, "{name}");
        assert_eq!(result(json!(done.result)), result(output["result"].clone()), "{name}");
    }
}

#[test]
fn transactions_in_rlp_are_those_of_the_json() {
    for name in ["byzantium", "london", "cancun", "prague"] {
        let Case { fork, reward, mut input, output } = case(name);
        let body: Bytes = serde_json::from_value(output["body"].clone()).unwrap();
        input.txs = Transactions::from_rlp(&body).unwrap();
        let done = run(fork.parse().unwrap(), reward, input).unwrap();
        assert_eq!(done.body, body, "{name}");
        // What was rejected is not among them.
        let (mut done, mut expected) = (json!(done.result), output["result"].clone());
        (done["rejected"], expected["rejected"]) = (Value::Null, Value::Null);
        assert_eq!(done, expected, "{name}");
    }
}

#[test]
fn bytes_that_are_no_transaction_are_rejected() {
    assert!(Transactions::from_rlp(&[]).is_err());
    assert!(Transactions::from_rlp(&[0xc2, 0x01]).is_err());
    assert!(Transactions::from_rlp(&[0xc0, 0x00]).is_err());
    // A number, a transaction of type 9, the beginning of one of type 2, and an empty list.
    let body = [0xc8, 0x05, 0x82, 0x09, 0xc0, 0x82, 0x02, 0xc1, 0xc0];
    let input = Input { txs: Transactions::from_rlp(&body).unwrap(), ..case("shanghai").input };
    let done = run(Fork::Shanghai, 0, input).unwrap();
    let rejected = &json!(done.result)["rejected"];
    assert_eq!(rejected.as_array().unwrap().len(), 4, "{rejected}");
    assert_eq!(rejected[1]["error"], "there is no transaction of type 9");
    assert_eq!(done.body[..], [0xc0]);
}

/// Runs a case with fields of the environment changed; null takes one out.
fn with_env(name: &str, fork: Fork, changes: &Value) -> TransitionError {
    let text = fs::read_to_string(format!("tests/data/t8n/{name}.json")).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        let env = json["input"]["env"].as_object_mut().unwrap();
        _ = if value.is_null() { env.remove(key) } else { env.insert(key.clone(), value.clone()) };
    }
    run(fork, 0, serde_json::from_value(json["input"].clone()).unwrap()).unwrap_err()
}

#[test]
fn what_the_fork_asks_for_is_checked() {
    for (name, changes, error) in [
        ("london", json!({"parentBaseFee": null}), "neither currentBaseFee nor parentBaseFee is given"),
        ("london", json!({"currentDifficulty": null}), "currentDifficulty is missing"),
        ("paris", json!({"currentRandom": null}), "Paris asks for currentRandom"),
        ("paris", json!({"currentDifficulty": "1"}), "currentDifficulty is 1; from Paris on it is zero"),
        ("shanghai", json!({"withdrawals": null}), "Shanghai asks for withdrawals"),
        ("cancun", json!({"parentBeaconBlockRoot": null}), "Cancun asks for parentBeaconBlockRoot"),
        (
            "frontier",
            json!({"ommers": [{"delta": 9, "address": "0x00000000000000000000000000000000000000bb"}]}),
            "an ommer",
        ),
    ] {
        let found = with_env(name, case(name).fork.parse().unwrap(), &changes);
        assert!(matches!(&found, TransitionError::Config(text) if text.starts_with(error)), "{found:?}");
    }
    // Each is taken, but not their sum.
    let excess = json!({"parentExcessBlobGas": "160000000", "parentBlobGasUsed": "160000000"});
    let error = with_env("cancunExcess", Fork::Cancun, &excess);
    assert!(matches!(&error, TransitionError::Config(text) if text.contains("excess of blob gas")), "{error:?}");
    let missing = with_env("london", Fork::London, &json!({"blockHashes": {"15": format!("0x{:064x}", 1)}}));
    assert_eq!(missing, TransitionError::MissingBlockHash(14));
    // Prague's requests come from contracts, which Shanghai's accounts lack.
    let root = json!({"parentBeaconBlockRoot": format!("0x{:064x}", 1)});
    let error = with_env("shanghai", Fork::Prague, &root);
    assert!(matches!(&error, TransitionError::Evm(text) if text.contains("no system contract")), "{error:?}");
}

#[test]
fn signatures_are_checked() {
    let Case { input, .. } = case("byzantium");
    let json = |change: Value| {
        let mut transaction = json!({"nonce": "0", "gas": "21000", "gasPrice": "32", "to": null, "value": "0",
            "input": "0x", "v": "27", "r": "1", "s": "1"});
        transaction.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value::<Transactions>(json!([transaction])).unwrap()
    };
    let order = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (change, error) in [
        (json!({"v": "29"}), "the signature's v is 29"),
        // No more than half of the order since Homestead.
        (json!({"s": "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"}), "the signature's r or s"),
        (json!({"v": "0", "r": "0", "s": "0"}), "the signature's v is 0"),
        (json!({"r": "5"}), "nobody can have made the signature"),
    ] {
        let transactions = json(change);
        let input = Input { alloc: input.alloc.clone(), env: case("byzantium").input.env, txs: transactions };
        let done = json!(run(Fork::Byzantium, 0, input).unwrap().result);
        let found = done["rejected"][0]["error"].as_str().unwrap_or("executed").to_owned();
        assert!(found.starts_with(error), "{found}");
    }
    let to = "0x00000000000000000000000000000000000000bb";
    let of_kind = |kind: u8, mut change: Value| {
        let fees = json!({"type": kind, "maxFeePerGas": "1", "maxPriorityFeePerGas": "1"});
        change.as_object_mut().unwrap().extend(fees.as_object().unwrap().clone());
        change
    };
    for (change, error) in [
        (json!({"type": "7"}), "transaction 0: there is no transaction of type 7"),
        (json!({"type": "2"}), "transaction 0: maxPriorityFeePerGas is missing"),
        (json!({"gasPrice": null}), "transaction 0: gasPrice is missing"),
        // What no fork has is refused where the JSON is read.
        (json!({"v": "0"}), "transaction 0: the signature's v is 0"),
        (json!({"type": "1"}), "transaction 0: the signature's v is 27"),
        (json!({"type": "1", "yParity": "1"}), "transaction 0: v and yParity differ"),
        (json!({"type": "1", "v": null, "yParity": "2"}), "transaction 0: the signature's v is 2"),
        (json!({"r": "0"}), "transaction 0: the signature's r or s is no number that it can be"),
        (json!({"s": order}), "transaction 0: the signature's r or s is no number that it can be"),
        (of_kind(3, json!({})), "transaction 0: to is missing"),
        (of_kind(3, json!({"to": to})), "transaction 0: maxFeePerBlobGas is missing"),
        (of_kind(3, json!({"to": to, "maxFeePerBlobGas": "1"})), "transaction 0: blobVersionedHashes is missing"),
        (of_kind(4, json!({})), "transaction 0: to is missing"),
        (of_kind(4, json!({"to": to})), "transaction 0: authorizationList is missing"),
        (
            json!({"v": "0", "r": "0", "s": "0", "secretKey": format!("0x{:064x}", 0)}),
            "transaction 0: secretKey is no key of secp256k1",
        ),
        (
            json!({"type": "1", "chainId": "2", "secretKey": format!("0x{:064x}", 1)}),
            "transaction 0: it is for chain 2, not 1",
        ),
    ] {
        let input = Input { alloc: input.alloc.clone(), env: case("byzantium").input.env, txs: json(change) };
        assert_eq!(run(Fork::Berlin, 0, input).unwrap_err().to_string(), error);
    }
}

#[test]
fn the_parity_has_two_names() {
    for name in ["v", "yParity"] {
        let Case { fork, reward, mut input, output } = case("berlin");
        let body: Bytes = serde_json::from_value(output["body"].clone()).unwrap();
        let mut items = alloy_rlp::Header::decode_bytes(&mut &body[..], true).unwrap();
        let signed = alloy_rlp::Header::decode_bytes(&mut items, false).unwrap();
        // At the end are parity, r and s; zero is an empty text.
        let (rest, numbers) = signed.split_at(signed.len() - 66);
        let [r, s] = [&numbers[1..33], &numbers[34..]].map(|number| U256::from_be_slice(number).to_string());
        let parity = if rest.last() == Some(&0x80) { "0" } else { "1" };
        let text = fs::read_to_string("tests/data/t8n/berlin.json").unwrap();
        let mut transaction = serde_json::from_str::<Value>(&text).unwrap()["input"]["txs"][0].clone();
        let fields = transaction.as_object_mut().unwrap();
        fields.retain(|field, _| field != "secretKey" && field != "v");
        fields.extend([("r".into(), r.into()), ("s".into(), s.into()), (name.into(), parity.into())]);
        input.txs = serde_json::from_value(json!([transaction])).unwrap();
        let done = json!(run(fork.parse().unwrap(), reward, input).unwrap().result);
        assert_eq!(done["receipts"][0], output["result"]["receipts"][0], "{name}");
    }
}

#[test]
fn an_excess_without_a_price_is_refused() {
    for field in ["currentExcessBlobGas", "parentExcessBlobGas", "parentBlobGasUsed"] {
        let text = fs::read_to_string("tests/data/t8n/cancunExcess.json").unwrap();
        let mut json: Value = serde_json::from_str(&text).unwrap();
        json["input"]["env"][field] = "0xffffffffffffffff".into();
        let error = neovm_evm::read_json::<Case>(json.to_string().as_bytes()).err().expect("a refusal");
        assert!(error.starts_with(&format!("input.env.{field}: 18446744073709551615 is more than")), "{error}");
        // What is taken has a price.
        json["input"]["env"][field] = "166923850".into();
        let case: Case = serde_json::from_value(json).unwrap();
        assert!(run(Fork::Cancun, 0, case.input).is_ok() || field != "currentExcessBlobGas");
    }
}
