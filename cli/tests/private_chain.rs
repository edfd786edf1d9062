//! The commands for private chains in folders.

mod common;

use std::{fs, path::PathBuf};

use common::{Answer, file, neovm, neovm_with};
use serde_json::{Value, json};

/// The folder of a chain, which is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("private-{name}"));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// A folder with a new chain.
    fn with_chain(name: &str) -> Self {
        let folder = Self::new(name);
        folder.run(&["chain", "new"]).ok();
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Calls a command with this folder.
    fn run(&self, args: &[&str]) -> Answer {
        neovm(&[args, &["--data", self.path()]].concat())
    }

    /// The answer in JSON of a command that goes well.
    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(self.run(&[args, &["--json"]].concat()).ok()).unwrap()
    }

    #[track_caller]
    fn balance(&self, token: &str, account: &str) -> String {
        self.json(&["call", token, "balanceOf", account])["stack"][0]["value"].as_str().unwrap().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_new_chain_holds_the_first_tokens() {
    let folder = Folder::new("new");
    let info: Value = serde_json::from_str(folder.run(&["chain", "new", "--magic", "77", "--json"]).ok()).unwrap();
    assert_eq!((&info["network"], &info["height"], &info["msperblock"]), (&77.into(), &0.into(), &1000.into()));
    assert_eq!(info["accounts"][0]["label"], "genesis");
    assert_eq!(info["accounts"][0]["neo"], "100000000");
    assert_eq!(info["accounts"][0]["gas"], "5200000000000000");
    // The committee earns GAS from the first block on.
    assert_eq!(info["accounts"][1]["gas"], "50000000");
    assert_eq!(folder.json(&["chain", "info"]), info);
    folder.run(&["chain", "new"]).fails(1, &["this folder is not empty"]);
    let text = folder.run(&["chain", "info"]);
    assert!(text.ok().contains("100000000 NEO, 52000000 GAS"), "{}", text.out);
}

#[test]
fn tokens_are_transferred() {
    let folder = Folder::with_chain("transfer");
    folder.run(&["wallet", "new", "alice"]).ok();
    let log = folder.json(&["transfer", "12.5", "GAS", "--from", "genesis", "--to", "alice"]);
    assert_eq!(log["executions"][0]["vmstate"], "HALT");
    assert_eq!(folder.balance("GAS", "alice"), "1250000000");
    let text = folder.run(&["transfer", "7", "NEO", "--from", "genesis", "--to", "alice"]);
    for word in ["state         HALT", "Transfer of NeoToken", "amount = 7", "block         2"] {
        assert!(text.ok().contains(word), "{word} is missing in {}", text.out);
    }
    assert_eq!(folder.balance("NEO", "alice"), "7");
    // Fees are what a wallet calculates: no more than was needed.
    let tx = folder.json(&["tx", log["txid"].as_str().unwrap()]);
    assert_eq!(tx["confirmations"], 2);
    assert_eq!(tx["sysfee"], log["executions"][0]["gasconsumed"]);
    let shown = folder.run(&["tx", log["txid"].as_str().unwrap()]);
    assert!(shown.ok().contains("CalledByEntry"), "{}", shown.out);
    assert_eq!(folder.json(&["log", log["txid"].as_str().unwrap()]), log);
    let block = folder.json(&["block", "1"]);
    assert_eq!((&block["tx"][0]["hash"], &block["confirmations"]), (&log["txid"], &2.into()));
    assert_eq!(block["hash"], tx["blockhash"]);
    assert_eq!(block["nextblockhash"], folder.json(&["block"])["hash"]);
    assert!(folder.run(&["block"]).ok().contains("2 of 2"));
    let persisted = folder.run(&["log", "2"]);
    assert!(persisted.ok().contains("trigger       PostPersist"), "{}", persisted.out);
    let shown = folder.run(&["log", log["txid"].as_str().unwrap()]);
    for word in ["Transfer of GasToken: from = 0x", "amount = 1250000000", "stack         true"] {
        assert!(shown.ok().contains(word), "{word} is missing in {}", shown.out);
    }
}

#[test]
fn what_cannot_be_sent_is_not_sent() {
    let folder = Folder::with_chain("unsent");
    folder.run(&["wallet", "new", "alice"]).ok();
    let transfer = |amount, token, from, to| folder.run(&["transfer", amount, token, "--from", from, "--to", to]);
    transfer("1", "GAS", "alice", "genesis").fails(1, &["nothing was sent: GAS refuses the transfer"]);
    transfer("1", "GAS", "nobody", "genesis").fails(1, &["\"nobody\" is no account", "genesis, validator, alice"]);
    transfer("1", "GAS", "genesis", "nobody").fails(1, &["\"nobody\" is no account"]);
    transfer("1", "BTC", "genesis", "alice").fails(1, &["there is no contract \"BTC\""]);
    transfer("0.5", "NEO", "genesis", "alice").fails(1, &["more decimals than the token, which has 0"]);
    transfer("1", "StdLib", "genesis", "alice").fails(1, &["StdLib is no token"]);
    let call = |args: &[&str]| folder.run(&[&["call"], args].concat());
    call(&["GAS", "nothing"]).fails(1, &["there is no method \"nothing\""]);
    call(&["NEO", "setGasPerBlock", "1", "--sign", "alice"]).fails(1, &["nothing was sent", "faults"]);
    // Alice has no GAS for the fees. It is said once.
    let refused = call(&["NEO", "symbol", "--sign", "alice"]);
    refused.fails(1, &["nothing was sent", "has 0 GAS, and the fees are"]);
    assert_eq!(refused.err.matches("nothing was sent").count(), 1, "{}", refused.err);
    assert_eq!(folder.json(&["chain", "info"])["height"], 0);
    // The account of one validator is that of the committee of one.
    let answer = call(&["NEO", "setGasPerBlock", "100000000", "--sign", "genesis"]);
    assert!(answer.ok().contains("HALT"), "{}", answer.out);
    call(&["NEO", "setGasPerBlock", "1", "--sign", "genesis", "--scope", "None"]).fails(1, &["nothing was sent"]);
    call(&["NEO", "symbol", "--sign", "genesis", "--scope", "Everywhere"]).fails(2, &["Everywhere"]);
    call(&["NEO", "symbol", "--sign", "genesis", "--scope", "Global"]).ok();
    let fault = call(&["NEO", "setGasPerBlock", "1"]);
    assert_eq!(fault.code, 3);
    assert!(fault.out.contains("FAULT") && fault.out.contains("NeoToken"), "{}", fault.out);
}

#[test]
fn a_contract_is_deployed_called_and_looked_into() {
    let folder = Folder::with_chain("deploy");
    let log = folder.json(&["deploy", "token.nef", "--sign", "genesis"]);
    assert_eq!(log["executions"][0]["vmstate"], "HALT", "{log}");
    let supply = folder.json(&["call", "Token", "totalSupply"])["stack"][0]["value"].clone();
    assert_eq!(folder.balance("Token", "genesis"), supply.as_str().unwrap());
    folder.run(&["transfer", "500.5", "Token", "--from", "genesis", "--to", "validator"]).ok();
    assert_eq!(folder.balance("Token", "validator"), "50050000000");
    let entries = folder.run(&["storage", "Token", "0x01", "--decode"]);
    assert!(entries.ok().ends_with("2 entries\n"), "{}", entries.out);
    let again = folder.run(&["deploy", "token.nef", "--sign", "genesis"]);
    again.fails(1, &["nothing was sent", "faults"]);
    folder.run(&["deploy", "token.nef"]).fails(2, &["--sign"]);
}

#[test]
fn blocks_are_mined_at_times() {
    let folder = Folder::with_chain("mine");
    let mined = folder.json(&["mine", "3", "--time", "2000000000000"]);
    assert_eq!((&mined["height"], &mined["time"]), (&3.into(), &2_000_000_002_000_u64.into()));
    let mined = folder.json(&["mine", "--time", "+1d"]);
    assert_eq!(mined["time"], 2_000_086_402_000_u64);
    folder.run(&["mine", "--time", "5"]).fails(1, &["the time stamp is 5, not later than"]);
    folder.run(&["mine", "--time", "soon"]).fails(1, &["\"soon\" is no time"]);
    folder.run(&["mine", "0"]).fails(2, &["0"]);
    assert!(folder.run(&["mine"]).ok().contains("mined         1 block\n"));
    assert_eq!(folder.json(&["chain", "info"])["height"], 5);
}

#[test]
fn a_chain_is_made_where_somebody_stands() {
    let folder = Folder::new("here");
    fs::create_dir_all(&folder.0).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_neovm"));
    command.args(["chain", "new", "--data", "."]).current_dir(&folder.0);
    let made = Answer::from(command.output().unwrap());
    assert!(made.ok().contains("height        0"), "{}", made.out);
    folder.run(&["mine"]).ok();
    let mut names: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["chain", "config.json", "logs.redb", "wallet.json"]);
}

#[test]
fn checkpoints_are_kept_and_put_back() {
    let folder = Folder::with_chain("checkpoint");
    folder.run(&["mine", "2"]).ok();
    let kept = folder.json(&["chain", "info"]);
    assert_eq!(folder.run(&["chain", "checkpoint", "two"]).ok(), "kept block 2 as two\n");
    folder.run(&["mine", "3"]).ok();
    folder.run(&["wallet", "new", "alice"]).ok();
    assert_eq!(folder.run(&["chain", "restore", "two"]).ok(), "back at block 2 of two\n");
    let back = folder.json(&["chain", "info"]);
    assert_eq!((&back["height"], &back["hash"]), (&kept["height"], &kept["hash"]));
    // The wallet is no part of it, and the chain goes on.
    assert_eq!(back["accounts"][2]["label"], "alice");
    folder.run(&["transfer", "1", "GAS", "--from", "genesis", "--to", "alice"]).ok();
    folder.run(&["chain", "checkpoint", "two"]).fails(1, &["there is a checkpoint two already"]);
    folder.run(&["chain", "restore", "three"]).fails(1, &["there is no checkpoint three; there are: two"]);
    for name in ["", ".", "..", "../up", "a/b", "a b"] {
        folder.run(&["chain", "checkpoint", name]).fails(1, &["is no name of a checkpoint"]);
    }
    assert_eq!(folder.json(&["chain", "info"])["checkpoints"], json!(["two"]));
}

#[test]
fn forks_go_their_own_way() {
    let (folder, fork) = (Folder::with_chain("forked"), Folder::new("fork"));
    let log = folder.json(&["transfer", "1", "GAS", "--from", "genesis", "--to", "validator"]);
    folder.run(&["chain", "fork", fork.path()]).ok();
    folder.run(&["chain", "fork", fork.path()]).fails(1, &["this folder is not empty"]);
    let copy = Folder::new("fork-told");
    let told = folder.json(&["chain", "fork", copy.path()]);
    assert_eq!((&told["height"], &told), (&json!(1), &copy.json(&["chain", "info"])));
    assert_eq!(fork.json(&["chain", "info"])["hash"], folder.json(&["chain", "info"])["hash"]);
    assert_eq!(fork.json(&["log", log["txid"].as_str().unwrap()]), log);
    fork.run(&["transfer", "2", "GAS", "--from", "genesis", "--to", "validator"]).ok();
    assert_ne!(fork.balance("GAS", "validator"), folder.balance("GAS", "validator"));
    assert_eq!(fork.json(&["chain", "info"])["height"], 2);
    assert_eq!(folder.json(&["chain", "info"])["height"], 1);
}

#[test]
fn keys_come_from_files_of_all_kinds() {
    let folder = Folder::with_chain("keys");
    let address = "NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i";
    let wif = file("private-key.txt", b"L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g\n");
    let imported = folder.run(&["wallet", "import", &wif, "--name", "bob"]);
    assert_eq!(imported.ok(), format!("bob           {address}\n"));
    folder.run(&["wallet", "import", &wif, "--name", "carol"]).fails(1, &["has account", address, "already"]);
    folder.run(&["wallet", "import", &wif, "--name", "bob"]).fails(1, &["has an account bob already"]);
    let (good, bad) = (file("private-good.txt", b"city of zion\n"), file("private-bad.txt", b"city of sion"));
    let nep2 = file("private-nep2.txt", b"6PYUUUFei9PBBfVkSn8q7hFCnewWFRBKPxcn6Kz6Bmk3FqWyLyuTQE2XFH");
    let other = Folder::with_chain("keys-nep2");
    let import = |password: &str| other.run(&["wallet", "import", &nep2, "--name", "b", "--password-file", password]);
    import(&bad).fails(1, &["the password is wrong"]);
    assert!(import(&good).ok().contains(address));
    other.run(&["wallet", "import", &nep2, "--name", "c"]).fails(1, &["no password: give --password-file"]);
    let damaged = file("private-damaged.json", b"{\"version\":\"1.0\",\"scrypt\":{\"n\":2,");
    other.run(&["wallet", "import", &damaged, "--name", "c"]).fails(1, &["no wallet as of NEP-6"]);
    let listed = folder.json(&["wallet", "list", "--keys"]);
    assert_eq!(listed[2]["key"], "L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g");
    // The wallet of one chain is a file that another one takes.
    let wallet = folder.0.join("wallet.json");
    let empty = file("private-empty.txt", b"");
    let taken = other.run(&["wallet", "import", wallet.to_str().unwrap(), "--name", "b2", "--password-file", &empty]);
    taken.fails(1, &["has account", "already"]);
    let signed = folder.run(&["transfer", "5", "GAS", "--from", "genesis", "--to", "bob"]);
    signed.ok();
    folder.run(&["transfer", "1", "GAS", "--from", &wif, "--to", "genesis"]).ok();
    // So do those who sign.
    let sign = |password: &str| {
        folder.run(&["transfer", "1", "GAS", "--from", &nep2, "--to", "genesis", "--password-file", password])
    };
    sign(&bad).fails(1, &["private-nep2.txt: the password is wrong"]);
    sign(&good).ok();
    folder.run(&["call", "GAS", "decimals", "--sign", &nep2, "--password-file", &good]).ok();
}

#[test]
fn a_key_of_ones_own_is_the_validator() {
    let folder = Folder::new("own");
    let key = file("private-own.txt", b"7d128a6d096f0c14c3a25a2b0c41cf79661bfcb4a8cc95aaaea28bde4d732344");
    folder.run(&["chain", "new", "--key", &key]).ok();
    let listed = folder.json(&["wallet", "list", "--keys"]);
    assert_eq!(listed[1]["key"], "L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g");
    folder.run(&["mine"]).ok();
}

#[test]
fn storage_is_shown() {
    let folder = Folder::with_chain("storage");
    let all = folder.run(&["storage", "NEO"]);
    assert!(all.ok().contains("0x0e: 0x40") && all.out.ends_with("entries\n"), "{}", all.out);
    let committee = folder.run(&["storage", "NEO", "0x0e", "--decode"]);
    assert!(committee.ok().ends_with("1 entry\n") && committee.out.contains("[Struct [0x"), "{}", committee.out);
    let json = folder.json(&["storage", "NEO", "--limit", "1"]);
    assert_eq!((&json["truncated"], &json["next"]), (&true.into(), &1.into()));
    assert_eq!(folder.json(&["storage", "StdLib"])["results"], json!([]));
}

#[test]
fn candidates_are_listed() {
    let folder = Folder::with_chain("candidates");
    assert_eq!(folder.run(&["candidates"]).ok(), "0 candidates\n");
    assert_eq!(folder.json(&["candidates"]), json!([]));
}

#[test]
fn those_who_are_elected_make_the_blocks() {
    let folder = Folder::with_chain("elected");
    folder.run(&["wallet", "new", "alice"]).ok();
    folder.run(&["transfer", "3000", "GAS", "--from", "genesis", "--to", "alice"]).ok();
    let key = folder.json(&["wallet", "list"])[2]["publickey"].as_str().unwrap().to_owned();
    // A transaction that no block takes is not sent.
    folder.run(&["call", "NEO", "setRegisterPrice", "200000000000", "--sign", "genesis"]).ok();
    let register = ["call", "NEO", "registerCandidate", &key, "--sign", "alice"];
    folder.run(&register).fails(1, &["no block takes the transaction: its system fee is 2000"]);
    assert_eq!(folder.json(&["chain", "info"])["height"], 2);
    folder.run(&["call", "NEO", "setRegisterPrice", "100000000000", "--sign", "genesis"]).ok();
    folder.run(&register).ok();
    assert_eq!(folder.json(&["candidates"]), json!([{"publickey": key, "votes": "0", "active": false}]));
    folder.run(&["call", "NEO", "vote", "genesis", &key, "--sign", "genesis"]).ok();
    // The next block elects her; she signs the one after it.
    folder.run(&["mine", "3"]).ok();
    let votes = json!([{"publickey": key, "votes": "100000000", "active": true}]);
    assert_eq!(folder.json(&["candidates"]), votes);
    let block = folder.json(&["block"]);
    let witness = block["witnesses"][0]["verification"].as_str().unwrap();
    let script = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, witness).unwrap();
    let keys = neovm::chain::contract::multisig_contract(&script).unwrap().public_keys().unwrap();
    assert_eq!(keys[0].to_string(), key);
    // The committee is hers now.
    folder.run(&["call", "NEO", "setGasPerBlock", "1", "--sign", "genesis"]).fails(1, &["nothing was sent"]);
}

#[test]
fn without_the_keys_of_the_validators_no_block_is_made() {
    let folder = Folder::with_chain("voted-out");
    folder.run(&["transfer", "2000", "GAS", "--from", "genesis", "--to", "validator"]).ok();
    // Whoever holds this key is not here.
    let other = "02028a99826edc0c97d18e22b6932373d908d323aa7f92656a77ec26e8861699ef";
    let wif = file("private-other.txt", b"L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g");
    let address = "NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i";
    folder.run(&["transfer", "2000", "GAS", "--from", "genesis", "--to", address]).ok();
    folder.run(&["call", "NEO", "registerCandidate", other, "--sign", &wif]).ok();
    folder.run(&["call", "NEO", "vote", "genesis", other, "--sign", "genesis"]).ok();
    folder.run(&["mine"]).ok();
    folder.run(&["mine"]).fails(1, &["has to be signed by the validators", "needs 1 signature, and 0 of its keys"]);
    folder.run(&["wallet", "import", &wif, "--name", "other"]).ok();
    folder.run(&["mine", "2"]).ok();
}

#[test]
fn folders_that_are_no_chains_are_refused() {
    let folder = Folder::new("none");
    folder.run(&["mine"]).fails(1, &["there is no private chain: make one with neovm chain new"]);
    fs::create_dir_all(&folder.0).unwrap();
    folder.run(&["chain", "new"]).ok();
    let wallet = folder.0.join("wallet.json");
    let good = fs::read(&wallet).unwrap();
    for bad in [&good[..good.len() / 2], b"", b"\xff\xfe", b"{}"] {
        fs::write(&wallet, bad).unwrap();
        folder.run(&["mine"]).fails(1, &["wallet.json: "]);
    }
    fs::write(&wallet, good).unwrap();
    folder.run(&["mine"]).ok();
    fs::write(folder.0.join("config.json"), "{").unwrap();
    folder.run(&["mine"]).fails(1, &["config.json: is not JSON"]);
    assert_eq!(neovm_with(&["mine"], b"").code, 2);
}

/// Faults that only Unix lets tests make.
#[cfg(unix)]
mod faults {
    use std::{
        process::{Child, Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    /// Starts to mine, and returns when the chain's file is written.
    fn start_mining(folder: &Folder) -> Child {
        let written = || fs::metadata(folder.0.join("chain/chain.redb")).unwrap().modified().unwrap();
        let before = written();
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.args(["mine", "1000000", "--data", folder.path()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while written() == before {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
            thread::sleep(Duration::from_millis(5));
        }
        child
    }

    #[test]
    fn mining_that_is_killed_loses_nothing_that_was_written() {
        let folder = Folder::with_chain("killed");
        folder.run(&["wallet", "new", "alice"]).ok();
        let sent = folder.json(&["transfer", "1", "GAS", "--from", "genesis", "--to", "alice"]);
        let mut height = 1;
        for round in 0..4 {
            let mut mining = start_mining(&folder);
            thread::sleep(Duration::from_millis(200 + 300 * round));
            mining.kill().unwrap();
            mining.wait().unwrap();
            let now = folder.json(&["chain", "info"])["height"].as_u64().unwrap();
            assert!(now >= height, "{now} blocks of {height} are left");
            height = now;
            folder.run(&["log", &height.to_string()]).ok();
        }
        assert_eq!(folder.json(&["log", sent["txid"].as_str().unwrap()]), sent);
        folder.run(&["mine"]).ok();
        assert_eq!(folder.json(&["chain", "info"])["height"], height + 1);
    }

    #[test]
    fn a_folder_has_one_user() {
        let folder = Folder::with_chain("one-user");
        let mut mining = start_mining(&folder);
        for args in [&["mine"][..], &["block"], &["wallet", "new", "alice"], &["chain", "checkpoint", "now"]] {
            folder.run(args).fails(1, &["this folder is in use already, by this process or another one"]);
        }
        mining.kill().unwrap();
        mining.wait().unwrap();
        folder.run(&["mine"]).ok();
    }

    #[test]
    fn a_full_disk_is_told_and_survived() {
        let folder = Folder::with_chain("full");
        // No file may grow beyond 8 MiB.
        let program = env!("CARGO_BIN_EXE_neovm");
        let limited = format!("trap '' XFSZ; ulimit -f 16384; exec {program} mine 200000 --data {}", folder.path());
        let output = Command::new("sh").args(["-c", &limited]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("the disk is full") && !error.contains("panicked"), "{error}");
        folder.run(&["mine"]).ok();
        let height = folder.json(&["chain", "info"])["height"].as_u64().unwrap();
        folder.run(&["log", &height.to_string()]).ok();
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let folder = Folder::new("nowhere");
        fs::write(&folder.0, "a file").unwrap();
        folder.run(&["chain", "new"]).fails(1, &["private-nowhere: this is a file, not a folder"]);
        folder.run(&["mine"]).fails(1, &["private-nowhere: this is a file, not a folder"]);
        fs::remove_file(&folder.0).unwrap();
    }
}

#[test]
fn a_checkpoint_that_cannot_be_opened_leaves_the_chain_as_it_is() {
    let (folder, other) = (Folder::with_chain("damaged"), Folder::with_chain("damaged-other"));
    folder.run(&["mine", "2"]).ok();
    folder.run(&["chain", "checkpoint", "good"]).ok();
    other.run(&["chain", "checkpoint", "foreign"]).ok();
    let checkpoints = folder.0.join("checkpoints");
    fs::create_dir(checkpoints.join("empty")).unwrap();
    fs::rename(other.0.join("checkpoints/foreign"), checkpoints.join("foreign")).unwrap();
    let before = folder.json(&["chain", "info"]);
    for name in ["empty", "foreign"] {
        folder.run(&["chain", "restore", name]).fails(1, &["the checkpoint", name, "cannot be restored"]);
        assert!(!folder.0.join("chain.restored").exists());
    }
    assert_eq!(folder.json(&["chain", "info"]), before);
    folder.run(&["mine"]).ok();
    folder.run(&["chain", "restore", "good"]).ok();
}

#[test]
fn what_killed_commands_leave_is_no_checkpoint_and_is_removed() {
    let folder = Folder::with_chain("leftovers");
    folder.run(&["chain", "checkpoint", "x"]).ok();
    let names = ["checkpoints/x.new-123", "chain.restored", "chain.old", "wallet.json.new-7"];
    for name in names {
        fs::create_dir_all(folder.0.join(name)).unwrap();
    }
    fs::write(folder.0.join("mine.new-7"), "").unwrap();
    folder.run(&["chain", "restore", "x.new-123"]).fails(1, &["is no name of a checkpoint"]);
    assert_eq!(folder.json(&["chain", "info"])["checkpoints"], json!(["x"]));
    for name in names {
        assert!(!folder.0.join(name).exists(), "{name}");
    }
    assert!(folder.0.join("mine.new-7").exists(), "that is somebody's");
}

#[test]
fn what_was_undone_has_no_log() {
    let folder = Folder::with_chain("undone");
    folder.run(&["chain", "checkpoint", "start"]).ok();
    folder.run(&["mine"]).ok();
    let hash = folder.json(&["chain", "info"])["hash"].as_str().unwrap().to_owned();
    folder.run(&["log", &hash]).ok();
    folder.run(&["chain", "restore", "start"]).ok();
    folder.run(&["log", &hash]).fails(1, &["there is no log of", &hash]);
}

#[test]
fn a_sender_that_cannot_pay_is_told_what_it_lacks() {
    let folder = Folder::with_chain("poor");
    folder.run(&["wallet", "new", "bob"]).ok();
    let address = folder.json(&["chain", "info"])["accounts"][2]["address"].as_str().unwrap().to_owned();
    let refused = folder.run(&["call", "GAS", "symbol", "--sign", "bob"]);
    refused.fails(1, &["nothing was sent", &address, "has 0 GAS", "the fees are 0.0"]);
    assert_eq!(folder.json(&["chain", "info"])["height"], 0);
}

#[test]
fn a_new_chain_is_as_its_configuration_says() {
    let mainnet: Value =
        serde_json::from_str(Folder::new("mainnet").run(&["chain", "new", "--config", "mainnet", "--json"]).ok())
            .unwrap();
    assert_eq!((&mainnet["network"], &mainnet["msperblock"]), (&860_833_102.into(), &15_000.into()));
    let args = ["chain", "new", "--config", "mainnet", "--magic", "77", "--block-time", "2000", "--json"];
    let other: Value = serde_json::from_str(Folder::new("not-mainnet").run(&args).ok()).unwrap();
    assert_eq!((&other["network"], &other["msperblock"]), (&77.into(), &2000.into()));
}

#[test]
fn a_configuration_that_is_lost_is_told() {
    let folder = Folder::with_chain("lost");
    fs::remove_file(folder.0.join("config.json")).unwrap();
    let told = folder.run(&["mine"]);
    told.fails(1, &["config.json: this file is missing", "bring it back from a copy"]);
}

#[test]
fn numbers_are_decoded() {
    let folder = Folder::with_chain("numbers");
    let shown = folder.run(&["storage", "GAS", "0x0b", "--decode"]);
    assert!(shown.ok().contains("(5200000050000000)"), "{}", shown.out);
    let shown = folder.run(&["storage", "GAS", "0x0b"]);
    assert!(!shown.ok().contains('('), "{}", shown.out);
}

#[cfg(target_os = "linux")]
#[test]
fn what_killed_commands_leave_beside_a_folder_is_removed() {
    let folder = Folder::with_chain("beside");
    // A process that has ended, and one that has not.
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let left = |of: &str, number: u32| folder.0.with_file_name(format!(".{of}.new-{number}"));
    let (gone, own) = (left("private-copy", ended.id()), left("private-copy", std::process::id()));
    let other = left("private-other", ended.id());
    // A folder of somebody's, and what was left in one that is there.
    let somebodys = folder.0.with_file_name(format!("private-copy.new-{}", ended.id()));
    let copy = Folder::new("copy");
    let within = copy.0.join(format!(".new-{}", ended.id()));
    for folder in [&gone, &own, &other, &somebodys, &within] {
        fs::create_dir_all(folder.join("chain")).unwrap();
    }
    folder.run(&["chain", "fork", copy.path()]).ok();
    let is_there = [&gone, &within, &own, &other, &somebodys].map(|folder| folder.exists());
    assert_eq!(is_there, [false, false, true, true, true]);
    for folder in [own, other, somebodys] {
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn logs_of_deep_items_are_shown() {
    use neovm::{Signer, WitnessScopes, types::OpCode};
    let folder = Folder::with_chain("deep");
    let hash = {
        let mut chain = neovm_private::PrivateChain::open(&folder.0).unwrap();
        let genesis = chain.wallet().find("genesis").unwrap().hash();
        let mut script = vec![OpCode::NEWARRAY0 as u8];
        (0..300).for_each(|_| script.extend([OpCode::PUSH1 as u8, OpCode::PACK as u8]));
        let signer = Signer::new(genesis, WitnessScopes::CALLED_BY_ENTRY);
        let (script, signing) = (script.as_slice().into(), chain.signing());
        chain.send(&script, &[signer], &signing).unwrap().0.hash().to_string()
    };
    let shown = folder.run(&["log", &hash]);
    assert!(shown.ok().contains("state         HALT") && shown.out.contains("stack"), "{}", shown.out);
}
