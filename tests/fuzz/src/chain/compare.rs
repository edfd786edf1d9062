//! Runs cases.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use neovm::{
    Chain, EngineConfig, Execution, Hash160, JitMode, MemoryStore, Network, ProtocolSettings, Receipt, Script, Signer,
    StackItem, WitnessScopes,
    chain::contract::bft_address,
    host::{Invocation, native::NATIVES},
};
use neovm_testing::{Mode, append_block};

use super::{ChainCase, Ending, case::GAS};
use crate::tally::Compiled;

/// The NEO and the datoshi that each contract is given.
const PAID: i64 = 1_000_000;

/// Runs cases, each on a chain of its own.
#[derive(Debug)]
pub struct ChainComparer {
    /// The state after the genesis block.
    genesis: MemoryStore,
    /// Who owns all tokens then.
    owner: Hash160,
}

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The reference's endings.
    pub endings: Vec<Ending>,
    /// Whether calls were rolled back, and the script was run again without them.
    pub is_replayed: bool,
    /// What differs, for people.
    pub difference: Option<String>,
    /// What the subject compiled.
    pub compiled: Compiled,
}

/// An execution, and which of the calls were not rolled back, if that can be told.
struct Run {
    ending: Ending,
    committed: Option<Vec<bool>>,
}

/// Returns who has signed all transactions.
pub(super) fn signer() -> Signer {
    Signer::new(Hash160([1; 20]), WitnessScopes::GLOBAL)
}

impl Default for ChainComparer {
    fn default() -> Self {
        Self::new()
    }
}

impl ChainComparer {
    /// Creates a comparer.
    ///
    /// # Panics
    /// If the genesis block cannot be executed.
    pub fn new() -> Self {
        let chain = Chain::new(ProtocolSettings::private()).expect("a genesis block");
        let validators = chain.network().settings().standby_validators();
        let owner = bft_address(validators).expect("validators");
        Self { genesis: chain.store().clone(), owner }
    }

    /// Returns a chain with the genesis block, whose scripts run in a mode.
    pub(super) fn chain(&self, mode: Mode) -> Chain {
        let config = EngineConfig::default().with_jit(mode.jit()).with_dispatch(mode.dispatch());
        let network = Network::with_engine(ProtocolSettings::private(), config);
        Chain::with_store(Arc::new(network), self.genesis.clone())
    }

    /// Runs a case in both modes.
    pub fn compare(&self, case: &ChainCase) -> Comparison {
        let mut comparison = Comparison::default();
        let chains = [case.reference, case.subject].map(|mode| self.with_contracts(case, mode));
        let [reference, subject] = match chains {
            [Ok(reference), Ok(subject)] => [reference, subject],
            [reference, subject] => {
                let failed = [reference, subject].map(|chain| chain.err());
                comparison.difference = (failed[0] != failed[1]).then(|| format!("deployments differ: {failed:?}"));
                return comparison;
            }
        };
        let script = case.calls.concat();
        for (place, &gas) in case.runs.iter().enumerate() {
            let [expected, found] = [(&reference, case.reference), (&subject, case.subject)]
                .map(|(chain, mode)| run(chain, mode, &script, gas));
            if expected.ending != found.ending {
                comparison.difference = Some(different(&format!("run {place}"), &expected.ending, &found.ending));
            } else if case.is_repeatable
                && let Some(committed) = &expected.committed
                && committed.iter().any(|is_committed| !is_committed)
            {
                comparison.is_replayed = true;
                comparison.difference = self.replayed(case, &reference, committed, &expected.ending);
            }
            comparison.endings.push(expected.ending);
            if comparison.difference.is_some() {
                break;
            }
        }
        let stats = subject.network().engine().jit().map(|jit| jit.stats()).unwrap_or_default();
        comparison.compiled = Compiled::of(&stats);
        if comparison.compiled.failures() > 0 {
            comparison.difference.get_or_insert("the compiler failed\n".into());
        }
        comparison
    }

    /// Runs the calls that were not rolled back without the others, which must leave the same changes
    /// and notifications.
    fn replayed(&self, case: &ChainCase, chain: &Chain, committed: &[bool], expected: &Ending) -> Option<String> {
        let kept = case.calls.iter().zip(committed).filter(|(_, is_committed)| **is_committed);
        let script = kept.flat_map(|(call, _)| call.iter().copied()).collect::<Vec<_>>();
        let found = run(chain, case.reference, &script, GAS).ending;
        let parts = |ending: &Ending| (ending.fault.clone(), ending.notifications.clone(), ending.changes.clone());
        (parts(expected) != parts(&found))
            .then(|| different("without the calls that were rolled back", expected, &found))
    }

    fn with_contracts(&self, case: &ChainCase, mode: Mode) -> Result<Chain, String> {
        let mut chain = self.chain(mode);
        for contract in &case.contracts {
            let hash = contract.deploy(&mut chain).map_err(|fault| fault.to_string())?;
            self.pay(&mut chain, hash)?;
        }
        // So that NEO has earned GAS.
        append_block(&mut chain);
        Ok(chain)
    }

    /// Gives a contract NEO and GAS, unless it refuses them.
    fn pay(&self, chain: &mut Chain, contract: Hash160) -> Result<(), String> {
        for token in ["NeoToken", "GasToken"] {
            let token = NATIVES.into_iter().find(|native| native.name == token).expect("a native contract");
            let arguments = vec![self.owner.into(), contract.into(), PAID.into(), StackItem::Null];
            let transfer = Invocation::call(token.hash, "transfer", arguments).map_err(|fault| fault.to_string())?;
            let transfer = transfer.with_signer(Signer::new(self.owner, WitnessScopes::GLOBAL));
            chain.execute(&transfer).map_err(|fault| fault.to_string())?;
        }
        Ok(())
    }
}

fn different(what: &str, expected: &Ending, found: &Ending) -> String {
    format!("{what} differs:\nexpected {expected:#?}\nfound {found:#?}\n")
}

/// Runs a script, whose changes are not kept.
fn run(chain: &Chain, mode: Mode, script: &[u8], gas: i64) -> Run {
    let invocation = Invocation::new(Script::from(script)).with_signer(signer()).with_gas(gas);
    let execution = catch_unwind(AssertUnwindSafe(|| {
        let pending = chain.prepare(&invocation).map_err(|fault| fault.to_string())?;
        let job = pending.job();
        let mut execution = Execution::new(chain.network(), chain.store(), &job).map_err(|fault| fault.to_string())?;
        match mode {
            Mode::Observed => execution.run_watched(|_| ()),
            _ => execution.run(),
        };
        let instructions = execution.vm().instructions();
        let receipt = execution.finish();
        Ok::<_, String>(Run { ending: Ending::new(&receipt, instructions), committed: committed(&receipt) })
    }));
    if let JitMode::Lazy { background: true, .. } = mode.jit() {
        chain.network().engine().jit().inspect(|jit| jit.wait());
    }
    execution
        .unwrap_or_else(|_| Err("the engine panicked".into()))
        .unwrap_or_else(|failure| Run { ending: Ending::of_failure(failure), committed: None })
}

/// Returns for each call of a script that halted whether it was committed: each leaves an array that
/// begins with 1 if it was, or 0.
fn committed(receipt: &Receipt) -> Option<Vec<bool>> {
    let mark = |item: &StackItem| match item {
        StackItem::Array(array) => array.to_vec().first().and_then(|mark| mark.to_boolean().ok()),
        _ => None,
    };
    receipt.halted().then(|| receipt.stack.iter().map(mark).collect())?
}
