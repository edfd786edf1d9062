//! The commands that convert and explain.

mod common;

use std::process::Command;

use common::{Answer, examples, file, neovm, neovm_with};
use serde_json::{Value, json};

const ACCOUNT: &str = "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj";
const GENERATOR: &str = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";

fn parsed(args: &[&str]) -> Value {
    serde_json::from_str(neovm(args).ok()).expect("JSON")
}

#[test]
fn hashes_are_those_of_other_tools() {
    let hashes = parsed(&["hash", "System.Contract.Call", "--json"]);
    assert_eq!(hashes["syscall"], "627d5b52");
    let hashes = parsed(&["hash", "0x", "--json"]);
    assert_eq!(hashes["sha256"], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hashes["ripemd160"], "9c1185a5c5e9fc54612808977ee8f548b2258d31");
    assert_eq!(hashes["keccak256"], "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    assert_eq!(hashes.get("syscall"), None);
    let from_stdin = neovm_with(&["hash", "-"], b"System.Contract.Call");
    assert_eq!(from_stdin.ok(), neovm(&["hash", "System.Contract.Call"]).ok());
    neovm(&["hash", "0x0"]).fails(1, &["not hexadecimal"]);
}

#[test]
fn an_account_has_three_forms() {
    let forms = parsed(&["address", ACCOUNT, "--json"]);
    assert_eq!(forms["hash"], "0x0f46dc4287b70117ce8354924b5cb3a47215ad93");
    assert_eq!(forms["bytes"], "93ad1572a4b35c4b925483ce1701b78742dc460f");
    assert_eq!(parsed(&["address", "0x0f46dc4287b70117ce8354924b5cb3a47215ad93", "--json"]), forms);
    // The account of the key 1 on a private network: of one key, and of one of one.
    let single = parsed(&["address", GENERATOR, "--json"]);
    let script = single["script"].as_str().expect("a script");
    assert_eq!(parsed(&["address", "--script", &format!("0x{script}"), "--json"]), single);
    let multi = parsed(&["address", GENERATOR, "--required", "1", "--json"]);
    assert_ne!(multi["address"], single["address"]);
    neovm(&["address", GENERATOR, "--required", "2"]).fails(1, &["2 of 1 keys cannot sign"]);
    neovm(&["address", "NZ"]).fails(1, &["an account, or a public key"]);
    neovm(&["address"]).fails(2, &["ACCOUNT|KEY"]);
}

#[test]
fn what_is_encoded_is_decoded() {
    let script = neovm(&["encode", "GasToken", "transfer", ACCOUNT, ACCOUNT, "5", "null", "--assert"]);
    let decoded = neovm(&["decode", script.ok().trim()]);
    let account = "0x0f46dc4287b70117ce8354924b5cb3a47215ad93";
    let expected = format!(
        "1  calls GasToken.transfer(from = {account}, to = {account}, amount = 5, data = null)\n   fails unless the result of 1 is true\n"
    );
    assert_eq!(decoded.ok(), expected);
    let run = neovm(&["run", script.ok().trim(), "--signer", ACCOUNT]);
    assert_eq!(run.code, 3, "the account has no GAS");
    let json = parsed(&["decode", script.ok().trim(), "--json"]);
    assert_eq!(json["does"][0]["call"]["arguments"][2], json!({"name": "amount", "type": "Integer", "value": "5"}));
    neovm(&["encode", "GasToken", "transfer", "5"]).fails(1, &["no method \"transfer\" with 1 parameter"]);
    neovm(&["encode", "Gas", "transfer"]).fails(1, &["the contract", "Gas"]);
}

#[test]
fn a_manifest_names_the_types_of_arguments() {
    let hash = "0xeccc837c552a4ebfef9ebf4f2d42ac902994122f";
    let typed = neovm(&["encode", hash, "fib", "10", "--manifest", "arith.manifest.json", "--base64"]);
    assert_eq!(typed.ok(), "GhHAHwwDZmliDBQvEpQpkKxCLU+/nu+/TipVfIPM7EFifVtS\n");
    assert_eq!(neovm(&["encode", hash, "fib", "10", "--base64"]).ok(), typed.ok());
    let wrong = ["encode", hash, "fib", "ten", "--manifest", "arith.manifest.json"];
    neovm(&wrong).fails(1, &["argument 1, n: Integer"]);
    neovm(&["encode", hash, "fib", "10", "--flags", "Reading"]).fails(2, &["\"Reading\" is not a call flag"]);
}

/// Calls the program with a private key in the environment.
fn with_key(key: &str, args: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
    command.args(args).env("NEOVM_KEY", key).current_dir(examples());
    Answer::from(command.output().expect("the program ends"))
}

#[test]
fn what_is_signed_is_verified() {
    let one = format!("{:064x}", 1);
    for scheme in [&[][..], &["--curve", "secp256k1", "--hash", "keccak256"]] {
        let signed = with_key(&one, &[&["sign", "some text", "--json"], scheme].concat());
        let signed: Value = serde_json::from_str(signed.ok()).expect("JSON");
        let [signature, key] = ["signature", "key"].map(|field| signed[field].as_str().expect("digits"));
        let verify = |data: &str| neovm(&[&["verify-signature", data, signature, key], scheme].concat());
        assert_eq!(verify("some text").ok(), "valid\n");
        let other = verify("another text");
        assert_eq!((other.code, other.out.as_str()), (1, "not valid\n"));
        assert!(scheme.is_empty() != (key != GENERATOR));
    }
    // The same key in WIF, from a file.
    let wif = file("key.wif", b"KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn\n");
    let signed = neovm(&["sign", "some text", "--key", &wif]);
    assert_eq!(signed.ok(), with_key(&one, &["sign", "some text"]).ok());
    let bad = with_key("secret", &["sign", "some text"]);
    bad.fails(1, &["neither WIF nor 64 hexadecimal digits"]);
    assert!(!bad.err.contains("secret"), "a key is not shown: {}", bad.err);
    for content in [&b"no key"[..], b"\xff"] {
        neovm(&["sign", "some text", "--key", &file("no.wif", content)]).fails(1, &["no.wif: "]);
    }
    with_key(&"0".repeat(64), &["sign", "some text"]).fails(1, &["not a number that the curve takes"]);
    neovm(&["sign", "some text"]).fails(1, &["--key FILE", "NEOVM_KEY"]);
}

#[test]
fn files_of_contracts_are_shown_and_checked() {
    let info = neovm(&["nef", "info", "arith.nef"]);
    assert!(info.ok().contains("compiler") && info.ok().contains("checksum"), "{}", info.out);
    let with_sender = parsed(&["nef", "info", "arith.nef", "--sender", &format!("0x{}", "0".repeat(40)), "--json"]);
    // As `run` says, which deploys it in nobody's name.
    assert_eq!(with_sender["contract"], "0xeccc837c552a4ebfef9ebf4f2d42ac902994122f");
    assert_eq!(parsed(&["nef", "verify", "arith.nef", "--json"]), json!({"valid": true}));
    let mut bytes = std::fs::read(examples().join("arith.nef")).expect("a file");
    *bytes.last_mut().expect("bytes") ^= 1;
    let damaged = file("damaged.nef", &bytes);
    neovm(&["nef", "verify", &damaged]).fails(1, &["checksum"]);
    let verdict = neovm(&["nef", "verify", &damaged, "--json"]);
    let verdict: Value = serde_json::from_str(&verdict.out).expect("JSON");
    assert!(verdict["valid"] == false && verdict["error"].as_str().is_some_and(|why| why.contains("checksum")));
    // What lies behind it is warned of: nodes take such a file.
    *bytes.last_mut().expect("bytes") ^= 1;
    let longer = file("longer.nef", &[&bytes[..], b"\0\0"].concat());
    let shown = neovm(&["nef", "info", &longer]);
    assert_eq!((shown.code, shown.out), (0, neovm(&["nef", "info", "arith.nef"]).out));
    assert!(
        shown.err.ends_with("longer.nef: 2 bytes behind the NEF file, which nodes do not look at\n"),
        "{}",
        shown.err
    );
    let sender = format!("0x{}", "0".repeat(40));
    let alone = file("alone.nef", &std::fs::read(examples().join("arith.nef")).expect("a file"));
    let info = ["nef", "info", &alone, "--sender", &sender];
    neovm(&info).fails(1, &["name one with --manifest FILE"]);
    assert!(neovm(&[&info[..], &["--manifest", "arith.manifest.json"]].concat()).ok().contains("contract"));
    let remarks = parsed(&["manifest", "check", "token.manifest.json", "--json"]);
    assert_eq!(remarks["valid"], true);
    let checked = neovm(&["manifest", "check", "arith.manifest.json", "--nef", "arith.nef"]);
    assert!(checked.ok().starts_with("valid: manifest of \"arith\""), "{}", checked.out);
    let bad = file("bad.manifest.json", b"{\"name\":5}");
    let answer = neovm(&["manifest", "check", &bad, "--json"]);
    assert_eq!(answer.code, 1);
    assert!(answer.out.starts_with("{\"error\":") && answer.out.contains("\"valid\":false"), "{}", answer.out);
}

#[test]
fn a_manifest_is_shown_where_it_is_wrong() {
    let shown = |text: &str, words: &[&str]| {
        let bad = file("place.manifest.json", text.as_bytes());
        neovm(&["manifest", "check", &bad]).fails(1, words);
        // `check` shows the same of the manifest beside a contract, and of one that is named.
        let nef = file("place.nef", &std::fs::read(examples().join("arith.nef")).expect("a file"));
        neovm(&["check", &nef]).fails(1, words);
        neovm(&["check", "arith.nef", "--manifest", &bad]).fails(1, words);
        // Elsewhere it is a line.
        let line = neovm(&["nef", "verify", &nef, "--json"]).out;
        assert!(line.contains("place.manifest.json: ") && !line.contains("-->"), "{line}");
        assert_eq!(neovm(&["run", &nef]).err.lines().filter(|line| line.contains("place.manifest.json: ")).count(), 1);
    };
    let method = |offset: &str| {
        format!(
            "{{\n  \"name\": \"x\", \"features\": {{}}, \"trusts\": [],\n  \"abi\": {{\"methods\": [ // one\n    \
             {{\"name\": \"ä\", \"parameters\": [], \"returntype\": \"Void\", \"offset\": {offset}, \"safe\": false}}\n  ]}}\n}}\n"
        )
    };
    let what = "error: manifest, abi.methods[0].offset: -12 is not an offset, an integer from 0 to 2147483647\n";
    let wrong = method("-12");
    let column = wrong.lines().nth(3).and_then(|line| line.find("-12")).expect("it is there");
    let mark = format!("\n  | {}^^^\n", " ".repeat(column - 1));
    // A letter of two bytes stands before it.
    shown(&wrong, &[what, &format!("place.manifest.json:4:{column}\n"), "\n4 |     {\"name\"", &mark]);
    shown(
        &method("1,"),
        &["error: the manifest is not JSON: ", "place.manifest.json:4:", "\n4 |     {\"name\"", "^\n"],
    );
    let missing = "{\n\"name\": \"x\",\n\"features\": {}, \"trusts\": [],\n\"abi\":\n {\n}}";
    shown(missing, &["abi.methods: is empty", "place.manifest.json:5:2\n", "\n5 |  {\n  |  ^\n"]);
    shown("{", &["the manifest is not JSON: EOF while parsing", "place.manifest.json:1:1\n"]);
    shown("", &["the manifest is not JSON: EOF while parsing"]);
    shown("[]", &["manifest, whole: [] is not an object", "place.manifest.json:1:1\n", "1 | []\n  | ^^\n"]);
    // What a terminal would take for its controls is not shown.
    shown("{\"name\": \"\u{1b}[31m", &["the manifest is not JSON: "]);
}

#[test]
fn opcodes_are_listed_with_their_prices() {
    let all = parsed(&["opcodes", "--json"]);
    assert_eq!(all.as_array().expect("a list").len(), 196);
    let pack = neovm(&["opcodes", "pack"]);
    let words: Vec<&str> = pack.ok().lines().nth(1).expect("a row").split_whitespace().take(5).collect();
    assert_eq!(words, ["PACK", "c0", "2048", "n", "->"]);
    assert_eq!(neovm(&["opcodes", "PUSHDATA"]).ok().lines().count(), 4);
    neovm(&["opcodes", "PUSH17"]).fails(1, &["no opcode PUSH17"]);
}
