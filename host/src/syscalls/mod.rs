//! The system calls: one table.
//!
//! Sources: `ApplicationEngine.*.cs` (`Register`), `InteropDescriptor.cs` of the
//! reference node.

mod contract;
mod crypto;
mod iterator;
mod runtime;
mod storage;

use neovm_interp::Caller;
use neovm_types::{
    ByteString, CallFlags, FaultKind, Hardfork, Hash160, Integer, Interop, Script, StackItem,
    manifest::{ParameterType, PublicKey},
    syscalls::SYSCALLS as NAMES,
};

pub use self::crypto::CHECK_SIG_PRICE;
use self::storage::Context;
use crate::{
    executor::{Executor, FindOptions, IteratorHandle},
    parameter::{ArrayItem, ByteItem, List, Name, Parameter, Point, Return},
};

/// A system call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Syscall {
    /// The name.
    pub name: &'static str,
    /// A sentence that says what the call does.
    pub doc: &'static str,
    /// The names and types of its arguments, the one on top of the stack first.
    pub parameters: &'static [(&'static str, ParameterType)],
    /// The type of the result; `Void` if the call returns nothing.
    pub returns: ParameterType,
    /// The fixed price in units. A handler may charge more.
    pub price: u64,
    /// The call flags that the calling script must have.
    pub flags: CallFlags,
    /// The hardfork from which the call exists.
    pub since: Hardfork,
    /// The function that runs the call.
    pub handler: SyscallHandler,
}

/// Runs a system call: pops its arguments and pushes what it returns.
pub type SyscallHandler = fn(&mut Executor<'_>, &mut Caller<'_>) -> Result<(), FaultKind>;

impl Syscall {
    /// Creates a system call that has no price, needs no call flags and exists from
    /// the genesis block on.
    pub const fn new(name: &'static str, handler: SyscallHandler) -> Self {
        Self {
            name,
            doc: "",
            parameters: &[],
            returns: ParameterType::Void,
            price: 0,
            flags: CallFlags::NONE,
            since: Hardfork::Genesis,
            handler,
        }
    }

    /// Sets the price in units.
    #[must_use]
    pub const fn with_price(self, units: u64) -> Self {
        Self { price: units, ..self }
    }

    /// Sets the call flags that the calling script must have.
    #[must_use]
    pub const fn with_flags(self, flags: CallFlags) -> Self {
        Self { flags, ..self }
    }

    /// Returns the identifier, which is the operand of SYSCALL: the first four bytes
    /// of the SHA-256 of the name.
    pub fn id(&self) -> u32 {
        neovm_types::hash::syscall_id(self.name)
    }
}

/// Rows of the table: a name in quotes, parameters with the types that they are
/// converted to, what is returned, the fields that differ from [`Syscall::new`],
/// and what runs.
macro_rules! syscalls {
    (($executor:ident, $caller:ident) $(
        $(#[doc = $doc:literal])*
        $name:literal ( $($parameter:ident : $type:ty),* ) $(-> $returns:ty)? { $($field:ident : $value:expr),* $(,)? }
            => $body:expr;
    )*) => {
        /// All system calls of the networks, sorted by name.
        pub const SYSCALLS: &[Syscall] = &[$(
            Syscall {
                doc: concat!($($doc, "\n"),*),
                parameters: &[$((stringify!($parameter), <$type as Parameter>::TYPE)),*],
                returns: syscalls!(@type $($returns)?),
                $($field: $value,)*
                ..Syscall::new($name, |$executor, $caller| {
                    let _ = &$executor;
                    $(
                        #[allow(non_snake_case, reason = "the reference's names")]
                        let $parameter = <$type as Parameter>::pop($caller)?;
                    )*
                    let result $(: $returns)? = $body?;
                    push($caller, result);
                    Ok(())
                })
            },
        )*];
    };
    (@type) => { ParameterType::Void };
    (@type $returns:ty) => { <$returns as Return>::TYPE };
}

pub(crate) fn is_storage_context(object: &Interop) -> bool {
    object.downcast_ref::<Context>().is_some()
}

fn push(caller: &mut Caller<'_>, result: impl Return) {
    if let Some(item) = result.into_item() {
        caller.push(item);
    }
}

syscalls! {
    (executor, caller)

    /// Calls a method of a contract. It leaves one item: what the method returns, or Null.
    "System.Contract.Call"(contractHash: Hash160, method: Name, callFlags: CallFlags, args: ArrayItem)
        { price: 1 << 15, flags: CallFlags::READ_ONLY }
        => contract::call(executor, caller, contractHash, method.as_str(), callFlags, args);
    /// Runs a method of a native contract. Only the scripts of native contracts contain it.
    "System.Contract.CallNative"(version: u8) {} => contract::call_native(executor, caller, version);
    /// Returns the account of several keys, of which a number must sign.
    "System.Contract.CreateMultisigAccount"(m: i32, pubKeys: List<Point>) -> Hash160 {}
        => contract::create_multisig_account(executor, caller, m, pubKeys);
    /// Returns the account of a key.
    "System.Contract.CreateStandardAccount"(pubKey: PublicKey) -> Hash160 {}
        => contract::create_standard_account(executor, caller, pubKey);
    /// Returns what the current script may do.
    "System.Contract.GetCallFlags"() -> CallFlags { price: 1 << 10 } => executor.call_flags();
    /// Lets each native contract do its work before the transactions of a block.
    "System.Contract.NativeOnPersist"() { flags: CallFlags::STATES } => contract::native_on_persist(executor, caller);
    /// Lets each native contract do its work after the transactions of a block.
    "System.Contract.NativePostPersist"() { flags: CallFlags::STATES }
        => contract::native_post_persist(executor, caller);
    /// Returns whether signatures of the script's container are by some of the keys, in their order.
    "System.Crypto.CheckMultisig"(pubkeys: List<Vec<u8>>, signatures: List<Vec<u8>>) -> bool {}
        => crypto::check_multisig(executor, caller, &pubkeys.0, &signatures.0);
    /// Returns whether a signature of the script's container is by a key.
    "System.Crypto.CheckSig"(pubkey: ByteItem, signature: Vec<u8>) -> bool { price: CHECK_SIG_PRICE }
        => pubkey.look(|key| crypto::check_sig(executor, key, &signature));
    /// Advances an iterator and returns whether there is an entry.
    "System.Iterator.Next"(iterator: IteratorHandle) -> bool { price: 1 << 15 } => iterator::next(executor, iterator);
    /// Returns the current entry of an iterator.
    "System.Iterator.Value"(iterator: IteratorHandle) -> StackItem { price: 1 << 4 }
        => iterator::value(executor, iterator);
    /// Consumes gas, in datoshi.
    "System.Runtime.BurnGas"(datoshi: i64) { price: 1 << 4 } => runtime::burn_gas(caller, datoshi);
    /// Returns whether an account, given by its hash or its key, has signed.
    "System.Runtime.CheckWitness"(hashOrPubkey: ByteItem) -> bool { price: 1 << 10 }
        => hashOrPubkey.look(|account| runtime::check_witness(executor, account));
    /// Returns the signers of the transaction, or Null.
    "System.Runtime.CurrentSigners"() -> Option<ArrayItem> { price: 1 << 4 }
        => Ok(executor.signers_item().map(ArrayItem));
    /// Returns the gas that is left, in datoshi.
    "System.Runtime.GasLeft"() -> i64 { price: 1 << 4 } => runtime::gas_left(caller);
    /// Returns the version byte of addresses.
    "System.Runtime.GetAddressVersion"() -> u8 { price: 1 << 3 } => Ok(executor.settings().address_version);
    /// Returns the hash of the script that called the current one, or Null.
    "System.Runtime.GetCallingScriptHash"() -> Option<Hash160> { price: 1 << 4 } => Ok(executor.calling_hash());
    /// Returns the hash of the script that was loaded first.
    "System.Runtime.GetEntryScriptHash"() -> Option<Hash160> { price: 1 << 4 } => Ok(executor.entry_hash());
    /// Returns the hash of the current script.
    "System.Runtime.GetExecutingScriptHash"() -> Hash160 { price: 1 << 4 } => executor.current_hash();
    /// Returns how often the current contract was called in this execution.
    "System.Runtime.GetInvocationCounter"() -> i32 { price: 1 << 4 } => runtime::invocation_counter(executor);
    /// Returns the magic number of the network.
    "System.Runtime.GetNetwork"() -> u32 { price: 1 << 3 } => Ok(executor.settings().network);
    /// Returns the notifications of a contract, or all of them.
    "System.Runtime.GetNotifications"(hash: Option<Hash160>) -> Vec<StackItem> { price: 1 << 12 }
        => executor.notification_items(caller, hash);
    /// Returns a random number of 128 bits.
    "System.Runtime.GetRandom"() -> Integer {} => runtime::get_random(executor, caller);
    /// Returns the transaction that holds the script.
    "System.Runtime.GetScriptContainer"() -> StackItem { price: 1 << 3 } => runtime::script_container(executor);
    /// Returns the time stamp of the block that is being persisted, in milliseconds since 1970.
    "System.Runtime.GetTime"() -> u64 { price: 1 << 3 } => runtime::get_time(executor);
    /// Returns why the script runs.
    "System.Runtime.GetTrigger"() -> u8 { price: 1 << 3 } => Ok(executor.trigger() as u8);
    /// Runs a script with arguments. It leaves one item: what the script returns, or Null.
    "System.Runtime.LoadScript"(script: Script, callFlags: CallFlags, args: ArrayItem)
        { price: 1 << 15, flags: CallFlags::ALLOW_CALL }
        => runtime::load_script(executor, caller, script, callFlags, args);
    /// Logs a message.
    "System.Runtime.Log"(state: Vec<u8>) { price: 1 << 15, flags: CallFlags::ALLOW_NOTIFY }
        => runtime::log(executor, state);
    /// Sends a notification.
    "System.Runtime.Notify"(eventName: ByteItem, state: ArrayItem) { price: 1 << 15, flags: CallFlags::ALLOW_NOTIFY }
        => eventName.look(|name| runtime::notify(executor, caller, name, state));
    /// Returns the name of the platform.
    "System.Runtime.Platform"() -> &'static str { price: 1 << 3 } => Ok("NEO");
    /// Returns a storage context that cannot be written through.
    "System.Storage.AsReadOnly"(context: Interop) -> Interop { price: 1 << 4, flags: CallFlags::READ_STATES }
        => storage::as_read_only(context);
    /// Deletes a key.
    "System.Storage.Delete"(context: Context, key: ByteItem) { price: 1 << 15, flags: CallFlags::WRITE_STATES }
        => key.look(|key| storage::delete(executor, context, key));
    /// Returns an iterator over the keys with a prefix.
    "System.Storage.Find"(context: Context, prefix: ByteItem, options: FindOptions) -> IteratorHandle
        { price: 1 << 15, flags: CallFlags::READ_STATES }
        => prefix.look(|prefix| storage::find(executor, context, prefix, options));
    /// Returns the value of a key, or Null.
    "System.Storage.Get"(context: Context, key: ByteItem) -> Option<ByteString>
        { price: 1 << 15, flags: CallFlags::READ_STATES }
        => key.look(|key| storage::get(executor, context, key));
    /// Returns the storage context of the current contract.
    "System.Storage.GetContext"() -> Context { price: 1 << 4, flags: CallFlags::READ_STATES }
        => storage::get_context(executor);
    /// Returns the storage context of the current contract, which cannot be written through.
    "System.Storage.GetReadOnlyContext"() -> Context { price: 1 << 4, flags: CallFlags::READ_STATES }
        => storage::get_read_only_context(executor);
    /// Deletes a key of the current contract.
    "System.Storage.Local.Delete"(key: ByteItem)
        { price: 1 << 15, flags: CallFlags::WRITE_STATES, since: Hardfork::Faun }
        => {
            let own = storage::get_context(executor)?;
            key.look(|key| storage::delete(executor, own, key))
        };
    /// Returns an iterator over the keys of the current contract with a prefix.
    "System.Storage.Local.Find"(prefix: ByteItem, options: FindOptions) -> IteratorHandle
        { price: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Faun }
        => {
            let own = storage::get_context(executor)?;
            prefix.look(|prefix| storage::find(executor, own, prefix, options))
        };
    /// Returns the value of a key of the current contract, or Null.
    "System.Storage.Local.Get"(key: ByteItem) -> Option<ByteString>
        { price: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Faun }
        => {
            let own = storage::get_context(executor)?;
            key.look(|key| storage::get(executor, own, key))
        };
    /// Sets the value of a key of the current contract.
    "System.Storage.Local.Put"(key: ByteItem, value: ByteItem)
        { price: 1 << 15, flags: CallFlags::WRITE_STATES, since: Hardfork::Faun }
        => {
            let own = storage::get_context(executor)?;
            key.look(|key| value.look(|value| storage::put(executor, caller, own, key, value)))
        };
    /// Sets the value of a key.
    "System.Storage.Put"(context: Context, key: ByteItem, value: ByteItem)
        { price: 1 << 15, flags: CallFlags::WRITE_STATES }
        => key.look(|key| value.look(|value| storage::put(executor, caller, context, key, value)));
}

/// Returns the system call with an identifier, if the networks have it.
pub fn find(id: u32) -> Option<&'static Syscall> {
    let index = usize::from(SLOTS[slot(id, MULTIPLIER)]);
    // Both tables are sorted by name, which a test checks.
    NAMES.get(index).filter(|(known, _)| *known == id).map(|_| &SYSCALLS[index])
}

/// A multiplier under which no two ids have the same slot.
const MULTIPLIER: u32 = {
    let mut multiplier = 1;
    while slots(multiplier).is_none() {
        multiplier += 2;
    }
    multiplier
};

/// The index of the system call of each slot.
static SLOTS: [u8; 256] = slots(MULTIPLIER).unwrap();

const fn slot(id: u32, multiplier: u32) -> usize {
    (id.wrapping_mul(multiplier) >> 24) as usize
}

/// The slots under a multiplier; none if two ids have the same one.
const fn slots(multiplier: u32) -> Option<[u8; 256]> {
    const FREE: u8 = u8::MAX;
    let mut slots = [FREE; 256];
    let mut index = 0;
    while index < NAMES.len() {
        let slot = slot(NAMES[index].0, multiplier);
        if slots[slot] != FREE {
            return None;
        }
        slots[slot] = index as u8;
        index += 1;
    }
    Some(slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_calls_are_found_by_their_ids() {
        assert_eq!(SYSCALLS.len(), NAMES.len());
        for (syscall, (id, name)) in SYSCALLS.iter().zip(NAMES) {
            assert_eq!((syscall.name, syscall.id()), (*name, *id));
            assert_eq!(find(*id).map(|found| found.name), Some(*name));
        }
        assert!(find(0).is_none());
    }
}
