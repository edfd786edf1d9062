//! Private chains: making them, mining, opening them again.

mod common;

use std::sync::Arc;

use common::{new_chain, new_folder, transfer};
use neovm_chain::Transaction;
use neovm_host::{ProtocolSettings, StateView};
use neovm_node::verify::VerifyLevel;
use neovm_private::{MAX_BLOCK_SYSTEM_FEE, NewChain, PrivateChain, PrivateError};
use neovm_wallet::PrivateKey;

#[test]
fn blocks_are_mined_and_kept() {
    let folder = new_folder();
    let mut chain = new_chain(&folder);
    let receiver = PrivateKey::generate().unwrap();
    let transaction = transfer(&chain, receiver.account(), 500_000_000, 0);
    let mined = chain.mine(&[Arc::clone(&transaction)], None).unwrap();
    assert!(mined.receipt.transactions[0].halted());
    let second = chain.mine(&[], None).unwrap();
    assert!(second.block.timestamp > mined.block.timestamp);
    assert_ne!(second.block.nonce, mined.block.nonce);
    chain.flush().unwrap();
    drop(chain);
    let chain = PrivateChain::open(folder.path()).unwrap();
    assert_eq!(chain.blockchain().height(), Some(2));
    let state = StateView::new(chain.blockchain().network(), chain.blockchain().state());
    assert_eq!(state.gas_balance(receiver.account()).unwrap(), 500_000_000.into());
    let log = chain.log(transaction.hash()).unwrap().unwrap();
    assert!(log.starts_with(&format!("{{\"txid\":\"{}\"", transaction.hash())) && log.contains("HALT"), "{log}");
    let log = chain.log(mined.block.hash()).unwrap().unwrap();
    assert!(log.contains("PostPersist"), "{log}");
    assert_eq!(chain.log(Default::default()).unwrap(), None);
}

#[test]
fn what_was_not_written_is_not_there() {
    let folder = new_folder();
    let mut chain = new_chain(&folder);
    chain.mine(&[], None).unwrap();
    chain.flush().unwrap();
    let forgotten = chain.mine(&[], None).unwrap();
    assert!(chain.log(forgotten.block.hash()).unwrap().is_some());
    drop(chain);
    let chain = PrivateChain::open(folder.path()).unwrap();
    assert_eq!(chain.blockchain().height(), Some(1));
    assert_eq!(chain.log(forgotten.block.hash()).unwrap(), None);
}

#[test]
fn another_node_accepts_the_blocks() {
    let (folder, other) = (new_folder(), new_folder());
    let mut chain = new_chain(&folder);
    let mut follower = PrivateChain::create(
        other.path(),
        &NewChain { settings: chain.blockchain().network().settings().clone(), validator: chain.keys()[0].clone() },
    )
    .unwrap();
    for i in 0..3 {
        let transaction = transfer(&chain, PrivateKey::generate().unwrap().account(), 1 + i, i as u32);
        let mined = chain.mine(&[transaction], None).unwrap();
        let received = neovm_chain::Block::parse(&mined.block.to_bytes()).unwrap();
        let receipt = follower.append(&received, VerifyLevel::Full).unwrap();
        assert_eq!(receipt.changes, mined.receipt.changes);
    }
    let (own, others) = (chain.blockchain().last_header(), follower.blockchain().last_header());
    assert_eq!(own, others);
}

#[test]
fn the_time_that_is_given_counts() {
    let folder = new_folder();
    let mut chain = new_chain(&folder);
    let first = chain.mine(&[], Some(2_000_000_000_000)).unwrap();
    assert_eq!(first.block.timestamp, 2_000_000_000_000);
    // The clock is behind the chain: time goes on by the least step.
    assert_eq!(chain.mine(&[], None).unwrap().block.timestamp, 2_000_000_000_001);
    let refused = chain.mine(&[], Some(2_000_000_000_001)).unwrap_err().to_string();
    assert!(refused.contains("the time stamp is 2000000000001, not later than"), "{refused}");
    assert_eq!(chain.mine(&[], None).unwrap().block.index, 3);
}

#[test]
fn blocks_have_limits() {
    let folder = new_folder();
    let mut chain = new_chain(&folder);
    let account = PrivateKey::generate().unwrap().account();
    let transactions: Vec<Arc<Transaction>> = (0..3).map(|i| transfer(&chain, account, 1, i)).collect();
    let settings = chain.blockchain().network().settings();
    assert!(settings.max_transactions_per_block > 3);
    assert_eq!(chain.mine(&transactions, None).unwrap().block.transactions().len(), 3);
    // One that costs more than a block may is left out, those behind it are not.
    let costly = common::with_system_fee(&chain, account, 10, MAX_BLOCK_SYSTEM_FEE + 1);
    let cheap = transfer(&chain, account, 1, 11);
    let mined = chain.mine(&[costly, Arc::clone(&cheap)], None).unwrap();
    assert_eq!(mined.block.transaction_hashes(), [cheap.hash()]);
}

#[test]
fn transactions_that_are_not_valid_are_refused() {
    let folder = new_folder();
    let mut chain = new_chain(&folder);
    let transaction = transfer(&chain, PrivateKey::generate().unwrap().account(), 1, 0);
    chain.mine(&[Arc::clone(&transaction)], None).unwrap();
    let again = chain.mine(&[Arc::clone(&transaction)], None).unwrap_err().to_string();
    assert_eq!(again, format!("block 2: transaction {}: AlreadyExists", transaction.hash()));
    assert_eq!(chain.mine(&[], None).unwrap().block.index, 2);
}

#[test]
fn blocks_need_the_keys_of_the_validators() {
    let folder = new_folder();
    let chain = new_chain(&folder);
    let other = PrivateKey::generate().unwrap();
    let error = neovm_private::next_block(chain.blockchain(), &[other], &[], None).unwrap_err().to_string();
    assert!(error.starts_with("block 1 has to be signed by the validators: account 0x"), "{error}");
    assert!(error.ends_with("needs 1 signature, and 0 of its keys are there"), "{error}");
}

#[test]
fn folders_are_made_once_and_used_by_one() {
    let folder = new_folder();
    assert!(matches!(PrivateChain::open(folder.path()), Err(PrivateError::Missing(_))));
    let chain = new_chain(&folder);
    let new = NewChain { settings: ProtocolSettings::private(), validator: PrivateKey::generate().unwrap() };
    assert!(matches!(PrivateChain::create(folder.path(), &new), Err(PrivateError::NotEmpty(_))));
    let file = folder.path().join("config.json");
    for error in [PrivateChain::create(&file, &new).unwrap_err(), PrivateChain::open(&file).unwrap_err()] {
        assert_eq!(error.to_string(), format!("{}: this is a file, not a folder", file.display()));
    }
    let error = PrivateChain::open(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("this folder is in use already, by this process or another one"), "{error}");
    drop(chain);
    PrivateChain::open(folder.path()).unwrap();
}

#[test]
fn a_part_that_is_gone_is_told_and_not_made_anew() {
    for part in ["chain", "chain/chain.redb", "logs.redb"] {
        let folder = new_folder();
        drop(new_chain(&folder));
        let gone = folder.path().join(part);
        if gone.is_dir() { std::fs::remove_dir_all(&gone) } else { std::fs::remove_file(&gone) }.unwrap();
        let error = PrivateChain::open(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: this", gone.display())) && error.contains("missing"), "{error}");
        assert!(!gone.exists(), "{part}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_may_have_any_name() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let folder = new_folder();
    let path = folder.path().join(OsStr::from_bytes(b"x\xff"));
    let new = NewChain { settings: ProtocolSettings::private(), validator: PrivateKey::generate().unwrap() };
    drop(PrivateChain::create(&path, &new).unwrap());
    assert_eq!(PrivateChain::open(&path).unwrap().blockchain().height(), Some(0));
}

#[cfg(unix)]
#[test]
fn the_wallet_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = new_folder();
    let mut chain = new_chain(&folder);
    let mode = |chain: &PrivateChain| {
        std::fs::metadata(chain.folder().path().join("wallet.json")).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&chain), 0o600);
    let key = PrivateKey::generate().unwrap();
    chain.change_wallet(|wallet| wallet.add_key(&key, Some("alice"), "").map(drop)).unwrap();
    assert_eq!(mode(&chain), 0o600);
    assert_eq!(chain.wallet().find("alice").unwrap().hash(), key.account());
}
