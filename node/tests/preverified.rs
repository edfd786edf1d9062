//! Blocks that are verified ahead come out as those that are verified when they are executed.

mod recorded;

use std::sync::Arc;

use neovm_chain::{Block, Witness};
use neovm_host::Network;
use neovm_node::{
    Blockchain, BlockchainError,
    verify::{Preverifier, VerifyLevel},
};
use neovm_storage::{ChainState, FlushPolicy, MemoryPlace, TrieMode};
use recorded::{blocks, data, settings};

fn empty(network: &Arc<Network>) -> Blockchain {
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    Blockchain::open(Arc::clone(network), ChainState::open(place, FlushPolicy::ON_DEMAND).unwrap()).unwrap()
}

fn chain() -> (Arc<Network>, Vec<Block>) {
    let settings = settings(&data("rich/verd.config.json"));
    let blocks = blocks(&data("rich/verd.acc"), &settings);
    (Arc::new(Network::new(settings)), blocks)
}

/// Follows blocks in both ways up to the first that is refused, and returns why.
fn first_refusal(network: &Arc<Network>, blocks: &[Block], level: VerifyLevel) -> Option<String> {
    let mut chain = empty(network);
    let mut preverifier = Preverifier::new(Arc::clone(network), None, level);
    let preverified = blocks.chunks(5).flat_map(|blocks| preverifier.verify_all(blocks.to_vec()));
    for (block, preverified) in blocks.iter().zip(preverified) {
        let ahead = chain.execute_preverified(&preverified);
        let at_once = chain.execute(block, level);
        let text = |result: &Result<_, BlockchainError>| result.as_ref().err().map(ToString::to_string);
        assert_eq!(text(&ahead), text(&at_once), "block {}", block.index);
        match ahead {
            Ok(executed) => chain.append(executed, None).unwrap(),
            Err(error) => return Some(error.to_string()),
        }
    }
    None
}

#[test]
fn good_blocks() {
    let (network, blocks) = chain();
    for level in [VerifyLevel::None, VerifyLevel::Headers, VerifyLevel::Full] {
        assert_eq!(first_refusal(&network, &blocks, level), None);
    }
}

#[test]
fn a_block_that_does_not_follow() {
    let (network, mut blocks) = chain();
    blocks.remove(7);
    for level in [VerifyLevel::None, VerifyLevel::Headers, VerifyLevel::Full] {
        let refusal = first_refusal(&network, &blocks, level).unwrap();
        assert!(refusal.contains("the index is 8, the previous block has 6"), "{refusal}");
    }
}

/// A block with the witness of another one.
#[test]
fn a_header_with_a_wrong_signature() {
    let (network, mut blocks) = chain();
    blocks[9] = with_witness(&blocks[9], blocks[8].witness());
    assert_eq!(first_refusal(&network, &blocks, VerifyLevel::None), None);
    let refusal = first_refusal(&network, &blocks, VerifyLevel::Headers).unwrap();
    assert!(refusal.starts_with("block 9: the witness does not verify"), "{refusal}");
}

/// The hash of a transaction does not cover its witnesses, so that the header stays valid.
#[test]
fn a_transaction_with_a_wrong_signature() {
    let (network, mut blocks) = chain();
    let index = blocks.iter().position(|block| !block.transactions().is_empty()).unwrap();
    let mut bytes = blocks[index].to_bytes();
    let invocation = blocks[index].transactions()[0].witnesses()[0].invocation.bytes();
    let at = bytes.windows(invocation.len()).position(|window| window == invocation).unwrap();
    // Behind PUSHDATA1 and the length, in the signature.
    bytes[at + 10] ^= 1;
    blocks[index] = Block::parse(&bytes).unwrap();
    assert_eq!(first_refusal(&network, &blocks, VerifyLevel::Headers), None);
    let refusal = first_refusal(&network, &blocks, VerifyLevel::Full).unwrap();
    assert!(refusal.contains("InvalidSignature"), "{refusal}");
}

/// Blocks that were verified as followers of another block are verified again.
#[test]
fn blocks_ahead_of_another_chain() {
    let (network, blocks) = chain();
    let mut chain = empty(&network);
    for block in &blocks[..5] {
        let executed = chain.execute(block, VerifyLevel::None).unwrap();
        chain.append(executed, None).unwrap();
    }
    let mut preverifier = Preverifier::new(Arc::clone(&network), None, VerifyLevel::Full);
    let good = preverifier.verify(blocks[5].clone());
    assert!(chain.execute_preverified(&good).is_ok());
    let mut preverifier = Preverifier::new(Arc::clone(&network), Some(blocks[0].header().clone()), VerifyLevel::Full);
    let bad = preverifier.verify(with_witness(&blocks[5], blocks[4].witness()));
    assert!(chain.execute_preverified(&bad).is_err());
}

fn with_witness(block: &Block, witness: &Witness) -> Block {
    let header = block.header().unsigned().sign(witness).unwrap();
    Block::new(header, block.transactions().to_vec()).unwrap()
}
