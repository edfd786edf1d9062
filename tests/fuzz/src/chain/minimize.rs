//! Shortens cases that differ.

use neovm::{
    Hash160,
    chain::contract::contract_hash,
    types::{manifest::Manifest, nef::NefFile},
};
use neovm_testing::Mode;

use super::{ChainCase, ChainComparer, ContractFiles, compare::signer};
use crate::program::{Program, shortened};

/// How often all parts are shortened.
const MOST_ROUNDS: usize = 4;

/// Returns a case that still differs, with fewer calls, runs and contracts and shorter contracts, or
/// the case itself if it does not differ when it is run again.
pub fn minimized_chain(comparer: &ChainComparer, case: ChainCase) -> ChainCase {
    let mut best = case;
    for _ in 0..MOST_ROUNDS {
        let before = best.clone();
        best = shorter(comparer, best, |case| &mut case.calls);
        best = shorter(comparer, best, |case| &mut case.runs);
        best = shorter(comparer, best, |case| &mut case.contracts);
        best = plainer_mode(comparer, best);
        for place in 0..best.contracts.len() {
            best = shorter_contract(comparer, best, place);
        }
        if best == before {
            break;
        }
    }
    best
}

fn differs(comparer: &ChainComparer, case: &ChainCase) -> bool {
    comparer.compare(case).difference.is_some()
}

fn plainer_mode(comparer: &ChainComparer, case: ChainCase) -> ChainCase {
    for jit in &Mode::COMPILED[..2] {
        let plainer = ChainCase { subject: Mode::Compiled(*jit), ..case.clone() };
        if !case.subject.is_compiled() || case.subject == plainer.subject {
            break;
        }
        if differs(comparer, &plainer) {
            return plainer;
        }
    }
    case
}

/// Takes out parts, the last ones first, as long as the case differs.
fn shorter<T>(comparer: &ChainComparer, case: ChainCase, parts: fn(&mut ChainCase) -> &mut Vec<T>) -> ChainCase {
    let mut best = case;
    for place in (0..parts(&mut best).len()).rev() {
        let mut fewer = best.clone();
        parts(&mut fewer).remove(place);
        if differs(comparer, &fewer) {
            best = fewer;
        }
    }
    best
}

/// Takes instructions out of a contract as long as the case differs.
fn shorter_contract(comparer: &ChainComparer, case: ChainCase, place: usize) -> ChainCase {
    let Some((nef, _)) = case.contracts[place].parsed() else { return case };
    let mut best = case.clone();
    shortened(nef.script.bytes(), |program| {
        let Some(shorter) = with_program(&case, place, program) else { return false };
        let accepted = differs(comparer, &shorter);
        if accepted {
            best = shorter;
        }
        accepted
    });
    best
}

/// Returns the case with another program for a contract, whose hash it changes: also where other
/// contracts and the script name it.
fn with_program(case: &ChainCase, place: usize, program: &Program) -> Option<ChainCase> {
    let mut changed = case.clone();
    let mut renamed: Vec<(Hash160, Hash160)> = Vec::new();
    for (index, contract) in changed.contracts.iter_mut().enumerate().skip(place) {
        let (mut nef, mut manifest) = contract.parsed()?;
        let old = hash_of(&contract.nef, &manifest);
        if index == place {
            let (starts, moved) = (Program::of(nef.script.bytes()).starts(), program.starts());
            for method in &mut manifest.abi.methods {
                let piece = starts.iter().position(|start| i32::try_from(*start) == Ok(method.offset))?;
                method.offset = i32::try_from(moved[piece]).ok()?;
            }
            nef.script = program.bytes().into();
        }
        let mut script = nef.script.bytes().to_vec();
        for (old, new) in &renamed {
            replace(&mut script, old, new);
            nef.tokens.iter_mut().filter(|token| token.hash == *old).for_each(|token| token.hash = *new);
        }
        nef.script = script.into();
        *contract = ContractFiles { nef: nef.to_bytes().ok()?, manifest: manifest.to_json() };
        renamed.push((old, hash_of(&contract.nef, &manifest)));
    }
    for call in &mut changed.calls {
        renamed.iter().for_each(|(old, new)| replace(call, old, new));
    }
    Some(changed)
}

/// The hash that a contract has when it is deployed.
fn hash_of(nef: &[u8], manifest: &Manifest) -> Hash160 {
    let checksum = nef.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    contract_hash(signer().account, checksum, &manifest.name)
}

fn replace(bytes: &mut [u8], old: &Hash160, new: &Hash160) {
    let places: Vec<_> = (0..bytes.len()).filter(|&place| bytes[place..].starts_with(&old.0)).collect();
    places.into_iter().for_each(|place| bytes[place..place + new.0.len()].copy_from_slice(&new.0));
}

impl ContractFiles {
    fn parsed(&self) -> Option<(NefFile, Manifest)> {
        Some((NefFile::parse(&self.nef).ok()?, Manifest::parse(self.manifest.as_bytes()).ok()?))
    }
}
