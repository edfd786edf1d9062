//! Blocks that tests append.

use std::sync::Arc;

use neovm::{
    Block, FaultKind, Hash160, Signer, WitnessScopes,
    chain::{
        Attribute, Header, OracleResponse, OracleResponseCode, UnsignedHeader, UnsignedTransaction, Witness,
        contract::contract_hash, merkle_root,
    },
};

/// How many blocks are appended at once at most.
pub(crate) const MAX_BLOCKS: u64 = 10_000;

fn fault(error: impl ToString) -> FaultKind {
    FaultKind::Host(error.to_string())
}

/// A header with a witness that nobody checks.
pub(crate) fn header(unsigned: &UnsignedHeader) -> Result<Header, FaultKind> {
    unsigned.sign(&Witness::empty()).map_err(fault)
}

/// The header that follows another one, so many milliseconds later.
pub(crate) fn following(last: &Header, milliseconds: u64) -> Result<Header, FaultKind> {
    let next = UnsignedHeader::following(last).ok_or_else(|| fault("there can be no more blocks"))?;
    header(&UnsignedHeader { timestamp: last.timestamp.saturating_add(milliseconds), ..next })
}

/// Empty blocks from a header on.
pub(crate) fn empty(first: Header, count: u64, milliseconds: u64) -> Result<Vec<Block>, FaultKind> {
    if count > MAX_BLOCKS {
        return Err(fault(format!("{count} blocks, at most {MAX_BLOCKS} are appended at once")));
    }
    let mut blocks: Vec<Block> = Vec::new();
    for _ in 0..count {
        let header = match blocks.last() {
            None => first.clone(),
            Some(last) => following(last, milliseconds)?,
        };
        blocks.push(Block::new(header, Vec::new()).map_err(fault)?);
    }
    Ok(blocks)
}

/// The block that holds an oracle's answer, which the oracle contract pays from what was paid for it.
pub(crate) fn answer(
    header_of_empty: &Header,
    oracle: Hash160,
    answer: OracleResponse,
    gas: i64,
) -> Result<Block, FaultKind> {
    let unsigned = UnsignedTransaction {
        version: 0,
        nonce: 0,
        system_fee: gas,
        network_fee: 0,
        valid_until_block: header_of_empty.index.saturating_add(1),
        signers: vec![Signer::new(oracle, WitnessScopes::NONE)],
        attributes: vec![Attribute::OracleResponse(answer)],
        script: OracleResponse::fixed_script(),
    };
    let transaction = unsigned.with_empty_witnesses().map_err(fault)?;
    let merkle_root = merkle_root(&[transaction.hash()]);
    let unsigned: &UnsignedHeader = header_of_empty;
    let header = header(&UnsignedHeader { merkle_root, ..unsigned.clone() })?;
    Block::new(header, vec![Arc::new(transaction)]).map_err(fault)
}

/// Reads a response code by its name, or by its number.
pub(crate) fn code(text: &str) -> Result<OracleResponseCode, FaultKind> {
    match text.parse::<u8>() {
        Ok(number) => {
            OracleResponseCode::from_byte(number).ok_or_else(|| fault(format!("no response has code {number}")))
        }
        Err(_) => text.parse().map_err(fault),
    }
}

/// The hash of the native contract OracleContract.
pub(crate) fn oracle() -> Hash160 {
    contract_hash(Hash160::default(), 0, "OracleContract")
}
