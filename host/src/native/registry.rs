//! The native contracts of a network: those of all networks, and what an embedder adds or replaces.

use neovm_types::{Hardfork, Hash160, text::count};

use super::{
    NATIVES,
    table::{Method, MethodHandler, NativeContract},
};

/// A native contract of a network.
#[derive(Clone, Debug)]
pub(crate) struct Native {
    pub(crate) contract: NativeContract,
    /// The methods of all hardforks, sorted by name and number of parameters.
    pub(crate) methods: Vec<Method>,
}

/// The native contracts of a network, in the order in which they are initialized
/// and persist.
#[derive(Debug)]
pub(crate) struct Natives(Vec<Native>);

/// Why native contracts are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NativeError {
    /// There is no native contract with the hash.
    #[error("there is no native contract {0}")]
    NoContract(Hash160),
    /// The contract has no such method under any hardfork.
    #[error("{contract} has no method {method:?} with {}", count(*.parameters as u64, "parameter"))]
    NoMethod {
        /// The name of the contract.
        contract: &'static str,
        /// The name of the method.
        method: String,
        /// The number of its parameters.
        parameters: usize,
    },
    /// Another native contract has the hash.
    #[error("{1} has the hash {0}")]
    SameHash(Hash160, &'static str),
    /// Another native contract has the id.
    #[error("{1} has the id {0}")]
    SameId(i32, &'static str),
    /// The id is that of a contract that can be deployed.
    #[error("the id {0} of a native contract is not negative")]
    Id(i32),
    /// Under some hardfork the contract has two methods with the same name and
    /// number of parameters.
    #[error("{contract} has two methods {method:?} with {} under {hardfork}", count(*.parameters as u64, "parameter"))]
    SameMethod {
        /// The name of the contract.
        contract: &'static str,
        /// The name of the methods.
        method: &'static str,
        /// The number of their parameters.
        parameters: usize,
        /// The first hardfork under which both exist.
        hardfork: Hardfork,
    },
}

impl Default for Natives {
    fn default() -> Self {
        Self(NATIVES.into_iter().map(Native::new).collect())
    }
}

impl Natives {
    pub(crate) fn as_slice(&self) -> &[Native] {
        &self.0
    }

    /// Adds a contract behind all others.
    pub(crate) fn add(&mut self, contract: &NativeContract) -> Result<(), NativeError> {
        if contract.id >= 0 {
            return Err(NativeError::Id(contract.id));
        }
        for Native { contract: other, .. } in &self.0 {
            if other.hash == contract.hash {
                return Err(NativeError::SameHash(other.hash, other.name));
            }
            if other.id == contract.id {
                return Err(NativeError::SameId(other.id, other.name));
            }
        }
        let native = Native::new(contract);
        native.check_methods()?;
        self.0.push(native);
        Ok(())
    }

    /// Adds a method to a contract, in place of those with its name and number of parameters.
    pub(crate) fn add_method(&mut self, contract: Hash160, method: Method) -> Result<(), NativeError> {
        let native = self.find_mut(contract)?;
        native.methods.retain(|other| order(other) != order(&method));
        native.methods.push(method);
        native.methods.sort_by_key(order);
        Ok(())
    }

    /// Replaces what runs the methods of a contract with a name and a number of parameters.
    pub(crate) fn replace_handler(
        &mut self,
        contract: Hash160,
        method: &str,
        parameters: usize,
        handler: MethodHandler,
    ) -> Result<(), NativeError> {
        let native = self.find_mut(contract)?;
        let mut rows = native.methods.iter_mut().filter(|row| order(row) == (method, parameters)).peekable();
        if rows.peek().is_none() {
            return Err(NativeError::NoMethod { contract: native.contract.name, method: method.into(), parameters });
        }
        rows.for_each(|row| row.handler = handler);
        Ok(())
    }

    fn find_mut(&mut self, hash: Hash160) -> Result<&mut Native, NativeError> {
        let native = self.0.iter_mut().find(|native| native.contract.hash == hash);
        native.ok_or(NativeError::NoContract(hash))
    }
}

/// Methods are sorted by this.
///
/// Source: `NativeContract.cs` (constructor).
fn order(method: &Method) -> (&'static str, usize) {
    (method.name, method.parameters.len())
}

impl Native {
    fn new(contract: &NativeContract) -> Self {
        let mut methods = contract.methods.to_vec();
        methods.sort_by_key(order);
        Self { contract: *contract, methods }
    }

    fn check_methods(&self) -> Result<(), NativeError> {
        for rows in self.methods.chunk_by(|a, b| order(a) == order(b)) {
            let is_twice = |hardfork: &Hardfork| rows.iter().filter(|row| row.is_active(*hardfork)).count() > 1;
            if let Some(hardfork) = Hardfork::ALL.into_iter().find(is_twice) {
                let (method, parameters) = order(&rows[0]);
                return Err(NativeError::SameMethod { contract: self.contract.name, method, parameters, hardfork });
            }
        }
        Ok(())
    }

    /// The hardforks with which the state of the contract changes, in order.
    ///
    /// Source: `NativeContract.cs` (`_usedHardforks`).
    pub(crate) fn hardforks(&self) -> Vec<Hardfork> {
        let methods = self.methods.iter().map(|row| (row.since, row.until));
        let events = self.contract.events.iter().map(|row| (row.since, row.until));
        let rows: Vec<_> = methods.chain(events).collect();
        let uses = |hardfork: &Hardfork| {
            rows.iter().any(|(since, until)| since == hardfork || *until == Some(*hardfork))
                || self.contract.active_in == *hardfork
                || self.contract.activations.contains(hardfork)
        };
        Hardfork::ALL.into_iter().filter(uses).collect()
    }
}
