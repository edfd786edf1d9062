//! `neovm verify` over transactions that neo-go was sent.

mod common;

use std::{fs::File, io::Read, path::PathBuf};

use common::{Answer, neovm, neovm_with};
use flate2::read::GzDecoder;
use serde_json::Value;

fn data(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/rich");
    folder.join(name).to_str().expect("a path").into()
}

/// The lines of the transactions with these names, as they were recorded.
fn recorded(names: &[&str]) -> String {
    let mut text = String::new();
    GzDecoder::new(File::open(data("verdicts.jsonl.gz")).unwrap()).read_to_string(&mut text).unwrap();
    let named = |name: &&str| {
        text.lines()
            .find(|line| line.contains(&format!("\"name\":\"{name}\"")))
            .unwrap_or_else(|| panic!("there is no {name}"))
    };
    names.iter().map(|name| format!("{}\n", named(name))).collect()
}

fn verify(blocks: &str, config: &str, input: &str) -> Answer {
    let (dump, config) = (data("verd.acc"), data(config));
    neovm_with(&["verify", "--dump", &dump, "--blocks", blocks, "--config", &config], input.as_bytes())
}

#[test]
fn answers_are_in_the_order_of_the_lines() {
    let names = ["valid", "fee-zero", "fee-sum-overflow", "sig-zero", "funds-second-in-pool"];
    let answer = verify("31", "verd.config.json", &recorded(&names));
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    let expected = [
        r#"{"name":"valid","ok":true,"result":"Succeed","networkfee":1227520}"#,
        r#"{"name":"fee-zero","ok":false,"result":"InsufficientFunds","networkfee":1227520}"#,
        "{\"name\":\"fee-sum-overflow\",\"ok\":false,\"result\":null,\"networkfee\":null,\"error\":\"byte 13: the network \
         fee is 9223372036854775807, too much beside a system fee of 9223372036854775807\"}",
        r#"{"name":"sig-zero","ok":false,"result":"InvalidSignature","networkfee":1227520}"#,
        r#"{"name":"funds-second-in-pool","ok":false,"result":"InsufficientFunds","networkfee":1143520}"#,
    ];
    assert_eq!(answer.out.lines().collect::<Vec<_>>(), expected);
    // The other form of the configuration says the same.
    assert_eq!(verify("31", "verd.neogo.yml", &recorded(&names)).out, answer.out);
}

#[test]
fn the_state_is_that_after_the_blocks() {
    let result = |blocks| {
        let answer = verify(blocks, "verd.config.json", &recorded(&["vub-next"]));
        serde_json::from_str::<Value>(&answer.out).unwrap()["result"].clone()
    };
    assert_eq!((result("31"), result("32"), result("33")), ("Succeed".into(), "Expired".into(), "Expired".into()));
}

#[test]
fn a_pool_may_be_without_answers() {
    let mut line: Value = serde_json::from_str(&recorded(&["funds-second-in-pool"])).unwrap();
    line["pool"] = Value::Array(vec![line["pool"][0]["raw"].clone()]);
    let answer = verify("31", "verd.config.json", &line.to_string());
    assert!(answer.out.contains(r#""result":"InsufficientFunds""#), "{}", answer.out);
}

#[test]
fn malformed_lines_do_not_stop_the_rest() {
    let input = format!("[1]\n{{\"raw\":\"xy\"}}\n{{\"raw\":\"00\",\"pool\":[\"00\"]}}\n{}", recorded(&["valid"]));
    let answer = verify("31", "verd.config.json", &input);
    assert_eq!(answer.code, 1);
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(lines[0], r#"{"line":1,"error":"the line is no object: it has to start with {"}"#);
    assert!(lines[1].starts_with(r#"{"name":null,"ok":false,"result":null,"networkfee":null,"error":"is not hex"#));
    assert!(lines[2].starts_with(r#"{"line":3,"error":"pool[0]: byte 1: "#), "{}", lines[2]);
    assert!(lines[3].starts_with(r#"{"name":"valid","ok":true"#));
    assert!(answer.err.contains("2 of 4 lines are malformed"), "{}", answer.err);
}

#[test]
fn what_cannot_be_read() {
    let (dump, config) = (data("verd.acc"), data("verd.config.json"));
    let call = |dump: &str, blocks: &str, config: &str| {
        neovm(&["verify", "--dump", dump, "--blocks", blocks, "--config", config])
    };
    let short = call(&dump, "34", &config);
    assert_eq!(short.code, 1);
    assert!(short.err.contains("it ends at height 32, there are not 34 blocks"), "{}", short.err);
    let foreign = call(&dump, "33", "mainnet");
    assert_eq!(foreign.code, 1);
    assert!(foreign.err.contains("block 0 is 0x") && foreign.err.contains("of the network it is"), "{}", foreign.err);
    assert_eq!(call("none.acc", "1", &config).code, 1);
    let config = call(&dump, "1", "none.json");
    assert_eq!(config.code, 2);
    assert!(config.err.contains("none.json: neither mainnet, testnet nor private"), "{}", config.err);
    assert_eq!(call(&dump, "0", "mainnet").code, 2);
}
