//! The rows of the tables of native contracts.

use std::fmt;

use neovm_interp::Caller;
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, Manifest, StackItem, manifest::ParameterType};

use crate::{
    executor::{Executor, Then},
    parameter::{Parameter, Return},
};

/// A native contract.
#[derive(Debug)]
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
    /// Hardforks at which it is initialized again or its manifest changes,
    /// beside those of its methods and events.
    pub activations: &'static [Hardfork],
    /// The methods of all hardforks, sorted by name and number of parameters.
    pub methods: &'static [Method],
    /// The events of all hardforks.
    pub events: &'static [Event],
    /// Writes what the contract starts with, when it is created (with the hardfork that it came with) and at each
    /// hardfork that concerns it.
    pub(crate) initialize: fn(&mut Executor<'_>, &mut Caller<'_>, Hardfork) -> Result<(), FaultKind>,
    /// Runs before the transactions of a block.
    pub(crate) on_persist: Persist,
    /// Runs after the transactions of a block.
    pub(crate) post_persist: Persist,
    /// Adds to the manifest what is neither method nor event.
    pub(crate) compose: fn(&mut Manifest, Hardfork),
}

/// What a native contract does before or after the transactions of a block.
pub(crate) type Persist = fn(&mut Executor<'_>, &mut Caller<'_>) -> Result<(), FaultKind>;

impl NativeContract {
    /// A contract without methods, for the fields that differ.
    pub(crate) const fn new(name: &'static str, id: i32, hash: [u8; 20]) -> Self {
        Self {
            name,
            doc: "",
            id,
            hash: Hash160(hash),
            active_in: Hardfork::Genesis,
            activations: &[],
            methods: &[],
            events: &[],
            initialize: |_, _, _| Ok(()),
            on_persist: |_, _| Ok(()),
            post_persist: |_, _| Ok(()),
            compose: |_, _| {},
        }
    }

    /// Returns whether the contract's state changes with a hardfork.
    ///
    /// Source: `NativeContract.cs` (`_usedHardforks`).
    pub(crate) fn uses(&self, hardfork: Hardfork) -> bool {
        let of_methods = self.methods.iter().any(|row| row.since == hardfork || row.until == Some(hardfork));
        let of_events = self.events.iter().any(|row| row.since == hardfork || row.until == Some(hardfork));
        of_methods || of_events || self.active_in == hardfork || self.activations.contains(&hardfork)
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
    pub(crate) handler: MethodHandler,
}

/// Runs a native method. Its arguments stay on the stack meanwhile.
pub(crate) type MethodHandler = fn(&mut Executor<'_>, &mut Caller<'_>) -> Result<Finished, FaultKind>;

impl Method {
    pub(crate) const fn new(name: &'static str, handler: MethodHandler) -> Self {
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
    pub(crate) const fn new(name: &'static str, parameters: &'static [(&'static str, ParameterType)]) -> Self {
        Self { name, parameters, since: Hardfork::Genesis, until: None }
    }

    /// Returns whether the event exists under a hardfork.
    pub fn is_active(&self, hardfork: Hardfork) -> bool {
        hardfork >= self.since && self.until.is_none_or(|until| hardfork < until)
    }
}

/// How far a native method is.
pub(crate) enum Finished {
    /// It has ended with a result, or without one.
    Done(Option<StackItem>),
    /// It has called a contract, and goes on when that returns.
    Await(Then),
}

/// A result that may be there only after a contract that was called returns.
pub(crate) enum Task<T> {
    /// It is there.
    Done(T),
    /// The method has called a contract with
    /// [`Executor::call_from_native`] and goes on when that returns.
    Await(Continuation<T>),
}

/// What a native method does after a contract has returned.
pub(crate) type Continuation<T> = Box<dyn FnOnce(&mut Executor<'_>, &mut Caller<'_>) -> Result<Task<T>, FaultKind>>;

impl<T: Return + 'static> Task<T> {
    /// Goes on after a contract returns that was called just now.
    pub(crate) fn after(
        then: impl FnOnce(&mut Executor<'_>, &mut Caller<'_>) -> Result<Self, FaultKind> + 'static,
    ) -> Self {
        Self::Await(Box::new(then))
    }

    /// Goes on with the result, when it is there.
    pub(crate) fn then<U: 'static>(
        self,
        executor: &mut Executor<'_>,
        caller: &mut Caller<'_>,
        next: impl FnOnce(&mut Executor<'_>, &mut Caller<'_>, T) -> Result<Task<U>, FaultKind> + 'static,
    ) -> Result<Task<U>, FaultKind> {
        match self {
            Self::Done(value) => next(executor, caller, value),
            Self::Await(wait) => Ok(Task::Await(Box::new(move |executor, caller| {
                let task = wait(executor, caller)?;
                task.then(executor, caller, next)
            }))),
        }
    }
}

/// What the handler of a native method may return.
pub(crate) trait NativeReturn {
    /// The type that manifests show.
    const TYPE: ParameterType;

    fn finish(self) -> Finished;
}

impl<T: Return> NativeReturn for T {
    const TYPE: ParameterType = <T as Return>::TYPE;

    fn finish(self) -> Finished {
        Finished::Done(self.into_item())
    }
}

impl<T: Return + 'static> NativeReturn for Task<T> {
    const TYPE: ParameterType = <T as Return>::TYPE;

    fn finish(self) -> Finished {
        match self {
            Self::Done(value) => Finished::Done(value.into_item()),
            Self::Await(then) => Finished::Await(Box::new(|executor, caller| Ok(then(executor, caller)?.finish()))),
        }
    }
}

/// Converts an argument of the current native method: the one at a depth of the stack.
pub(crate) fn argument<T: Parameter>(caller: &mut Caller<'_>, depth: &mut usize) -> Result<T, FaultKind> {
    let item = caller.peek(*depth)?.clone();
    *depth += 1;
    T::from_item(item, caller)
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
                    let mut depth = 0;
                    $(
                        #[allow(non_snake_case, reason = "manifests have these names")]
                        let $parameter = $crate::native::table::argument::<$type>($caller, &mut depth)?;
                    )*
                    let result $(: $returns)? = $body?;
                    Ok($crate::native::table::NativeReturn::finish(result))
                })
            },
        )*]
    };
    (@type) => { neovm_types::manifest::ParameterType::Void };
    (@type $returns:ty) => { <$returns as $crate::native::table::NativeReturn>::TYPE };
}
