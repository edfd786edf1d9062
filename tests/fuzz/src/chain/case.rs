//! What is compared: contracts, a script that calls them, and two modes of the engine.

use neovm::{Dispatch, Hash160, JitMode, host::native::NATIVES, types::hash::syscall_id};
use neovm_generator::{ChainCalls, Random, SimpleCall, SystemCalls, contract, contract_call};
use neovm_testing::Mode;
use serde::{Deserialize, Serialize};

use super::compare::ChainComparer;

/// The gas limit of most executions, in datoshi.
pub(super) const GAS: i64 = 10_000_000_000;

/// The interpreter, with which other modes are compared.
const INTERPRETER: Mode = Mode::Interpreted(Dispatch::Auto);

/// How often a contract is generated anew that cannot be deployed.
const ATTEMPTS: usize = 5;

/// Contracts and a script, and the executions of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainCase {
    /// The contracts, in the order of their deployment.
    pub contracts: Vec<ContractFiles>,
    /// The parts of the script: each makes a call.
    #[serde(with = "hex_parts")]
    pub calls: Vec<Vec<u8>>,
    /// Whether the calls that are not rolled back do the same without those that are.
    pub is_repeatable: bool,
    /// What is taken to be right.
    #[serde(with = "mode_name")]
    pub reference: Mode,
    /// What is compared with it.
    #[serde(with = "mode_name")]
    pub subject: Mode,
    /// The gas limit of each execution, in datoshi. All of them start from the same state. Code that
    /// is compiled in one execution is used in the next.
    pub runs: Vec<i64>,
}

/// A contract to deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractFiles {
    /// The NEF file.
    #[serde(with = "hex::serde")]
    pub nef: Vec<u8>,
    /// The manifest.
    pub manifest: String,
}

/// Byte strings as hexadecimal text.
mod hex_parts {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(parts: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        parts.iter().map(hex::encode).collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let parts = Vec::<String>::deserialize(deserializer)?;
        parts.iter().map(|part| hex::decode(part).map_err(D::Error::custom)).collect()
    }
}

/// A mode by its name.
mod mode_name {
    use neovm_testing::Mode;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(mode: &Mode, serializer: S) -> Result<S::Ok, S::Error> {
        mode.to_string().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl ChainCase {
    /// Generates a case.
    pub fn random(comparer: &ChainComparer, random: &mut Random) -> Self {
        let mut calls = calls(random.one_in(2));
        let contracts = deployed(comparer, &mut calls, random);
        let script = (0..2 + random.below(7)).map(|_| contract_call(random, &calls)).collect();
        let less = GAS >> random.below(12);
        Self {
            contracts,
            calls: script,
            is_repeatable: calls.chain.is_some_and(|chain| chain.is_repeatable),
            reference: INTERPRETER,
            subject: subject(random),
            runs: vec![GAS, GAS, random.below(less as usize) as i64],
        }
    }
}

/// Returns what generated contracts call, with no contracts yet.
fn calls(is_repeatable: bool) -> SystemCalls {
    let natives = NATIVES.into_iter().map(|native| (native.name, native.hash)).collect();
    let chain = ChainCalls { natives, contracts: Vec::new(), is_repeatable };
    let simple = ["System.Runtime.GetTime", "System.Runtime.Platform", "System.Runtime.GetNetwork"];
    SystemCalls {
        simple: simple.map(|name| SimpleCall { id: syscall_id(name), pops: 0, pushes: true }).to_vec(),
        chain: Some(chain),
        ..Default::default()
    }
}

/// Generates a few contracts, all of which can be deployed.
fn deployed(comparer: &ChainComparer, calls: &mut SystemCalls, random: &mut Random) -> Vec<ContractFiles> {
    let mut chain = comparer.chain(INTERPRETER);
    let mut all = Vec::new();
    for place in 0..1 + random.below(4) {
        for attempt in 0..ATTEMPTS {
            let (nef, manifest) = contract(random, &format!("{place}-{attempt}"), calls);
            let Ok(nef) = nef.to_bytes() else { continue };
            let files = ContractFiles { nef, manifest: manifest.to_json() };
            if let Ok(hash) = files.deploy(&mut chain) {
                calls.chain.iter_mut().for_each(|chain| chain.contracts.push(hash));
                all.push(files);
                break;
            }
        }
    }
    all
}

/// Chooses a mode to compare with the interpreter, mostly one that compiles.
fn subject(random: &mut Random) -> Mode {
    match random.below(16) {
        0 => random.one_of(&Mode::INTERPRETED[1..]),
        1..=4 => Mode::Compiled(JitMode::Eager),
        _ => Mode::Compiled(JitMode::Lazy { threshold: 2 + random.below(7) as u32, background: random.one_in(32) }),
    }
}

impl ContractFiles {
    /// Deploys the contract and returns its hash.
    pub(super) fn deploy(&self, chain: &mut neovm::Chain) -> Result<Hash160, neovm::FaultKind> {
        Ok(chain.deploy(super::compare::signer(), &self.nef, self.manifest.as_bytes())?.state().hash)
    }
}
