//! The rows of the tables of native contracts.

use std::fmt;

use neovm_interp::Caller;
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, Manifest, manifest::ParameterType};

use super::task::Finished;
use crate::{executor::Executor, settings::HardforkHeights};

/// A native contract.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NativeContract {
    /// The name.
    pub name: &'static str,
    /// A sentence that says what the contract is for.
    pub doc: &'static str,
    /// The id, which is negative.
    pub id: i32,
    /// The hash.
    pub hash: Hash160,
    /// The hardfork from which the contract exists.
    pub active_in: Hardfork,
    /// The height from which the contract exists, if no hardfork brings it.
    pub height: u32,
    /// Hardforks at which it is initialized again or its manifest changes,
    /// beside those of its methods and events.
    pub activations: &'static [Hardfork],
    /// The methods of all hardforks, sorted by name and number of parameters.
    pub methods: &'static [Method],
    /// The events of all hardforks.
    pub events: &'static [Event],
    pub(crate) initialize: Initialize,
    pub(crate) on_persist: Persist,
    pub(crate) post_persist: Persist,
    pub(crate) compose: Compose,
}

/// Writes what a native contract starts with, when it is created (with the
/// hardfork that it came with) and at each hardfork that concerns it.
pub type Initialize = fn(&mut Executor<'_>, &mut Caller<'_>, Hardfork) -> Result<(), FaultKind>;

/// What a native contract does before or after the transactions of a block.
pub type Persist = fn(&mut Executor<'_>, &mut Caller<'_>) -> Result<(), FaultKind>;

/// Adds to the manifest of a native contract what is neither method nor event.
pub type Compose = fn(&mut Manifest, Hardfork);

impl NativeContract {
    /// A contract without methods and events that exists from the genesis block on.
    ///
    /// The hashes of the networks' contracts are
    /// [`contract_hash`](neovm_chain::contract::contract_hash) of the zero hash, a
    /// checksum of 0 and the name.
    pub const fn new(name: &'static str, id: i32, hash: Hash160) -> Self {
        Self {
            name,
            doc: "",
            id,
            hash,
            active_in: Hardfork::Genesis,
            height: 0,
            activations: &[],
            methods: &[],
            events: &[],
            initialize: |_, _, _| Ok(()),
            on_persist: |_, _| Ok(()),
            post_persist: |_, _| Ok(()),
            compose: |_, _| {},
        }
    }

    /// Lets a hardfork bring the contract.
    #[must_use]
    pub const fn with_hardfork(self, hardfork: Hardfork) -> Self {
        Self { active_in: hardfork, ..self }
    }

    /// Lets the block at a height bring the contract. A hardfork that brings it goes first.
    #[must_use]
    pub const fn with_height(self, height: u32) -> Self {
        Self { height, ..self }
    }

    /// Sets the methods, in any order.
    #[must_use]
    pub const fn with_methods(self, methods: &'static [Method]) -> Self {
        Self { methods, ..self }
    }

    /// Sets the events.
    #[must_use]
    pub const fn with_events(self, events: &'static [Event]) -> Self {
        Self { events, ..self }
    }

    /// Sets what writes the state that the contract starts with.
    #[must_use]
    pub const fn with_initialize(self, initialize: Initialize) -> Self {
        Self { initialize, ..self }
    }

    /// Sets what runs before the transactions of a block.
    #[must_use]
    pub const fn with_on_persist(self, on_persist: Persist) -> Self {
        Self { on_persist, ..self }
    }

    /// Sets what runs after the transactions of a block.
    #[must_use]
    pub const fn with_post_persist(self, post_persist: Persist) -> Self {
        Self { post_persist, ..self }
    }

    /// Sets what is added to the manifest, such as supported standards.
    #[must_use]
    pub const fn with_compose(self, compose: Compose) -> Self {
        Self { compose, ..self }
    }

    /// The first block in which the contract is active. If a hardfork without a
    /// height brings it, that is the genesis block, although the contract is never
    /// stored.
    ///
    /// Source: `NativeContract.cs` (`IsActive`).
    pub(crate) fn start(&self, heights: &HardforkHeights) -> u32 {
        match self.active_in {
            Hardfork::Genesis => self.height,
            hardfork => heights.height(hardfork).unwrap_or(0),
        }
    }
}

/// A method of a native contract.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Method {
    /// The name.
    pub name: &'static str,
    /// A sentence that says what the method does.
    pub doc: &'static str,
    /// The names and types of its parameters.
    pub parameters: &'static [(&'static str, ParameterType)],
    /// The type of the result; `Void` if the method returns nothing.
    pub returns: ParameterType,
    /// The fixed price in units. A method may charge more.
    pub cpu_fee: u64,
    /// The number of bytes of storage that the method is charged for.
    pub storage_fee: u32,
    /// The call flags that the method needs.
    pub flags: CallFlags,
    /// The hardfork from which the method exists.
    pub since: Hardfork,
    /// The hardfork from which the method no longer exists, if any.
    pub until: Option<Hardfork>,
    /// What runs it.
    pub handler: MethodHandler,
}

/// Runs a native method, which takes its arguments with
/// [`argument`](super::argument). They stay on the stack meanwhile.
pub type MethodHandler = fn(&mut Executor<'_>, &mut Caller<'_>) -> Result<Finished, FaultKind>;

impl Method {
    /// A method that takes and returns nothing, has no price, needs no call flags
    /// and exists under all hardforks.
    pub const fn new(name: &'static str, handler: MethodHandler) -> Self {
        Self {
            name,
            doc: "",
            parameters: &[],
            returns: ParameterType::Void,
            cpu_fee: 0,
            storage_fee: 0,
            flags: CallFlags::NONE,
            since: Hardfork::Genesis,
            until: None,
            handler,
        }
    }

    /// Sets the names and types of the parameters, which manifests show.
    #[must_use]
    pub const fn with_parameters(self, parameters: &'static [(&'static str, ParameterType)]) -> Self {
        Self { parameters, ..self }
    }

    /// Sets the type of the result.
    #[must_use]
    pub const fn with_returns(self, returns: ParameterType) -> Self {
        Self { returns, ..self }
    }

    /// Sets the price in units.
    #[must_use]
    pub const fn with_price(self, units: u64) -> Self {
        Self { cpu_fee: units, ..self }
    }

    /// Sets the number of bytes of storage that the method is charged for.
    #[must_use]
    pub const fn with_storage_fee(self, bytes: u32) -> Self {
        Self { storage_fee: bytes, ..self }
    }

    /// Sets the call flags that the method needs.
    #[must_use]
    pub const fn with_flags(self, flags: CallFlags) -> Self {
        Self { flags, ..self }
    }

    /// Sets the hardfork from which the method exists.
    #[must_use]
    pub const fn with_since(self, hardfork: Hardfork) -> Self {
        Self { since: hardfork, ..self }
    }

    /// Sets the hardfork from which the method no longer exists.
    #[must_use]
    pub const fn with_until(self, hardfork: Hardfork) -> Self {
        Self { until: Some(hardfork), ..self }
    }

    /// Returns whether the method exists under a hardfork.
    pub fn is_active(&self, hardfork: Hardfork) -> bool {
        hardfork >= self.since && self.until.is_none_or(|until| hardfork < until)
    }

    /// Returns whether the method only reads and calls, so that manifests mark it as
    /// safe.
    pub fn is_safe(&self) -> bool {
        CallFlags::READ_ONLY.contains(self.flags)
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method").field("name", &self.name).field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

/// An event of a native contract.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event {
    /// The name.
    pub name: &'static str,
    /// The names and types of its values.
    pub parameters: &'static [(&'static str, ParameterType)],
    /// The hardfork from which the event exists.
    pub since: Hardfork,
    /// The hardfork from which the event no longer exists, if any.
    pub until: Option<Hardfork>,
}

impl Event {
    /// An event that exists under all hardforks.
    pub const fn new(name: &'static str, parameters: &'static [(&'static str, ParameterType)]) -> Self {
        Self { name, parameters, since: Hardfork::Genesis, until: None }
    }

    /// Returns whether the event exists under a hardfork.
    pub fn is_active(&self, hardfork: Hardfork) -> bool {
        hardfork >= self.since && self.until.is_none_or(|until| hardfork < until)
    }
}

/// Rows of a native contract's table: the name, parameters with the types that
/// they are converted to, what is returned, the fields that differ from
/// [`Method::new`], and what runs.
macro_rules! methods {
    (($executor:ident, $caller:ident) $(
        $(#[doc = $doc:literal])*
        $name:ident ( $($parameter:ident : $type:ty),* ) $(-> $returns:ty)? { $($field:ident : $value:expr),* $(,)? }
            => $body:expr;
    )*) => {
        &[$(
            $crate::native::table::Method {
                doc: concat!($($doc, "\n"),*),
                parameters: &[$((stringify!($parameter), <$type as $crate::parameter::Parameter>::TYPE)),*],
                returns: methods!(@type $($returns)?),
                $($field: $value,)*
                ..$crate::native::table::Method::new(stringify!($name), |$executor, $caller| {
                    let _ = (&$executor, &$caller);
                    #[allow(unused_mut, unused_variables, reason = "methods without parameters")]
                    let mut index = 0;
                    $(
                        #[allow(non_snake_case, reason = "manifests have these names")]
                        let $parameter = $crate::native::task::next_argument::<$type>($caller, &mut index)?;
                    )*
                    let result $(: $returns)? = $body?;
                    Ok($crate::native::task::NativeReturn::finish(result))
                })
            },
        )*]
    };
    (@type) => { neovm_types::manifest::ParameterType::Void };
    (@type $returns:ty) => { <$returns as $crate::native::task::NativeReturn>::TYPE };
}
