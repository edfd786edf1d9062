//! Blocks for chains in memory.

use neovm::{
    Block, Chain,
    chain::{UnsignedHeader, Witness},
};

/// Appends a block without transactions, a millisecond after the last one.
///
/// # Panics
/// If the state of the chain is damaged.
pub fn append_block(chain: &mut Chain) {
    let last = chain.last_header().expect("a last block");
    let following = UnsignedHeader::following(&last).expect("a height");
    let header = UnsignedHeader { timestamp: last.timestamp + 1, ..following };
    let header = header.sign(&Witness::empty()).expect("a witness");
    let block = Block::new(header, Vec::new()).expect("a block");
    chain.persist(&block).expect("a block that can come next");
}
