//! What several tests of the host need.

#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod sample;

use std::sync::Arc;

use neovm_chain::{Block, Transaction, UnsignedHeader, Witness, merkle_root};
use neovm_host::Chain;

/// The block that comes next, with these transactions. Its witness is empty.
pub(crate) fn next_block(chain: &Chain, transactions: Vec<Transaction>) -> Block {
    let hashes: Vec<_> = transactions.iter().map(|transaction| transaction.hash()).collect();
    let last = chain.last_header().unwrap();
    let following = UnsignedHeader::following(&last).unwrap();
    let header = UnsignedHeader { merkle_root: merkle_root(&hashes), timestamp: last.timestamp + 1, ..following };
    Block::new(header.sign(&Witness::empty()).unwrap(), transactions.into_iter().map(Arc::new).collect()).unwrap()
}
